"""Pairs of an image and its mask: whether they go together as stored, both turned upright, or not at all.

The official masks are believed to have the stored orientation of their images: the official evaluator compares them
with predictions that are not turned. Should one be upright beside an image whose metadata ask to turn it, image and
mask are both shown upright: the sizes say so. Where they can't (orientations 2 to 4, or a square), the pair counts as
stored.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image
from tqdm import tqdm

from ..core.cache import cached_file, keep_json, kept_json
from ..core.errors import ImageNetSError
from ..imagenet.image_reader import ImageReader
from ..images.exif import picture
from ..images.image_inspection import Inspected, Size, inspect_bytes, inspect_file, named_errors
from ..masks.codec import size_problem

_IMAGES_PER_BATCH = 100
_KEPT_FROM = 500
"""Images from which on what was found is kept: of fewer, looking again costs less than a file each."""
_VERSION = 2
"""Part of every key of what is kept: raise it when another answer may be given for the same pair."""


class PairFit(enum.Enum):
    """How a mask goes with its image."""

    STORED = "as stored"
    UPRIGHT = "both upright"
    OTHER = "not at all"


@dataclass(frozen=True)
class PairCheck:
    """What the headers of the images of a split say beside their masks.

    Attributes:
        upright: ids of the images whose mask is upright.
        unusable: image id -> what is wrong, where the sizes differ otherwise.
        orientations: image id -> 2 to 8, of the images whose metadata ask to turn them.
        untold: ids of those of them that have the same size either way: they count as stored.
        damaged: image id -> what is wrong, of images that can't be looked at; whoever reads them says so.
    """

    upright: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    orientations: dict[str, int] = field(default_factory=dict)
    untold: list[str] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)


def fit_of(image: Inspected, mask_size: Size) -> PairFit:
    """How a mask goes with its image, by their sizes.

    Raises:
        ImageNetSError: the image is damaged.
    """
    if mask_size == image.size:
        return PairFit.STORED
    return PairFit.UPRIGHT if mask_size == image.turned_size else PairFit.OTHER


def sizes_of(masks: pa.Table) -> list[Size]:
    """(width, height) of the rows of a mask table."""
    return list(zip(masks["width"].to_pylist(), masks["height"].to_pylist()))


def inspect_pair(
    view: memoryview | None, path: str, image_id: str, mask_size: Size | None
) -> tuple[Inspected, PairFit]:
    """Look at an image, and at how its mask goes with it.

    Args:
        view: the content of the image; None where it is the file at `path`.
        path: of the file.
        image_id: what to call it in an error.
        mask_size: (width, height) of its mask; None where the split has none, and the image counts as stored.

    Raises:
        ImageNetSError: a damaged image; the message names it.
    """
    image = inspect_file(path) if view is None else inspect_bytes(view, image_id)
    return image, PairFit.STORED if mask_size is None else fit_of(image, mask_size)


def other_size(image_id: str, mask_size: Size, image: Inspected) -> str:
    """What is wrong with a pair of `PairFit.OTHER`."""
    return f"the mask of {image_id} is {size_problem(mask_size, image.size)}"


def check_pairs(reader: ImageReader, rows: pa.Table, sizes: Sequence[Size], split: str) -> PairCheck:
    """Look at the headers of all images of a split. What was found is kept while neither images nor masks change.

    Args:
        reader: reads the images.
        rows: of a split plan: `image_id`, and what the reader needs.
        sizes: (width, height) of the mask of each row.
        split: for the progress bar.

    Returns:
        What is not simply as stored.
    """
    key = [_VERSION, reader.root, reader.measure(rows).identity, rows["image_id"].to_pylist(), sizes]
    digest = hashlib.sha256(json.dumps(key).encode(errors="surrogateescape")).hexdigest()[:32]
    kept_in = cached_file("headers", f"pairs-{digest}.json", reader.cache_dir)
    if rows.num_rows >= _KEPT_FROM and (known := _as_check(kept_json(kept_in))) is not None:
        return known
    check = PairCheck()
    start = 0
    bar = tqdm(total=rows.num_rows, unit="image", desc=f"looking at the sizes of {split} images", delay=1)
    with bar:
        for images in reader.read(rows, _IMAGES_PER_BATCH):
            end = start + len(images)
            _check_batch(images, rows["image_id"][start:end].to_pylist(), sizes[start:end], check)
            start = end
            bar.update(len(images))
    if rows.num_rows >= _KEPT_FROM:
        keep_json(kept_in, asdict(check))
    return check


def picture_beside(data: bytes, mask_size: Size, name: str) -> Image.Image:
    """An image in RGB as its mask has it: turned upright where that fits, else as it is stored.

    Args:
        data: a complete JPEG or PNG.
        mask_size: (width, height) of its mask.
        name: what to call the image in an error.

    Raises:
        ImageNetSError: the image can't be decoded, or has another size than its mask; the message names it.
    """
    image = inspect_bytes(data, name)
    if (fit := fit_of(image, mask_size)) is PairFit.OTHER:
        raise ImageNetSError(f"{other_size(name, mask_size, image)}.")
    with named_errors(name):
        return picture(data, turn=fit is PairFit.UPRIGHT)


def _check_batch(images: pa.StructArray, image_ids: list[str], sizes: Sequence[Size], check: PairCheck) -> None:
    for i, view, path in views(images, range(len(image_ids))):
        try:
            image, fit = inspect_pair(view, path, image_ids[i], sizes[i])
        except ImageNetSError as error:
            check.damaged[image_ids[i]] = str(error)
            continue
        if image.orientation != 1:
            check.orientations[image_ids[i]] = image.orientation
            if image.turned_size == image.size:
                check.untold.append(image_ids[i])
        if fit is PairFit.UPRIGHT:
            check.upright.append(image_ids[i])
        elif fit is PairFit.OTHER:
            check.unusable[image_ids[i]] = other_size(image_ids[i], sizes[i], image)


def _as_check(kept: Any) -> PairCheck | None:
    """What was kept; None where there is nothing, or it is damaged."""
    try:
        check = PairCheck(**kept)
        texts = [*check.upright, *check.unusable, *check.unusable.values(), *check.orientations, *check.untold]
        texts += [*check.damaged, *check.damaged.values()]
        right = all(isinstance(text, str) for text in texts) and set(check.orientations.values()) <= set(range(2, 9))
    except (TypeError, AttributeError):
        return None
    return check if right else None


def views(images: pa.StructArray, which: Iterable[int]) -> Iterator[tuple[int, memoryview | None, str]]:
    """Position, bytes without a copy (None for a null) and path of some images."""
    stored, paths = images.field("bytes"), images.field("path")
    _, offsets, data = stored.buffers()
    edges = np.frombuffer(offsets, np.int32)[stored.offset :]
    # Unsigned, since Arrow's bytes are signed, and a view of those equals no `bytes`.
    everything = memoryview(data if data is not None else b"").cast("B")
    valid = stored.is_valid().to_numpy(zero_copy_only=False)
    for i in which:
        yield i, everything[edges[i] : edges[i + 1]] if valid[i] else None, paths[i].as_py()
