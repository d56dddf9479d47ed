"""Names of files and members in a copy of ImageNet; `image_id_of` in `facts.spellings` reads the image id in them."""

from __future__ import annotations

import re

from ..facts.spellings import ImageNetPart, image_id_of

WNID = re.compile(r"n\d{8}", re.ASCII)
IMAGE_ENDINGS = (".jpeg", ".jpg", ".png")
_OTHER_FORMATS = (".webp", ".avif", ".jxl", ".heic", ".bmp", ".gif", ".tif", ".tiff")


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
