"""Files that are complete or do not exist, and what a killed process leaves behind: temporary files nobody writes.

A temporary file lies beside its target and is locked while it is written. The lock ends with its process, so the next
process that writes the same target can tell an abandoned file from one of a process that runs, on this machine or
another. Where there are no locks (on Windows, on some file systems), nothing is ever taken for abandoned.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .locks import is_open_at, try_lock

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The disk, the user's share of it, or the largest file that is allowed."""
_INCOMPLETE = ".incomplete"
_TEMPORARY = re.compile(rf"\.(.+)\.[0-9a-f]{{12}}{re.escape(_INCOMPLETE)}", re.DOTALL)
_WINDOWS = os.name == "nt"


@contextlib.contextmanager
def atomic_write(target: str | os.PathLike[str], sync: bool = True) -> Iterator[BinaryIO]:
    """Write a file atomically: it is complete, or it does not exist.

    Yields a file with a temporary name in the same folder (which is made). It is renamed when the block ends, and
    removed when the block raises. What writers of the target left when they were killed is removed first. A link is
    followed and stays. What is no regular file (a pipe, `/dev/null`), and what this process has open already
    (`/dev/stdout`, wherever it leads), is written to as it is.

    Args:
        target: the file, replaced if it exists.
        sync: flush it to the disk first, so that it is also complete after a power failure.

    Raises:
        OSError: the file can't be written, flushed or synced: the disk is full, say.
    """
    stream = _stream(os.fspath(target))
    if stream is not None:
        with named_if_full(target), _open(stream) as file:
            yield file
        return
    path = Path(os.path.realpath(target))
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    while True:
        temporary = path.with_name(temporary_name(path.name))
        try:
            with named_if_full(path), open(temporary, "xb") as file:
                try_lock(file.fileno(), wait=True)
                if not is_open_at(file.fileno(), temporary):
                    continue  # another process took it for abandoned in the moment before the lock
                yield file
                file.flush()
                if sync:
                    os.fsync(file.fileno())
                if not _WINDOWS:
                    os.replace(temporary, path)  # still locked: nobody takes it for abandoned
            if _WINDOWS:  # where no open file can be renamed
                os.replace(temporary, path)
            return
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
    return f".{name}.{uuid.uuid4().hex[:12]}{_INCOMPLETE}"


def is_temporary(name: str, target: str | None = None) -> bool:
    """Whether a file name is that of a temporary file (of this target)."""
    match = _TEMPORARY.fullmatch(name)
    return match is not None and target in (None, match[1])


def _stream(path: str) -> str | int | None:
    """What to open where nothing can be replaced: a path, or a descriptor of this process. None for a regular file."""
    folder, name = os.path.realpath(os.path.dirname(path)), os.path.basename(path)
    if folder in (f"/proc/{os.getpid()}/fd", "/dev/fd") and name.isdecimal():
        return int(name)
    if folder.startswith("/proc/"):
        return path
    if os.path.islink(path) and os.path.exists(path):
        return _stream(os.path.join(folder, os.readlink(path)))
    return path if folder == "/dev" or (os.path.exists(path) and not os.path.isfile(path)) else None


def _open(stream: str | int) -> BinaryIO:
    """Open it for writing. What is open already is continued, behind what was printed."""
    if isinstance(stream, str):
        return open(stream, "wb")  # of a folder, this is the error that says so
    for printed in (sys.stdout, sys.stderr):
        if printed is not None:
            printed.flush()
    return open(stream, "wb", closefd=False)


def _remove_abandoned(target: Path) -> None:
    """Remove the temporary files of a target whose writers were killed."""
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in list(entries):
            if is_temporary(entry.name, target.name) and entry.is_file(follow_symlinks=False):
                _remove_unless_locked(entry.path)


def _remove_unless_locked(path: str) -> None:
    with contextlib.suppress(OSError), open(path, "r+b") as file:
        # Another process may have removed it before this one got the lock, and the name be that of another file now.
        if try_lock(file.fileno()) and is_open_at(file.fileno(), path):
            os.unlink(path)
