"""Remembering what is inside big containers: a tar of 138 GB is walked through once, not once a run.

An index is kept as one Arrow file under our cache folder, under a name made of the identity (path, size, time of last
change) of every file it describes: a changed file is a new index. It is written aside and renamed, so that a killed
process leaves nothing wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
from datasets import config as datasets_config

_VERSION = "1"


def cache_folder() -> Path:
    """The folder for whatever this package keeps: `imagenet_s` inside the cache of `datasets`."""
    return Path(os.path.expanduser(str(datasets_config.HF_DATASETS_CACHE))) / "imagenet_s"


def cached_index(files: Sequence[str], kind: str, build: Callable[[], pa.Table]) -> pa.Table:
    """The index of some files, from the cache or built now and kept.

    Args:
        files: local paths, or addresses with a protocol, whose identity the caller puts into `kind`.
        kind: what sort of index; two sorts over the same files are two indexes.
        build: makes the index.
    """
    digest = hashlib.sha256(f"{_VERSION}\n{kind}\n".encode())
    for file in files:
        identity = "" if "://" in file else "{0.st_size} {0.st_mtime_ns}".format(os.stat(file))
        digest.update(f"{os.path.abspath(file) if identity else file}\n{identity}\n".encode())
    path = cache_folder() / "indexes" / f"{digest.hexdigest()[:32]}.arrow"
    with contextlib.suppress(OSError, pa.ArrowInvalid), pa.OSFile(str(path)) as source:
        return pa.ipc.open_file(source).read_all()
    table = build()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, suffix=".incomplete")
    os.close(handle)
    try:
        with pa.OSFile(aside, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        os.replace(aside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside)
    return table
