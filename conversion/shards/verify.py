"""Verifying a result: every shard is read again, byte by byte, and compared with the index."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from ..converted.columns import arrow_schema
from ..converted.dataset_index import INDEX, ConfigIndex, Format, Index, ShardInfo
from ..core.errors import ImageNetSError, cause, some
from .repository_files import read_index
from .storage import Storage, open_storage

_PIECE = 1 << 20


def verify(out: str | os.PathLike[str], threads: int = 2) -> Index:
    """Compare every shard with the index: its bytes, its sha256, its rows, its columns.

    Args:
        out: what `convert` wrote to.
        threads: shards read at a time.

    Returns:
        The index.

    Raises:
        ImageNetSError: there is no index, or shards are missing or damaged, or there are others; all are named.
    """
    storage = open_storage(out)
    with storage.readable_errors():
        return _verify(storage, threads)


def _verify(storage: Storage, threads: int) -> Index:
    index = read_index(storage)
    if index is None or not index.configs:
        raise ImageNetSError(
            f"{storage.url} has no {INDEX}: it is no result of `imagenet-s convert`, or an unfinished one."
        )
    shards = [(config, shard) for config, _, shard in index.shards()]
    problems = []
    with (
        ThreadPoolExecutor(threads) as pool,
        tqdm(total=sum(one.bytes for _, one in shards), unit="B", unit_scale=True, desc="verifying", delay=1) as bar,
    ):
        found = pool.map(lambda entry: _problem(storage, index.configs[entry[0]], *entry), shards)
        for (_, shard), problem in zip(shards, found):
            bar.update(shard.bytes)
            if problem:
                problems.append(f"{shard.file}: {problem}")
    known = {shard.file for _, shard in shards}
    for config, one in index.configs.items():
        for folder in (config, *(f"{config}/{split}" for split in one.splits)):
            for name in storage.names(folder):
                if name.endswith((".parquet", ".arrow")) and name not in known:
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
            rows, schema = _rows_and_schema(file, kind.form)
            columns = ", ".join(schema.names)
        except (pa.ArrowException, OSError, UnicodeError, MemoryError) as error:
            return f"unreadable ({cause(error)})"
    if rows != shard.rows:
        return f"{rows:,} rows, {shard.rows:,} expected"
    if not schema.equals(arrow_schema(config, kind.images)):
        return f"columns {columns}, another schema was expected"
    return None


def _rows_and_schema(file, form: Format) -> tuple[int, pa.Schema]:  # type: ignore[no-untyped-def]
    if form == "parquet":
        with pq.ParquetFile(file) as parquet:
            return parquet.metadata.num_rows, parquet.schema_arrow
    with pa.ipc.open_stream(file) as reader:
        return sum(batch.num_rows for batch in reader), reader.schema
