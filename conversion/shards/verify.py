"""Verifying a result: every shard is read again, byte by byte, and compared with the index."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from imagenet_s.conversion.dataset_index import INDEX, Format, Index, ShardInfo
from imagenet_s.conversion.errors import ImageNetSError, some
from imagenet_s.conversion.features import arrow_schema
from imagenet_s.conversion.shards.repository_files import read_index
from imagenet_s.conversion.shards.storage import Storage, open_storage

_PIECE = 1 << 20


def verify(out: str | os.PathLike[str], threads: int = 2) -> Index:
    """Compare every shard with the index: its bytes, its sha256, its rows, its columns.

    Args:
        out: what `convert` wrote to.
        threads: shards read at a time.

    Returns:
        The index, which is right.

    Raises:
        ImageNetSError: there is no index, or shards are missing, damaged, or there besides; all are named.
    """
    storage = open_storage(out)
    with storage.readable_errors():
        return _verify(storage, threads)


def _verify(storage: Storage, threads: int) -> Index:
    index = read_index(storage)
    if index is None:
        raise ImageNetSError(
            f"{storage.url} has no {INDEX}: it is no result of `imagenet-s convert`, or an unfinished one."
        )
    shards = list(index.shards())
    problems = []
    with (
        ThreadPoolExecutor(threads) as pool,
        tqdm(total=sum(one.bytes for _, _, one in shards), unit="B", unit_scale=True, desc="verifying", delay=1) as bar,
    ):

        def check(entry: tuple[str, str, ShardInfo]) -> str | None:
            config, _, shard = entry
            kind = index.configs[config]
            problem = _problem(storage, shard, kind.form, config, kind.images)
            bar.update(shard.bytes)
            return problem

        problems = [f"{entry[2].file}: {found}" for entry, found in zip(shards, pool.map(check, shards)) if found]
    known = {shard.file for _, _, shard in shards}
    for config, one in index.configs.items():
        for folder in (config, *(f"{config}/{split}" for split in one.splits)):
            for name in storage.names(folder):
                if name.endswith((".parquet", ".arrow")) and name not in known:
                    problems.append(f"{name}: not in the index")
    if problems:
        raise ImageNetSError(
            f"{storage.url} is not as {INDEX} says, {len(problems):,} files are wrong: {some(problems, 10)}. Remove "
            f"them and run the conversion again: it writes what is missing."
        )
    return index


def _problem(storage: Storage, shard: ShardInfo, form: Format, config: str, images: bool) -> str | None:
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
            rows, schema = _rows_and_schema(file, form)
        except (pa.ArrowException, OSError) as error:
            return f"unreadable ({error})"
    if rows != shard.rows:
        return f"{rows:,} rows, {shard.rows:,} expected"
    if not schema.equals(arrow_schema(config, images)):
        return f"columns {', '.join(schema.names)}, another schema was expected"
    return None


def _rows_and_schema(file, form: Format) -> tuple[int, pa.Schema]:  # type: ignore[no-untyped-def]
    if form == "parquet":
        parquet = pq.ParquetFile(file)
        return parquet.metadata.num_rows, parquet.schema_arrow
    with pa.ipc.open_stream(file) as reader:
        return sum(batch.num_rows for batch in reader), reader.schema
