"""One process at a time: the others wait, and say so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger("imagenet_s")


@contextmanager
def locked(target: Path, doing: str) -> Iterator[None]:
    """Hold the right to write `target`; its folder is made.

    The lock is a file `.<name>.lock` beside the target. It stays there (removing it would let two processes hold two
    locks of the same name), and the operating system lets go of it when its process ends, however it ends.

    Args:
        target: the file that is about to be written.
        doing: what another process that holds the lock does, for the log: `"is fetching x.zip"`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.warning("Another process %s; waiting for it.", doing)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
