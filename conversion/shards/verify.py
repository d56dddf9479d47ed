"""Verifying a result: every shard is read again, byte by byte, and compared with the index."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from ..converted.columns import arrow_schema
from ..converted.dataset_index import INDEX, ConfigIndex, Index, ShardInfo
from ..converted.open_shard import count_rows
from ..core.errors import ImageNetSError, some
from .repository_files import read_index
from .storage import Storage, open_storage

_PIECE = 1 << 20
_THREADS = 2


def verify(out: str | os.PathLike[str]) -> Index:
    """Compare every shard with the index: its bytes, its sha256, its rows, its columns.

    Args:
        out: what `convert` wrote to.

    Returns:
        The index.

    Raises:
        ImageNetSError: there is no index, or shards are missing or damaged, or there are others; all are named.
    """
    storage = open_storage(out)
    with storage.readable_errors():
        return _verify(storage)


def _verify(storage: Storage) -> Index:
    index = read_index(storage)
    if index is None or not index.configs:
        raise ImageNetSError(
            f"{storage.url} has no {INDEX}: it is no result of `imagenet-s convert`, or an unfinished one."
        )
    shards = [(config, shard) for config, _, shard in index.shards()]
    problems = []
    with (
        ThreadPoolExecutor(_THREADS) as pool,
        tqdm(
            total=sum(shard.bytes for _, shard in shards), unit="B", unit_scale=True, desc="verifying", delay=1
        ) as bar,
    ):
        results = pool.map(lambda entry: _problem(storage, index.configs[entry[0]], *entry), shards)
        for (_, shard), problem in zip(shards, results):
            bar.update(shard.bytes)
            if problem:
                problems.append(f"{shard.file}: {problem}")
    expected = {shard.file for _, shard in shards}
    for config, converted in index.configs.items():
        for folder in (config, *(f"{config}/{split}" for split in converted.splits)):
            for name in storage.names(folder):
                if name.endswith((".parquet", ".arrow")) and name not in expected:
                    problems.append(f"{name}: not in the index")
    if problems:
        raise ImageNetSError(
            f"{storage.url} is not as {INDEX} says, {len(problems):,} files are wrong: {some(problems, 10)}. Remove "
            f"them and run the conversion again: it writes the missing shards."
        )
    return index


def _problem(storage: Storage, kind: ConfigIndex, config: str, shard: ShardInfo) -> str | None:
    size = storage.size(shard.file)
    if size is None:
        return "missing"
    if size != shard.bytes:
        return f"{size:,} bytes, {shard.bytes:,} expected"
    digest = hashlib.sha256()
    with storage.open(shard.file) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
        if digest.hexdigest() != shard.sha256:
            return f"sha256 {digest.hexdigest()[:12]}..., {shard.sha256[:12]}... expected"
        file.seek(0)
        try:
            rows, schema, columns = count_rows(file, shard.file)
        except ImageNetSError as error:
            return f"unreadable ({error})"
    if rows != shard.rows:
        return f"{rows:,} rows, {shard.rows:,} expected"
    if not schema.equals(arrow_schema(config, kind.images)):
        return f"columns {', '.join(columns)}, another schema was expected"
    return None
