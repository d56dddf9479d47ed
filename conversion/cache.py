"""Files that this package writes: the cache folder, locks between processes, atomic writes, digests.

Imports `atomic_write`, `errors`.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from imagenet_s.conversion.atomic_write import atomic_write
from imagenet_s.conversion.errors import ImageNetSError

__all__ = ["atomic_write", "cache_dir", "file_digest", "locked", "stat_digest"]

logger = logging.getLogger("imagenet_s")


def cache_dir(kind: str, base: str | os.PathLike[str] | None = None) -> Path:
    """The cache folder for one kind of files; made if it does not exist.

    Args:
        kind: `"masks"`, `"indexes"`, `"downloads"`, ...
        base: the folder for all of them; the cache of `datasets` by default.
    """
    # Imported here: whoever only reads a class table or a mask does not wait for `datasets`.
    from datasets import config
    from huggingface_hub import cached_assets_path

    return cached_assets_path(
        "imagenet_s", kind, assets_dir=os.path.expanduser(os.fspath(base or config.HF_DATASETS_CACHE))
    )


@contextlib.contextmanager
def locked(lock_file: Path, doing: str, wait: bool = True) -> Iterator[None]:
    """Hold a lock between processes; the folder of its file is made.

    The file stays when the lock is released: removing it would let two processes hold two locks of one name. The
    operating system releases the lock when its process ends, however it ends.

    Args:
        lock_file: the same for all who may not work at the same time.
        doing: what another process that holds the lock does, for the log: `"prepares the masks"`.
        wait: for that process; otherwise it is an error.

    Raises:
        filelock.Timeout: another process holds the lock, and `wait` is False.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise
        logger.warning("Another process %s; waiting for it.", doing)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def stat_digest(names: Iterable[str], root: str = "") -> str:
    """A digest of the names, sizes and modification times of files.

    Args:
        names: paths relative to `root`; what they say is part of the digest.
        root: a folder that is not part of the digest.

    Raises:
        ImageNetSError: a file does not exist or can't be read.
    """
    digest = hashlib.sha256()
    for name in names:
        path = os.path.join(root, name)
        try:
            about = os.stat(path)
        except OSError as error:
            raise ImageNetSError(f"{path} can't be read ({error.strerror}); was it moved?") from error
        digest.update(f"{name} {about.st_size} {about.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def file_digest(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """The digest of a file, as hexadecimal digits."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
