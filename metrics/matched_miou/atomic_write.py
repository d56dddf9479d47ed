"""Files that are complete or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where a file that is open can't be removed: that serves as the lock
    fcntl = None  # type: ignore[assignment]

_SUFFIX = ".part"
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`, for writing; it replaces `path` when the block ends without an error.

    The folder is made if it does not exist. What writers of `path` left behind when they were killed is removed. A
    link is followed, and what is no regular file (`/dev/stdout`, a pipe) is written to directly.
    """
    if _is_special(path):
        with open(path, "wb") as special:  # of a folder, this is the error that says so
            yield special
        return
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{_escaped(target.name)}.{'[0-9a-f]' * 12}{_SUFFIX}"):
        _remove_if_abandoned(left)
    # Named before it exists: whatever interrupts this from here on, the file is removed.
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}{_SUFFIX}")
    if os.path.lexists(aside):  # planted by somebody who guessed the name: not ours to remove
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(aside))
    try:
        with _create(aside) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl:
                # Renamed while it is locked: until then no other writer of the file takes it for abandoned.
                os.replace(aside, target)
        if not fcntl:
            os.replace(aside, target)
    except OSError as error:
        if error.errno in _DISK_FULL and error.filename is None:  # the system does not say which file
            error.filename = os.fspath(path)
        raise
    finally:
        aside.unlink(missing_ok=True)


def _is_special(path: str | os.PathLike[str]) -> bool:
    """Whether a path is there and no regular file, or a way to what is open already (`/dev/stdout`)."""
    folder = os.path.realpath(os.path.dirname(path) or ".")
    if folder == "/dev" or folder.startswith("/proc/"):
        return True
    return os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode)


def _create(aside: Path) -> BinaryIO:
    """A new file, locked as long as it is open."""
    while True:
        file = open(aside, "xb")  # noqa: SIM115 - never one that is there, nor where a link leads
        _lock(file.fileno(), wait=True)
        if not fcntl or os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # taken for abandoned between these two lines


def _remove_if_abandoned(aside: Path) -> None:
    """Remove a temporary file, unless its writer is still running."""
    with contextlib.suppress(OSError):
        if not fcntl:
            aside.unlink()
            return
        number = os.open(aside, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if _lock(number, wait=False):
                aside.unlink()
        finally:
            os.close(number)


def _lock(number: int, wait: bool) -> bool:
    """Lock an open file; False if another process holds the lock, or if the file system knows none."""
    if not fcntl:
        return True
    try:
        fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _escaped(name: str) -> str:
    """A name as a pattern that matches nothing else."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
