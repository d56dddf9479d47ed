"""The index of a large container is kept: a tar of 138 GB is walked through once, not once a run.

An index is one Arrow file in our cache, under a name made of the path, size and time of last change of every file it
describes: a changed file has a new index.

Imports `cache`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence

import pyarrow as pa

from imagenet_s.conversion.cache import atomic_write, cache_dir

_VERSION = "1"


def cached_index(files: Sequence[str], kind: str, build: Callable[[], pa.Table]) -> pa.Table:
    """The index of some files: from the cache, or built now and kept.

    Args:
        files: local paths, or addresses with a protocol, whose identity the caller puts into `kind`.
        kind: what kind of index; two kinds over the same files are two indexes.
        build: makes the index.
    """
    digest = hashlib.sha256(f"{_VERSION}\n{kind}\n".encode())
    for file in files:
        identity = "" if "://" in file else "{0.st_size} {0.st_mtime_ns}".format(os.stat(file))
        digest.update(f"{os.path.abspath(file) if identity else file}\n{identity}\n".encode())
    path = cache_dir("indexes") / f"{digest.hexdigest()[:32]}.arrow"
    with contextlib.suppress(OSError, pa.ArrowInvalid), pa.OSFile(str(path)) as source:
        return pa.ipc.open_file(source).read_all()
    table = build()
    with atomic_write(path) as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return table
