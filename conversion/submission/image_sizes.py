"""The sizes that predictions of a split must have: those of the masks, or of the images if the masks are not public."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from tqdm import tqdm

from ..annotations import open_annotations
from ..core.errors import ImageNetSError
from ..dataset.source import open_source
from ..dataset.split_plan import plan_split
from ..facts import ANNOTATED_SPLITS, config_name
from ..facts.spellings import split_name
from ..imagenet.image_reader import ImageReader
from ..images.image_header import header_of, read_file_header

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
        ImageNetSError: a file that is no image, or an error of loading the data set.
    """
    config = config_name(config)
    split = split_name(split, config)
    if data_dir is None and split not in ANNOTATED_SPLITS:
        return {}
    if split in ANNOTATED_SPLITS:  # the evaluator compares predictions with masks; an image may be rotated
        holder = (
            open_annotations(config, annotations_dir, verify=verify)
            if data_dir is None
            else open_source(config, data_dir, annotations_dir, verify)
        )
        return holder.mask_sizes(split)
    source = open_source(config, data_dir, annotations_dir, verify)
    plan = plan_split(source, split, verify, masks=False)
    sizes = _sizes_of(plan.reader, plan.rows)
    return dict(tqdm(sizes, total=plan.rows.num_rows, desc="reading the sizes of the images", unit="image", delay=1))


def _sizes_of(reader: ImageReader, rows: pa.Table) -> Iterator[tuple[str, tuple[int, int]]]:
    ids = iter(rows["image_id"].to_pylist())
    with ThreadPoolExecutor(_THREADS) as threads:
        for images in reader.read(rows, _BATCH):
            data, paths = images.field("bytes").to_pylist(), images.field("path").to_pylist()
            for size in threads.map(_size, data, paths):
                yield next(ids), size


def _size(data: bytes | None, path: str) -> tuple[int, int]:
    try:
        return (read_file_header(path)[0] if data is None else header_of(data)).size
    except OSError as error:
        raise ImageNetSError(f"{path} can't be read ({error.strerror or error}).") from error
    except ImageNetSError as error:
        raise ImageNetSError(f"{path}: {error}; fetch it again.") from error
