"""Files that are complete or do not exist, and what a killed process leaves behind: temporary files nobody writes.

A temporary file lies beside its target, has a name that nobody can guess, and is locked while it is written. The
operating system releases the lock when the process ends, however it ends; so the next process that writes the same
target can tell an abandoned file from one of a process that runs, on this machine or another. Where a file system (or
Windows) has no such locks, nothing is ever taken for abandoned.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

INCOMPLETE = ".incomplete"
"""How the names of temporary files end."""
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The disk, the user's share of it, or the largest file that is allowed."""
_TEMPORARY = re.compile(rf"\.(.+)\.[0-9a-f]{{12}}{re.escape(INCOMPLETE)}", re.DOTALL)


@contextlib.contextmanager
def atomic_write(target: str | os.PathLike[str], sync: bool = True, clean: bool = True) -> Iterator[IO[bytes]]:
    """Write a file atomically: it is complete, or it does not exist.

    Yields a file with a temporary name in the same folder (which is made). It is renamed when the block ends, and
    removed when the block raises. What is no regular file (`/dev/null`, a pipe) is written to as it is.

    Args:
        target: the file, replaced if it exists.
        sync: flush it to the disk first, so that it is also complete after a power failure.
        clean: remove the temporary files that killed processes left of this target.

    Raises:
        OSError: the file can't be written, flushed or synced: the disk is full, say.
    """
    path = Path(target)
    if path.exists() and not path.is_file() and not path.is_dir():
        with open(path, "wb") as stream:
            yield stream
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if clean:
        remove_abandoned(path.parent, path.name)
    # Named before it exists: whatever interrupts this from here on, the file is removed.
    temporary = path.with_name(temporary_name(path.name))
    if os.path.lexists(temporary):  # planted by somebody who guessed the name: not ours to remove
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(temporary))
    try:
        with named_if_full(path), _create(temporary) as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
            if fcntl is not None:
                os.replace(temporary, path)  # still locked: nobody takes it for abandoned
        if fcntl is None:
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def named_if_full(path: str | os.PathLike[str]) -> Iterator[None]:
    """Give an error that says that the disk is full the name of what was being written: the system says none."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL and error.filename is None:
            error.filename = os.fspath(path)
        raise


def temporary_name(name: str) -> str:
    """A new name for the temporary file of a target."""
    return f".{name}.{uuid.uuid4().hex[:12]}{INCOMPLETE}"


def is_temporary(name: str, target: str | None = None) -> bool:
    """Whether a file name is that of a temporary file (of this target)."""
    match = _TEMPORARY.fullmatch(name)
    return match is not None and target in (None, match[1])


def remove_abandoned(folder: str | os.PathLike[str], target: str | None = None) -> None:
    """Remove the temporary files of processes that were killed.

    Args:
        folder: where they are; need not exist.
        target: only those of the target of this name.
    """
    if fcntl is None:
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        found = [one.path for one in entries if is_temporary(one.name, target) and one.is_file(follow_symlinks=False)]
        for path in found:
            _remove_unless_locked(path)


def try_lock(descriptor: int, wait: bool = False) -> bool | None:
    """Lock an open file (or folder) for this process.

    Args:
        descriptor: of the file.
        wait: until it is free.

    Returns:
        Whether it is locked now; False where another process holds it, None where there are no such locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _create(temporary: Path) -> IO[bytes]:
    """A new, locked temporary file; never one that exists, so that no planted link is followed."""
    while True:
        file = open(temporary, "xb")  # noqa: SIM115
        try_lock(file.fileno(), wait=True)
        # Another process may have taken it for abandoned in the moment before the lock.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(temporary)):
                return file
        file.close()


def _remove_unless_locked(path: str) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            if try_lock(descriptor):
                os.unlink(path)
        finally:
            os.close(descriptor)
