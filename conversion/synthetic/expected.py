"""The rows that a reader of the synthetic data must return, computed from the formulas without the code under test."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..facts import ANNOTATED_SPLITS, categories, imagenet_wnids
from .catalog import images_of
from .image_files import image_bytes
from .scene import mask_ids


@dataclass(frozen=True)
class ExpectedRow:
    """One row: the columns of the data set, with arrays in place of images."""

    image_id: str
    category: int
    wnid: str
    pixels: NDArray[np.uint8]
    """H x W x 3, as `PIL.Image.open(...).convert("RGB")` gives them: not rotated by any orientation."""
    ids: NDArray[np.uint16] | None
    """H x W class ids, or None where the split has no annotations."""
    imagenet_label: int
    """ImageNet's own label, of the folder that the image has in ImageNet."""


def expected_rows(config: str, split: str) -> list[ExpectedRow]:
    """The rows of a split, sorted by image_id.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        split: `train`, `train_semi`, `validation`, `test`, or `train_full` in 919. In `train_full` an image of a
            merged folder has the target's category and wnid, as in `train`; one outside the 919 classes has
            category 0 and its own wnid.

    Raises:
        ImageNetSError: the configuration has no such split.

    Examples:
        >>> row = expected_rows("50", "validation")[0]
        >>> row.image_id, row.category, row.pixels.shape, np.unique(row.ids).tolist()
        ('ILSVRC2012_val_00000206', 4, (160, 107, 3), [0, 4, 1000])
    """
    return [
        ExpectedRow(
            image_id=image.image_id,
            category=categories(config).id_of(image.class_wnid),
            wnid=image.class_wnid or image.imagenet_wnid,
            pixels=rgb_pixels(image.image_id),
            ids=mask_ids(image, config) if split in ANNOTATED_SPLITS else None,
            imagenet_label=imagenet_wnids().index(image.imagenet_wnid),
        )
        for image in images_of(config, split)
    ]


def rgb_pixels(image_id: str) -> NDArray[np.uint8]:
    """H x W x 3 uint8: the pixels of an image's file, in RGB and as stored."""
    with Image.open(io.BytesIO(image_bytes(image_id))) as image:
        return np.asarray(image.convert("RGB"))
