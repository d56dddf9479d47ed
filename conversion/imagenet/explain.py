"""What to say where ImageNet, or one of its parts, is not found: what was seen there, and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ..core.errors import some
from .file_names import ImageNetPart, image_id_of, is_image
from .image_reader import ImageReader
from .places import known_places, names_in, part_folders

_EXPECTED = (
    "train/ and val/, Kaggle's ILSVRC/, the official tars, the Hub's Parquet or tar files, WebDataset tars, or an "
    "official ImageNet-S tree"
)
_FOLDERS = {"train": "train/", "validation": "val/"}


def explain_nothing(path: str) -> str:
    """Why a folder is no ImageNet."""
    if renamed := next(_renamed(path), None):
        return (
            f"{path} looks like ImageNet with other file names ({renamed}): images are found by their official names "
            "(n01440764_10026.JPEG, ILSVRC2012_val_00000293.JPEG), because only those say which mask belongs to which "
            "image. Use a copy that kept them."
        )
    seen = f"it holds {seen_in(_names(path))}"
    for part in ("train", "validation"):
        for folder in _part_folders(path, part):
            seen += f"; {os.path.relpath(folder, path)} holds {seen_in(_names(folder))}"
    return f"no ImageNet in {path} ({seen}): expected {_EXPECTED}."


def explain_missing_part(root: str, part: ImageNetPart, other: ImageReader | None) -> str:
    """Why a copy that has the other part lacks this one."""
    seen = ""
    if "://" not in root:
        for folder in _part_folders(root, part):
            seen += f" {folder} holds {seen_in(_names(folder))}."
    return (
        f"{root} holds {other!r}, but no {part} images: expected {_FOLDERS[part]}, a tar or Parquet files of them "
        f"beside it.{seen} If they are elsewhere, put a link to them there, named {_FOLDERS[part].rstrip('/')}."
    )


def seen_in(names: Sequence[str]) -> str:
    """A few names, or "nothing"."""
    return some(sorted(names)) or "nothing"


def _part_folders(path: str, part: ImageNetPart) -> list[str]:
    return [folder for place in known_places(path) for folder in part_folders(place, part, names_in(place))]


def _names(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return [one.name + ("" if os.path.exists(one.path) else " (a broken link)") for one in found]
    except OSError:
        return ["what can't be listed"]


def _renamed(path: str) -> Iterator[str]:
    """Files that are images but have no official name, in folders where images are expected."""
    for part in ("train", "validation"):
        for folder in _part_folders(path, part):
            for parent, subfolders, files in os.walk(folder):
                del subfolders[3:]
                for file in files:
                    if is_image(file) and not image_id_of(file, part):
                        yield os.path.relpath(os.path.join(parent, file), path)
