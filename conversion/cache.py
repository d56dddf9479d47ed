"""One process at a time: the others wait, and say so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger("imagenet_s")


@contextmanager
def locked(lock_file: Path, doing: str) -> Iterator[None]:
    """Hold a lock; the folder of its file is made.

    The file stays when the lock is let go of: removing it would let two processes hold two locks of one name. The
    operating system lets go of the lock when its process ends, however it ends.

    Args:
        lock_file: the same for all who may not work at the same time.
        doing: what another process that holds the lock does, for the log: `"prepares the masks"`.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.warning("Another process %s; waiting for it.", doing)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
