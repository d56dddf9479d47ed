"""Rows of a converted data set as they lie in its shards, to look at: no builder, no cache, no annotations.

Imports `dataset_index`, `errors`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from imagenet_s.conversion.dataset_index import ConfigIndex, ShardInfo
from imagenet_s.conversion.errors import ImageNetSError


def read_rows(root: str, config: ConfigIndex, split: str, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Some rows of a split.

    Args:
        root: the folder of the data set.
        config: the index of a configuration.
        split: one of its splits.
        numbers: which rows, sorted.

    Yields:
        The columns, `annotation` decoded, and `image` where the data set has it.

    Raises:
        ImageNetSError: a shard can't be read.
    """
    start, wanted = 0, iter(numbers)
    number = next(wanted, None)
    for shard in config.splits[split].shards:
        if number is None:
            return
        if number >= start + shard.rows:
            start += shard.rows
            continue
        for batch in _batches(root, shard):
            while number is not None and number < start + batch.num_rows:
                yield _decoded(batch.slice(number - start, 1).to_pylist()[0])
                number = next(wanted, None)
            start += batch.num_rows


def read_columns(root: str, config: ConfigIndex, split: str, names: Sequence[str]) -> dict[str, list[Any]]:
    """Some columns of a split, whole; images and masks are not read for them.

    Args:
        root: the folder of the data set.
        config: the index of a configuration.
        split: one of its splits.
        names: of the columns.

    Raises:
        ImageNetSError: a shard can't be read.
    """
    found: dict[str, list[Any]] = {name: [] for name in names}
    for shard in config.splits[split].shards:
        for batch in _batches(root, shard, list(names)):
            for name in names:
                found[name] += batch[name].to_pylist()
    return found


def _batches(root: str, shard: ShardInfo, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    path = os.path.join(root, shard.file)
    try:
        if path.endswith(".parquet"):
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(100, columns=columns)
        else:
            with pa.memory_map(path) as source, pa.ipc.open_stream(source) as stream:
                yield from stream
    except (OSError, pa.ArrowException) as error:
        raise ImageNetSError(f"{path} can't be read ({error}); `imagenet-s convert --verify` tells more.") from error


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("image", "annotation"):
        if row.get(name):
            row[name] = Image.open(io.BytesIO(row[name]["bytes"]))
    return row
