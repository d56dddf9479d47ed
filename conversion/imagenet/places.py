"""Where ImageNet may lie below the folder that a person names: known paths first, then one or two levels down."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ..core.errors import ImageNetSError, is_utf8, reason
from ..core.hub_cache import snapshot
from .file_names import WNID, ImageNetPart

FOLDER_NAMES: dict[ImageNetPart, tuple[str, ...]] = {
    "train": ("train", "training", "ilsvrc2012_img_train", "ilsvrc2012_train", "train_images"),
    "validation": ("val", "validation", "valid", "ilsvrc2012_img_val", "ilsvrc2012_val", "val_images"),
}
"""What people call the folders of the two parts, in lower case: upper and lower case count as the same."""

# Below a folder that somebody calls ImageNet, as in Kaggle's download and the Hub's repository.
_PREFIXES = ("ILSVRC/Data/CLS-LOC", "Data/CLS-LOC", "CLS-LOC", "ILSVRC2012", "data", "imagenet", "imagenet-1k")
_DEPTH = 2
_MOST_FOLDERS = 50
"""How many subfolders are looked into on a level; a folder with more of them is no folder around an ImageNet."""

_MOST_PLACES = 200


def known_places(root: str) -> list[str]:
    """The folder itself, and those below it where its train and validation folders are in well-known copies."""
    kept = snapshot(root)
    bases = [root] if kept is None else [root, kept]
    found = bases + [place for base in bases for prefix in _PREFIXES if (place := _below(base, prefix))]
    return list({os.path.realpath(one): one for one in reversed(found)}.values())[::-1]


def deeper_places(root: str) -> Iterator[list[tuple[str, list[str]]]]:
    """Level by level, each folder below `root` with the places in it; for a copy one or two folders further down."""
    level = [root]
    for _ in range(_DEPTH):
        level = [one for folder in level for one in _around(folder)][:_MOST_PLACES]
        yield [(one, known_places(one)) for one in level]


def part_folders(folder: str, part: ImageNetPart, names: Sequence[str]) -> list[str]:
    """The subfolders that are called as a part is, in the order of `FOLDER_NAMES`; `names` are those in the folder."""
    known = FOLDER_NAMES[part]
    found = [one for one in names if one.lower() in known and os.path.isdir(f"{folder}/{one}")]
    return [f"{folder}/{one}" for one in sorted(found, key=lambda one: (known.index(one.lower()), one))]


def names_in(folder: str) -> list[str]:
    """The names in a folder, sorted, without hidden ones and those that are no UTF-8.

    Raises:
        ImageNetSError: it can't be listed.
    """
    try:
        return sorted(one for one in os.listdir(folder) if is_utf8(one) and not one.startswith("."))
    except OSError as error:
        raise ImageNetSError(f"{folder} can't be listed ({reason(error)}).") from error


def subfolders(folder: str) -> list[str]:
    """The names of the subfolders, links to folders included; not those that can't be looked into."""
    found = [one for one in names_in(folder) if os.path.isdir(f"{folder}/{one}")]
    return [one for one in found if os.access(f"{folder}/{one}", os.R_OK | os.X_OK)]


def _around(folder: str) -> list[str]:
    names = [one for one in subfolders(folder) if not WNID.fullmatch(one)]
    return [f"{folder}/{one}" for one in names] if len(names) <= _MOST_FOLDERS else []


def _below(folder: str, path: str) -> str | None:
    """The folder at a relative path, whatever the case of its names; None where there is none."""
    for name in path.split("/"):
        if not os.path.isdir(f"{folder}/{name}"):
            match = [one for one in names_in(folder) if one.lower() == name.lower()]
            if not match or not os.path.isdir(f"{folder}/{match[0]}"):
                return None
            name = match[0]
        folder = f"{folder}/{name}"
    return folder
