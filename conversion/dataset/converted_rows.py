"""Rows of a converted data set as they lie in its shards, to look at: no builder, no cache, no annotations."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..converted.dataset_index import ConfigIndex
from ..core.errors import ImageNetSError, cause
from ..images.exif import picture
from ..masks.codec import open_mask_image


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
        with _named_errors(os.path.join(root, shard.file)) as path:
            for batch in _batches(path):
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
    columns_read: dict[str, list[Any]] = {name: [] for name in names}
    for shard in config.splits[split].shards:
        with _named_errors(os.path.join(root, shard.file)) as path:
            for batch in _batches(path, list(names)):
                for name in names:
                    columns_read[name] += batch[name].to_pylist()
    return columns_read


_REQUIRED = ("image_id", "annotation", "category")


def _batches(path: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    if path.endswith(".parquet"):
        with pq.ParquetFile(path) as file:
            batches = file.iter_batches(100, columns=columns)
            yield from (_checked(batch, columns or _REQUIRED) for batch in batches)
    else:
        with pa.memory_map(path) as source, pa.ipc.open_stream(source) as stream:
            yield from (_checked(batch, columns or _REQUIRED) for batch in stream)


def _checked(batch: pa.RecordBatch, required: Sequence[str]) -> pa.RecordBatch:
    """A batch whose offsets and texts are sound: Arrow trusts those of a file, and would read outside of it."""
    batch.validate(full=True)
    if absent := set(required) - set(batch.schema.names):
        raise KeyError(f"no column {min(absent)}")
    return batch


@contextlib.contextmanager
def _named_errors(path: str) -> Iterator[str]:
    try:
        yield path
    except (OSError, UnicodeError, LookupError, TypeError, ValueError, MemoryError, pa.ArrowException) as error:
        raise ImageNetSError(
            f"{path} can't be read ({cause(error)}); `imagenet-s convert --verify` tells more."
        ) from error


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    if row.get("image"):
        try:
            row["image"] = picture(row["image"]["bytes"])
        except ImageNetSError as error:
            raise ValueError(f"the image of {row['image_id']} is damaged") from error
    if row["annotation"]:
        row["annotation"] = open_mask_image(row["annotation"]["bytes"], f"the annotation of {row['image_id']}")
    return row
