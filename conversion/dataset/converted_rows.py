"""Rows of a converted data set as they lie in its shards, to look at: no builder, no cache, no annotations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from ..converted.dataset_index import ConfigIndex
from ..converted.open_shard import open_shard
from ..core.errors import ImageNetSError, cause
from ..images.exif import picture
from ..masks.codec import open_mask_image


def read_rows(root: str, config: ConfigIndex, split: str, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Some rows of a split of the data set at `root`; their numbers are sorted.

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
        with open_shard(os.path.join(root, shard.file)) as opened:
            if absent := set(_REQUIRED) - set(opened.columns):
                raise ImageNetSError(
                    f"{opened.path} has no column {min(absent)!r}: it is damaged, or of something else."
                )
            for batch in opened.batches():
                while number is not None and number < start + batch.num_rows:
                    yield _decoded(batch.slice(number - start, 1).to_pylist()[0], opened.path)
                    number = next(wanted, None)
                start += batch.num_rows


def read_columns(root: str, config: ConfigIndex, split: str, names: Sequence[str]) -> dict[str, list[Any]]:
    """Some columns of a split, whole; images and masks are not read for them.

    Raises:
        ImageNetSError: a shard can't be read.
    """
    columns_read: dict[str, list[Any]] = {name: [] for name in names}
    for shard in config.splits[split].shards:
        with open_shard(os.path.join(root, shard.file)) as opened:
            for batch in opened.batches(names):
                for name in names:
                    columns_read[name] += batch[name].to_pylist()
    return columns_read


_REQUIRED = ("image_id", "annotation", "category")


def _decoded(row: dict[str, Any], shard: str) -> dict[str, Any]:
    try:
        if row.get("image"):
            row["image"] = picture(row["image"]["bytes"])
        if row["annotation"]:
            row["annotation"] = open_mask_image(row["annotation"]["bytes"], f"the annotation of {row['image_id']}")
    except (ImageNetSError, TypeError, LookupError) as error:
        raise ImageNetSError(
            f"{shard}: the row of {row['image_id']} is damaged ({cause(error)}): `imagenet-s convert --verify` tells "
            "more; make or fetch it again."
        ) from error
    return row
