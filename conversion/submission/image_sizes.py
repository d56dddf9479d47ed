"""The sizes that predictions of a split must have: those of the masks, or of the images if the masks are not public."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from tqdm import tqdm

from ..annotations import open_annotations
from ..core.errors import ImageNetSError
from ..dataset.plan_check import refuse_resized
from ..dataset.source import Source, open_source
from ..dataset.split_plan import plan_split
from ..facts import ANNOTATED_SPLITS, config_name
from ..facts.spellings import split_name
from ..imagenet.image_reader import ImageReader
from ..images.image_inspection import Size, inspect_bytes, inspect_file

_THREADS = 8
_BATCH = 1000


def image_sizes(
    config: str,
    split: str,
    data_dir: str | os.PathLike[str] | None = None,
    annotations_dir: str | os.PathLike[str] | None = None,
    verify: bool = True,
) -> dict[str, tuple[int, int]]:
    """The sizes that predictions of a split must have.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"`, `"validation"` or `"test"`.
        data_dir: ImageNet, whose images are measured for `test`.
        annotations_dir: as for the data set.
        verify: as for the data set.

    Returns:
        image_id -> (width, height): of the mask if it is public, else of the image as stored. Images that ImageNet
        lacks are left out; without ImageNet, `test` is empty, because its masks are on the server.

    Raises:
        ImageNetSError: a file that is no image, a resized copy of ImageNet, or an error of loading the data set.
    """
    config = config_name(config)
    split = split_name(split, config)
    if data_dir is None:
        return (
            open_annotations(config, annotations_dir, verify=verify).mask_sizes(split)
            if split in ANNOTATED_SPLITS
            else {}
        )
    source = open_source(config, data_dir, annotations_dir, verify)
    # The masks of test are on the server: those of validation tell whether the images were resized.
    annotated = split if split in ANNOTATED_SPLITS else "validation"
    mask_sizes = source.annotations_of(split).mask_sizes(split) if annotated == split else _at_hand(source, annotated)
    if mask_sizes and annotated in source.splits:
        refuse_resized(plan_split(source, annotated, verify, masks=False), mask_sizes)
    if annotated == split:  # the evaluator compares predictions with masks; an image may be rotated
        return mask_sizes
    plan = plan_split(source, split, verify, masks=False)
    measured = _sizes_of(plan.reader, plan.rows)
    return dict(tqdm(measured, total=plan.rows.num_rows, desc="reading the sizes of the images", unit="image", delay=1))


def _at_hand(source: Source, split: str) -> dict[str, Size]:
    """The sizes of masks for which nothing is fetched, and which nobody asked for: none is no error."""
    try:
        annotations = source.annotations_of(split)
        return annotations.mask_sizes(split) if annotations.has_masks() else {}
    except ImageNetSError:
        return {}


def _sizes_of(reader: ImageReader, rows: pa.Table) -> Iterator[tuple[str, tuple[int, int]]]:
    ids = iter(rows["image_id"].to_pylist())
    with ThreadPoolExecutor(_THREADS) as threads:
        for images in reader.read(rows, _BATCH):
            data, paths = images.field("bytes").to_pylist(), images.field("path").to_pylist()
            for size in threads.map(_size, data, paths):
                yield next(ids), size


def _size(data: bytes | None, path: str) -> tuple[int, int]:
    return (inspect_file(path) if data is None else inspect_bytes(data, path)).size
