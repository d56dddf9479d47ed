"""How large the images of a split are, as stored: from their own headers, or from the masks that fit them."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from tqdm import tqdm

from imagenet_s.conversion.annotations import open_annotations
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import ANNOTATED_SPLITS
from imagenet_s.conversion.image_header import HEADER_BYTES, read_header
from imagenet_s.conversion.imagenet.base import ImageReader
from imagenet_s.conversion.imagenet.index_cache import cache_folder
from imagenet_s.conversion.source import open_source, resolve_annotations_dir, resolve_data_dir
from imagenet_s.conversion.split_plan import plan_split

_THREADS = 8
_AT_ONCE = 1000


def image_sizes(
    config: str,
    split: str,
    data_dir: str | os.PathLike[str] | None = None,
    annotations_dir: str | os.PathLike[str] | None = None,
    verify: bool = True,
) -> dict[str, tuple[int, int]]:
    """The sizes of the images of a split.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"`, `"validation"` or `"test"`.
        data_dir: an ImageNet whose headers tell; without one, masks tell where there are any.
        annotations_dir: as for the data set.
        verify: as for the data set.

    Returns:
        image_id -> (width, height) of the pixels as stored. Images that ImageNet lacks are left out; without an
        ImageNet, `test` is empty: its masks are on the server.

    Raises:
        ImageNetSError: a file that is no image, or what the data set would say.
    """
    annotations_dir = resolve_annotations_dir(annotations_dir)
    if data_dir is None:
        if split not in ANNOTATED_SPLITS:
            return {}
        annotations = open_annotations(config, annotations_dir, cache_dir=cache_folder(), verify=verify)
        return {member.image_id: _png_size(png) for member, png in annotations.official_masks(split)}
    source = open_source(config, resolve_data_dir(data_dir), annotations_dir, verify)
    plan = plan_split(source, split, verify, masks=False)
    found = _sizes_of(plan.part, plan.rows)
    return dict(tqdm(found, total=plan.rows.num_rows, desc="reading the sizes of the images", unit="image", delay=1))


def _sizes_of(part: ImageReader, rows: pa.Table) -> Iterator[tuple[str, tuple[int, int]]]:
    ids = iter(rows["image_id"].to_pylist())
    with ThreadPoolExecutor(_THREADS) as threads:
        for images in part.read(rows, _AT_ONCE):
            data, paths = images.field("bytes").to_pylist(), images.field("path").to_pylist()
            for size in threads.map(_size, data, paths):
                yield next(ids), size


def _size(data: bytes | None, path: str) -> tuple[int, int]:
    try:
        if data is None:
            with open(path, "rb") as file:
                data = file.read(HEADER_BYTES)
                header = read_header(data) or read_header(data + file.read())
        else:
            header = read_header(data)
    except OSError as error:
        raise ImageNetSError(f"{path} can't be read ({error.strerror or error}).") from error
    except ImageNetSError as error:
        raise ImageNetSError(f"{path}: {error}; fetch it again.") from error
    if header is None:
        raise ImageNetSError(f"{path}: damaged (it ends before the picture begins); fetch it again.")
    return header.size


def _png_size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height
