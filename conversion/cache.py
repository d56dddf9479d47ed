"""Files that this package writes: the cache folder, locks between processes, atomic writes, digests.

Imports `errors`.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from imagenet_s.conversion.errors import ImageNetSError

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


@contextlib.contextmanager
def atomic_write(target: str | os.PathLike[str], sync: bool = True) -> Iterator[IO[bytes]]:
    """Write a file atomically: it is complete, or it does not exist.

    Yields a file with a temporary name in the same folder (which is made). It is renamed when the block ends, and
    removed when the block raises.

    Args:
        target: the file, replaced if it exists.
        sync: flush it to the disk first, so that it is also complete after a power failure.
    """
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.incomplete")
    try:
        with open(temporary, "xb") as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
