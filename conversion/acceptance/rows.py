"""The rows of a configuration: loaded map-style and streamed and compared, and some of them converted and verified."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..dataset.builder import ImageNetS
from ..dataset.source import Source
from ..dataset.split_plan import plan_split
from ..shards import Options, convert, verify
from .line import Line, line

_ENDS = 4
"""Rows that are compared from each end of a split."""
_CONVERTED = 100


def loaded_lines(source: Source, split: str, options: dict[str, Any]) -> Iterator[Line]:
    """Compare the first and last rows of a split, loaded with these options map-style and streamed."""
    image_ids = plan_split(source, split, options["verify"]).rows["image_id"].to_pylist()
    if not image_ids:
        return
    ends = list(dict.fromkeys([*image_ids[:_ENDS], *image_ids[-_ENDS:]]))
    builder = ImageNetS(source.config, splits=(split,), image_ids=ends, on_missing="skip", **options)
    with tempfile.TemporaryDirectory(prefix="imagenet-s-acceptance-") as out:
        builder.download_and_prepare(os.path.join(out, "rows"))
        difference = _first_difference(builder.as_dataset(split), builder.as_streaming_dataset(split))
    yield line(f"{split}: first and last {_ENDS} rows, map-style and streamed", "equal", difference or "equal")


def converted_lines(source: Source, split: str, options: dict[str, Any]) -> Iterator[Line]:
    """Convert and verify some images of a split."""
    image_ids = plan_split(source, split, options["verify"]).rows["image_id"].to_pylist()[:_CONVERTED]
    if not image_ids:
        return
    with tempfile.TemporaryDirectory(prefix="imagenet-s-acceptance-") as out:
        chosen = Options([split], on_missing="skip", verify=options["verify"], image_ids=image_ids)
        index = convert(options["data_dir"], out, source.config, options["annotations_dir"], chosen)
        verify(out)
    rows = index.configs[source.config].splits[split].rows
    seen = "verified" if rows == len(image_ids) else f"{rows:,} rows of {len(image_ids):,} images"
    yield line(f"{split}: conversion of {len(image_ids):,} images", "verified", seen)


def _first_difference(built: Iterable[dict[str, Any]], streamed: Iterable[dict[str, Any]]) -> str:
    """The first row and column that differ; "" if all are equal."""
    for row, streamed_row in zip(built, streamed, strict=True):
        for name, value in row.items():
            if not np.array_equal(np.asarray(value), np.asarray(streamed_row[name])):
                return f"{row['image_id']}: {name} differs"
    return ""
