"""Why images that lie where ImageNet's are expected are not read: other names, another format, a folder too deep."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ..core.errors import ImageNetSError
from ..core.walk import walk
from ..facts.spellings import ImageNetPart, image_id_of
from .file_names import is_image, other_format

_MOST_FOLDERS = 20
"""How many subfolders of a folder are looked into."""


def why_not_read(folders: Iterable[str], part: ImageNetPart) -> str:
    """A sentence about an image in some folders that is not read; "" where they hold none, or one that is.

    Args:
        folders: what is called as the part, or a split: they hold class folders, or images.
        part: whose images are expected.
    """
    unread = ""
    for folder in folders:
        try:
            for name, subfolders, files in walk(folder):
                del subfolders[_MOST_FOLDERS:]
                for file in files:
                    if image_id_of(file, part) and "/" not in name:
                        return ""
                    unread = unread or _sentence(os.path.join(folder, name, file), part)
        except ImageNetSError:  # what can't be listed says so when it is read
            continue
    return unread


def _sentence(path: str, part: ImageNetPart) -> str:
    file = os.path.basename(path)
    if image_id_of(file, part) and is_image(file):
        return (
            f"{path} lies too deep: images are read from class folders, not from folders within these. Put the images, "
            "or links to them, into the class folders."
        )
    if ending := other_format(file, part):
        return f"{path}: JPEG and PNG are read, no {ending}. Use the original files."
    if is_image(file):
        return (
            f"{path}: this looks like ImageNet with other file names. Images are found by their official names "
            "(n01440764_10026.JPEG, ILSVRC2012_val_00000293.JPEG), because only those say which mask belongs to which "
            "image. Use a copy that kept them."
        )
    return ""
