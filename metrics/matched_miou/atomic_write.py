"""Files that are complete or do not exist. A temporary file is locked while it is written, so that the next process
that writes the same file can remove what a killed one left. `conversion/atomic_write.py` is its twin.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: no locks, nothing is removed
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`, for writing; it replaces `path` when the block ends without an error.

    What is no regular file (`/dev/null`, a pipe) is written to as it is.

    Raises:
        OSError: the file can't be written, flushed or synced.
    """
    target = Path(path)
    if target.exists() and not target.is_file() and not target.is_dir():
        with open(target, "wb") as file:
            yield file
        return
    _remove_abandoned(target)
    file, temporary = _create(target)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is not None:
                os.replace(temporary, target)  # still locked: nobody takes it for abandoned
        if fcntl is None:
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _create(target: Path) -> tuple[BinaryIO, Path]:
    """A new, locked file; never one that exists, so that no planted link is followed."""
    while True:
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.incomplete")
        file = open(temporary, "xb")
        with contextlib.suppress(OSError, AttributeError):
            fcntl.flock(file, fcntl.LOCK_EX)
        # Another process may have taken it for abandoned in the moment before the lock.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(temporary)):
                return file, temporary
        file.close()


def _remove_abandoned(target: Path) -> None:
    """Remove the temporary files of this target that no process holds."""
    if fcntl is None:
        return
    ours = re.compile(re.escape(f".{target.name}.") + r"[0-9a-f]{12}\.incomplete")
    with contextlib.suppress(OSError):
        for name in filter(ours.fullmatch, os.listdir(target.parent)):
            with contextlib.suppress(OSError):
                descriptor = os.open(target.parent / name, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(target.parent / name)
                finally:
                    os.close(descriptor)
