"""The official file names of images: what a file or member must be called, and the image id in it.

Training images are `<wnid>_<number>`, validation images `ILSVRC2012_val_<8 digits>`. The Hub's copies append the
label's wnid (`ILSVRC2012_val_00000293_n01440764.JPEG`), WebDataset keys lack the ending.

Imports nothing of the project.
"""

from __future__ import annotations

import re
from typing import Literal

ImageNetPart = Literal["train", "validation"]

_TRAIN = re.compile(r"(n\d{8}_\d+)(?:_n\d{8})?(?:\.(?:jpe?g|png))?", re.IGNORECASE)
_VALIDATION = re.compile(r"(ILSVRC2012_val_\d{8})(?:_n\d{8})?(?:\.(?:jpe?g|png))?", re.IGNORECASE)
_PATTERNS: dict[ImageNetPart, re.Pattern[str]] = {"train": _TRAIN, "validation": _VALIDATION}

WNID = re.compile(r"n\d{8}")
IMAGE_ENDINGS = (".jpeg", ".jpg", ".png")


def image_id_of(name: str, part: ImageNetPart) -> str | None:
    """The image id in the basename of a file, member or key; None where it names no image of that part.

    Example:
        >>> image_id_of("n01440764_10026_n01440764.JPEG", "train")
        'n01440764_10026'
        >>> image_id_of("293.JPEG", "validation") is None
        True
    """
    match = _PATTERNS[part].fullmatch(name)
    return match[1] if match else None


def basename(path: str) -> str:
    """The last part of a member's name; tar and Parquet always separate by `/`."""
    return path.rsplit("/", 1)[-1]


def wnid_of(image_id: str) -> str:
    """The ImageNet class of a training image, as its name says it."""
    return image_id[:9]
