"""The cache: where its files lie, what is kept there, and the digests that say whether it still holds."""

from __future__ import annotations

import atexit
import functools
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from .atomic_write import atomic_write
from .errors import ImageNetSError
from .paths import local_path

logger = logging.getLogger("imagenet_s")

Kind = Literal["masks", "indexes", "headers", "downloads", "checked"]
"""The folders of the cache."""


def cached_file(kind: Kind, name: str, base: str | os.PathLike[str] | None = None) -> Path:
    """Where a file of the cache is, or is to be written. Its folder is made.

    Where the cache can't be written, a file that it holds is still used; any other gets a place in a temporary folder,
    which this process removes at its end: that costs the time to make it again, not the result.

    Args:
        kind: the folder that holds it.
        name: of the file.
        base: the folder for everything that is kept; the cache of `datasets` by default.
    """
    # Imported here: whoever only reads a class table or a mask does not wait for `datasets`.
    from datasets import config

    root = os.path.abspath(local_path(base or config.HF_DATASETS_CACHE, "the cache"))
    path = Path(root, "imagenet_s", kind, name)
    if path.exists() or why_not_writable(path.parent) is None:
        return path
    path = Path(temporary_folder(root), kind, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def why_not_writable(folder: str | os.PathLike[str]) -> str | None:
    """What prevents writing into a folder, which is made; None where nothing does."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        return str(error.strerror or error)
    return None if os.access(folder, os.W_OK | os.X_OK) else "no permission to write there"


@functools.cache
def temporary_folder(root: str) -> str:
    """A folder in place of a cache that can't be written; one a process, which removes it at its end."""
    folder = tempfile.mkdtemp(prefix="imagenet_s-")
    atexit.register(_remove, folder, os.getpid())
    logger.warning(
        "The cache %s can't be written: what would be kept there is made again by every process. Name another with "
        "cache_dir or HF_DATASETS_CACHE.",
        root,
    )
    return folder


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # and not a process that was forked from it
        shutil.rmtree(folder, ignore_errors=True)


def stat_digest(names: Iterable[str], root: str = "", sizes: bool = True) -> str:
    """A digest of the names, sizes and modification times of files.

    Args:
        names: paths relative to `root`; what they say is part of the digest.
        root: a folder that is not part of the digest.
        sizes: False for folders, whose size says nothing.

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
        size = about.st_size if sizes else ""
        digest.update(f"{name} {size} {about.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def file_digest(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """The digest of a file, as hexadecimal digits."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def kept_json(path: Path) -> Any:
    """What `keep_json` wrote; None where there is nothing, or it is damaged. Whoever asks checks what it is."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def keep_json(path: Path, value: Any) -> None:
    """Keep something that can be found out again: where it can't be written, that is logged."""
    try:
        with atomic_write(path) as file:
            file.write(json.dumps(value).encode())
    except OSError as error:  # a full disk, say
        logger.warning("%s can't be written (%s): it will be made again.", path, error.strerror or error)
