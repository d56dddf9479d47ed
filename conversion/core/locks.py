"""Locks between processes: of an open file, of a file that stays, of a folder.

The operating system releases a lock when its process ends, however it ends. Some file systems have no locks; what then
holds is decided here and nowhere else.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ImageNetSError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from filelock import BaseFileLock

logger = logging.getLogger("imagenet_s")

NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What file systems without locks answer: Lustre as it is often mounted, NFS without its lock daemon, some FUSE."""
FOLDER_LOCK = ".incomplete.lock"
"""The file that is in a folder while `folder_locked` holds its lock."""


def try_lock(descriptor: int, wait: bool = False) -> bool | None:
    """Lock an open file for this process, until it is closed.

    Args:
        descriptor: of the file.
        wait: until it is free.

    Returns:
        Whether it is locked now; False where another process holds it, None where there are no such locks: on Windows,
        and on file systems without.
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


def is_open_at(descriptor: int, path: str | os.PathLike[str]) -> bool:
    """Whether an open file is the one at a path: another process may have removed or replaced it meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def locked(lock_file: Path, doing: str, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a file, which is made with its folder, and stays: `doing` is done by one process at a time.

    On a file system without locks, the existence of a second file is the lock.

    Args:
        lock_file: the same for all who may not work at the same time.
        doing: what the process that holds the lock does, for a message: `"prepares the masks"`.
        wait: for that process; otherwise it is an error.

    Raises:
        ImageNetSError: another process holds the lock, and `wait` is False.
    """
    # Imported here: whoever only writes a file does not wait for it.
    from filelock import FileLock, SoftFileLock

    lock_file.parent.mkdir(parents=True, exist_ok=True)
    # Whoever may write the folder may lock, too: a lock file is opened for writing.
    os.umask(umask := os.umask(0o077))
    lock: BaseFileLock = FileLock(lock_file, mode=0o666 & ~umask)
    try:
        _acquire(lock, doing, wait)
    except (NotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in NO_LOCKS:
            raise
        lock = SoftFileLock(lock_file.with_name(f"{lock_file.name}.soft"), mode=0o666 & ~umask)
        _acquire(lock, doing, wait)
        if not os.path.getsize(lock.lock_file):  # older releases of filelock don't say whose it is
            Path(lock.lock_file).write_text(f"{os.getpid()}\n{socket.gethostname()}\n")
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: BaseFileLock, doing: str, wait: bool) -> None:
    from filelock import Timeout

    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise ImageNetSError(
                f"another process {doing}; wait for it, or stop it. {_holder(lock.lock_file)}"
            ) from None
        logger.warning("Another process %s; waiting for it. %s", doing, _holder(lock.lock_file))
        lock.acquire()


def _holder(lock_file: str) -> str:
    """What a lock file tells of the process that holds it, and what to do if that process is gone.

    The system releases a lock of its own when its process ends. Where the file itself is the lock, a process that was
    killed on another machine leaves it; then the file holds the number of the process and the name of the machine.
    """
    try:
        words, age = Path(lock_file).read_text(errors="replace").split(), time.time() - os.stat(lock_file).st_mtime
    except OSError:  # released meanwhile
        words, age = [], 0.0
    holder = ""
    if len(words) > 1 and words[0].isdigit():
        holder = f" of process {words[0]} on {words[1]}, {_duration(age)} old"
    return f"The lock is {lock_file}{holder}; if no such process runs any more, remove that file."


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"


@contextlib.contextmanager
def folder_locked(folder: str | os.PathLike[str], doing: str) -> Iterator[bool]:
    """Hold the lock of a folder, wherever the others run: users, containers and machines on one disk wait.

    The file in it that is locked is gone afterwards.

    Args:
        folder: an existing one.
        doing: what the process that holds the lock does, for the log.

    Yields:
        Whether the lock is held. Where there are no locks, or the lock is of a user whose files this one can't open,
        several may work at the same time: each has to do so under names of its own.
    """
    path = os.path.join(folder, FOLDER_LOCK)
    while True:
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
        except OSError:
            yield False
            return
        held = try_lock(descriptor)
        if held is False:
            logger.warning("Another process %s; waiting for it. Its lock %s ends with it.", doing, path)
            held = try_lock(descriptor, wait=True)
        # Whoever held it before has removed its file: two processes must not hold two files of one name.
        if not held or is_open_at(descriptor, path):
            break
        os.close(descriptor)
    try:
        yield bool(held)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(descriptor)
