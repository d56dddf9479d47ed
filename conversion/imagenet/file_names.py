"""The official file names of images: what a file or member must be called, and the image id in it.

Training images are `<wnid>_<number>`, validation images `ILSVRC2012_val_<8 digits>`. The Hub's copies append the
label's wnid (`ILSVRC2012_val_00000293_n01440764.JPEG`), WebDataset keys lack the ending. Upper and lower case count as
the same, since some disks and tools change it; the id is always the official one.
"""

from __future__ import annotations

import re
from typing import Literal

ImageNetPart = Literal["train", "validation"]

# ASCII: other scripts have digits too, and letters that equal ours in another case.
_FLAGS = re.IGNORECASE | re.ASCII
_TRAIN = re.compile(r"n(\d{8}_\d+)(?:_n\d{8})?(?:\.(?:jpe?g|png))?", _FLAGS)
_VALIDATION = re.compile(r"ILSVRC2012_val_(\d{8})(?:_n\d{8})?(?:\.(?:jpe?g|png))?", _FLAGS)
_NAMES: dict[ImageNetPart, tuple[re.Pattern[str], str]] = {
    "train": (_TRAIN, "n"),
    "validation": (_VALIDATION, "ILSVRC2012_val_"),
}

WNID = re.compile(r"n\d{8}", re.ASCII)
IMAGE_ENDINGS = (".jpeg", ".jpg", ".png")
_OTHER_FORMATS = (".webp", ".avif", ".jxl", ".heic", ".bmp", ".gif", ".tif", ".tiff")


def image_id_of(name: str, part: ImageNetPart) -> str | None:
    """The image id in the basename of a file, member or key; None where it names no image of that part.

    Examples:
        >>> image_id_of("n01440764_10026_n01440764.JPEG", "train")
        'n01440764_10026'
        >>> image_id_of("ilsvrc2012_VAL_00000293.jpg", "validation")
        'ILSVRC2012_val_00000293'
        >>> image_id_of("293.JPEG", "validation") is None
        True
    """
    pattern, start = _NAMES[part]
    match = pattern.fullmatch(name)
    return f"{start}{match[1]}" if match else None


def is_image(name: str) -> bool:
    """Whether a file is called like an image, whatever its name says; hidden files of macOS are not."""
    return name.lower().endswith(IMAGE_ENDINGS) and not name.startswith(".")


def other_format(name: str, part: ImageNetPart) -> str:
    """The ending of a file that has an official name, but is of a format that is not read; "" for any other."""
    stem, dot, ending = name.rpartition(".")
    return dot + ending if (dot + ending).lower() in _OTHER_FORMATS and image_id_of(stem, part) else ""


def basename(path: str) -> str:
    """The last part of a member's name; tar and Parquet always separate by `/`."""
    return path.rsplit("/", 1)[-1]


def wnid_of(image_id: str) -> str:
    """The ImageNet class of a training image, as its name says it."""
    return image_id[:9]
