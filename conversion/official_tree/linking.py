"""Links and files in class folders: each complete or not at all, and never over something else unless asked to."""

from __future__ import annotations

import contextlib
import filecmp
import itertools
import os
import shutil
import stat
import threading
from collections import Counter
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from ..core.atomic_write import DISK_FULL
from ..core.errors import ImageNetSError


class Outcome(Enum):
    """What happened to a file."""

    NEW = "new"
    KEPT = "kept"
    """The same was there already."""
    REPLACED = "replaced"
    DIFFERS = "differs"
    """Something else was there, and was not touched."""


class Linker:
    """Links, copies and writes the files of one split, and counts the outcomes. Safe to use from several threads.

    Args:
        temporary: a folder on the same file system, where files are written before they are renamed.
        overwrite: replace what differs; otherwise it is not touched.

    Attributes:
        counts: how many files had which outcome; every file behind a link to its folder counts.
        differing: paths that hold something else and were not touched.
    """

    def __init__(self, temporary: str, overwrite: bool) -> None:
        self.temporary = temporary
        self.overwrite = overwrite
        self.counts: Counter[Outcome] = Counter()
        self.differing: set[str] = set()
        self._numbers = itertools.count()
        self._folders: dict[str, bool] = {}
        self._lock = threading.Lock()

    def link_folder(self, source: str, path: str, files: int) -> None:
        """A symbolic link to a folder of so many files."""
        self._count(self._link(source, path), path, files)

    def link(self, source: str, folder: str, name: str) -> None:
        """A symbolic link to a file. A copy of the file in its place is as good."""
        self._put(folder, name, lambda path: self._link(source, path))

    def copy(self, source: str, folder: str, name: str) -> None:
        """A copy with the times of the source, by which a second run recognises it."""

        def is_same(path: str) -> bool:
            return not os.path.islink(path) and _same_file(source, path)

        self._put(folder, name, lambda path: self._replace(path, is_same, lambda target: shutil.copy2(source, target)))

    def write(self, data: bytes, folder: str, name: str, mtime_ns: int | None = None) -> None:
        """A file of these bytes, with this modification time, by which a second run recognises it (`is_missing`)."""

        def make(temporary: str) -> None:
            Path(temporary).write_bytes(data)
            if mtime_ns is not None:
                os.utime(temporary, ns=(mtime_ns, mtime_ns))

        def is_same(path: str) -> bool:
            is_file = os.path.isfile(path) and not os.path.islink(path)
            return is_file and os.path.getsize(path) == len(data) and Path(path).read_bytes() == data

        self._put(folder, name, lambda path: self._replace(path, is_same, make))

    def is_missing(self, folder: str, name: str, mtime_ns: int, size: int | None) -> bool:
        """Whether a file with this modification time (and size) has yet to be written; counts it otherwise."""
        if not self._make_folder(folder):
            self._count(Outcome.DIFFERS, folder)
            return False
        try:
            status = os.lstat(f"{folder}/{name}")
        except OSError:
            return True
        if stat.S_ISREG(status.st_mode) and status.st_mtime_ns == mtime_ns and size in (None, status.st_size):
            self._count(Outcome.KEPT, name)
            return False
        return True

    def _put(self, folder: str, name: str, put: Callable[[str], Outcome]) -> None:
        if self._make_folder(folder):
            path = f"{folder}/{name}"
            self._count(put(path), path)
        else:
            self._count(Outcome.DIFFERS, folder)

    def _count(self, outcome: Outcome, path: str, files: int = 1) -> None:
        with self._lock:
            self.counts[outcome] += files
            if outcome is Outcome.DIFFERS:
                self.differing.add(path)

    def _make_folder(self, path: str) -> bool:
        """Make a class folder; False where something else has its name.

        A link to a folder is something else: files would be written to where it leads, the source perhaps.
        """
        with self._lock:
            if path not in self._folders:
                if self.overwrite and os.path.lexists(path) and not is_real_folder(path):
                    os.unlink(path)
                if not os.path.lexists(path):
                    os.makedirs(path, exist_ok=True)  # another process may be faster
                self._folders[path] = is_real_folder(path)
            return self._folders[path]

    def _link(self, source: str, path: str) -> Outcome:
        try:
            _symlink(source, path)
            return Outcome.NEW
        except FileExistsError:
            return self._replace(
                path,
                lambda existing: os.path.realpath(existing) == os.path.realpath(source) or _same_file(source, existing),
                lambda temporary: _symlink(source, temporary),
            )

    def _replace(self, path: str, is_same: Callable[[str], bool], make: Callable[[str], object]) -> Outcome:
        # Looked for first: what another process puts there after this is what belongs there, too.
        exists = os.path.lexists(path)
        if exists and is_same(path):
            return Outcome.KEPT
        if exists and (not self.overwrite or is_real_folder(path)):
            return Outcome.DIFFERS
        temporary = os.path.join(self.temporary, str(next(self._numbers)))
        try:
            make(temporary)
            os.replace(temporary, path)
        except OSError as error:
            if error.errno in DISK_FULL:  # of a copy the source was named, of bytes nothing
                error.filename, error.filename2 = path, None
            raise
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        return Outcome.REPLACED if exists else Outcome.NEW


def is_real_folder(path: str) -> bool:
    """Whether a path is a folder and not a link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def _symlink(target: str, path: str) -> None:
    try:
        os.symlink(target, path)
    except FileExistsError:
        raise
    except OSError as error:
        raise ImageNetSError(
            f"{path}: no link could be made ({error.strerror or error}); this file system or account may not allow it. "
            "--copy (copy=True) copies the images instead."
        ) from error


def _same_file(source: str, path: str) -> bool:
    """Same size and modification time, or same content (as rsync and `filecmp` decide)."""
    try:
        return filecmp.cmp(source, path, shallow=True)
    except OSError:
        return False
