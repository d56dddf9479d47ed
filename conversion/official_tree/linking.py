"""Links and files into class folders: each complete or not at all, and never over something else unless asked to.

Imports `errors`.
"""

from __future__ import annotations

import contextlib
import filecmp
import itertools
import os
import shutil
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from imagenet_s.conversion.errors import ImageNetSError


class Outcome(Enum):
    """What happened to a file."""

    NEW = "new"
    KEPT = "kept"
    """The same was there already."""
    REPLACED = "replaced"
    DIFFERS = "differs"
    """Something else was there, and was not touched."""


class Tally:
    """How many files of a split had which outcome, and which paths are in the way."""

    def __init__(self) -> None:
        self.counts: Counter[Outcome] = Counter()
        self.differing: dict[str, None] = {}
        """Paths that hold something else, in the order they were met."""

    def add(self, outcome: Outcome, path: str, files: int = 1) -> None:
        """Count the outcome of a path, which may be a link to a folder of several files."""
        self.counts[outcome] += files
        if outcome is Outcome.DIFFERS:
            self.differing[path] = None

    def merge(self, other: Tally) -> None:
        """Add the outcomes of another."""
        self.counts.update(other.counts)
        self.differing.update(other.differing)


class Linker:
    """Puts links and files into class folders. Safe to use from several threads.

    Args:
        temporary: a folder of our own on the same file system, where files are written before they are renamed.
        overwrite: replace what differs; otherwise it is not touched, and the outcome says so.
    """

    def __init__(self, temporary: str, overwrite: bool) -> None:
        self.temporary = temporary
        self.overwrite = overwrite
        self._numbers = itertools.count()
        self._folders: dict[str, bool] = {}
        self._making = threading.Lock()  # two threads must not replace the same link by a folder

    def folder(self, path: str) -> bool:
        """Make a class folder; False where something else has its place.

        A link to a folder is something else: writing through it would write into what it leads to, the source perhaps.
        """
        with self._making:
            if path not in self._folders:
                self._folders[path] = self._made(path)
            return self._folders[path]

    def _made(self, path: str) -> bool:
        if os.path.lexists(path) and not _is_folder(path):
            if not self.overwrite:
                return False
            os.unlink(path)
        os.makedirs(path, exist_ok=True)
        return True

    def link(self, target: str, path: str) -> Outcome:
        """A symbolic link to a file or folder. A copy of the file in its place is as good."""
        try:
            _symlink(target, path)
            return Outcome.NEW
        except FileExistsError:
            if os.path.realpath(path) == os.path.realpath(target) or _same_file(target, path):
                return Outcome.KEPT
        return self._replace(path, lambda temporary: _symlink(target, temporary))

    def copy(self, source: str, path: str) -> Outcome:
        """A copy with the times of the source, by which a second run knows it."""
        if os.path.lexists(path) and not os.path.islink(path) and _same_file(source, path):
            return Outcome.KEPT
        return self._replace(path, lambda temporary: shutil.copy2(source, temporary))

    def write(self, data: bytes, path: str, stamp: int | None = None) -> Outcome:
        """A file of these bytes.

        Args:
            data: the content.
            path: the file.
            stamp: its time of change in ns, by which a second run knows it (`is_stamped`).
        """
        if _is_file(path) and os.path.getsize(path) == len(data) and _content(path) == data:
            return Outcome.KEPT
        return self._replace(path, lambda temporary: _write(data, temporary, stamp))

    def _replace(self, path: str, make: Callable[[str], object]) -> Outcome:
        there = os.path.lexists(path)
        if there and (not self.overwrite or _is_folder(path)):
            return Outcome.DIFFERS
        temporary = os.path.join(self.temporary, str(next(self._numbers)))
        try:
            make(temporary)
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        return Outcome.REPLACED if there else Outcome.NEW


@contextmanager
def linker_for(tree: str, machine: str, overwrite: bool) -> Iterator[Linker]:
    """A linker for one tree; temporary files of a killed run are removed first, and none of this run stay.

    Args:
        tree: the folder `ImageNetS919`, made if need be.
        machine: told apart by name, so that two machines on one disk do not remove each other's files.
        overwrite: replace what differs.
    """
    temporary = os.path.join(tree, f".incomplete-{machine}")
    if os.path.isdir(temporary) and not os.path.islink(temporary):
        shutil.rmtree(temporary)
    os.makedirs(temporary)
    try:
        yield Linker(temporary, overwrite)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_stamped(path: str, stamp: int, size: int | None) -> bool:
    """Whether a file was written with this stamp (and size), so that it need not be read again."""
    try:
        about = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(about.st_mode) and about.st_mtime_ns == stamp and size in (None, about.st_size)


def _symlink(target: str, path: str) -> None:
    try:
        os.symlink(target, path)
    except FileExistsError:
        raise
    except OSError as error:
        if os.path.isdir(os.path.dirname(path)):
            raise ImageNetSError(
                f"{path}: no link could be made ({error.strerror or error}); this file system or account may not "
                "allow it. --copy (copy=True) copies the images instead."
            ) from error
        raise


def _same_file(source: str, path: str) -> bool:
    """Same size and time of change, or same content (as rsync and `filecmp` decide)."""
    try:
        return filecmp.cmp(source, path, shallow=True)
    except OSError:
        return False


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _is_file(path: str) -> bool:
    return os.path.isfile(path) and not os.path.islink(path)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _write(data: bytes, path: str, stamp: int | None) -> None:
    with open(path, "xb") as file:
        file.write(data)
    if stamp is not None:
        os.utime(path, ns=(stamp, stamp))
