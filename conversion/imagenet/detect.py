"""Which layout of ImageNet a folder has: detected from its files, never given by a flag.

Each part is looked for in the well-known places, then in the folder itself, then one or two levels down. Whatever forms
lie in the first of these that has any are read together. Where nothing is found, the error says what was seen.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..core.errors import ImageNetSError, some
from ..core.walk import list_folder
from ..facts.spellings import ImageNetPart
from .combined_reader import CombinedReader
from .data_dir import DataDir, resolve_data_dir
from .file_names import WNID
from .image_reader import ImageReader
from .layouts_in_folder import (
    accessible_subfolders,
    known_places,
    list_address,
    listed,
    parquet_readers,
    part_folders,
    readers_in_part_folder,
    readers_in_place,
)
from .unread_images import why_not_read

_PARTS: tuple[ImageNetPart, ...] = ("train", "validation")
_DEPTH = 2
_MOST_FOLDERS = 50
"""How many subfolders are looked into on a level; a folder with more of them is no folder around an ImageNet."""
_MOST_PLACES = 200
_EXPECTED = (
    "train/ and val/, Kaggle's ILSVRC/, the official tars, the Hub's Parquet or tar files, WebDataset tars, or an "
    "official ImageNet-S tree"
)
_EXPECTED_FOLDERS = {"train": "train/", "validation": "val/"}


@dataclass(frozen=True)
class ImageNet:
    """A copy of ImageNet: its training and validation images, each None where it lacks them.

    Attributes:
        problems: why a part that is there can't be read, by part; raised when that part is asked for.
    """

    root: str
    train: ImageReader | None
    validation: ImageReader | None
    problems: Mapping[ImageNetPart, ImageNetSError] = field(default_factory=dict)

    def lacks(self, part: ImageNetPart) -> bool:
        """Whether nothing at all of a part is there."""
        return (self.train if part == "train" else self.validation) is None and part not in self.problems

    def reader(self, part: ImageNetPart) -> ImageReader:
        """The reader of one of the two parts.

        Raises:
            ImageNetSError: the copy lacks it.
        """
        if part in self.problems:
            raise self.problems[part]
        reader = self.train if part == "train" else self.validation
        if reader is None:
            other = self.validation if part == "train" else self.train
            raise ImageNetSError(_why_part_is_missing(self.root, part, other))
        return reader


def open_imagenet(data_dir: str | os.PathLike[str] | DataDir, cache_dir: str | None = None) -> ImageNet:
    """Detect the layout of a copy of ImageNet in a folder or at an `hf://` address.

    Args:
        data_dir: the folder that holds train/ and val/, tars, Parquet files and so on (README, "Which ImageNet"), or a
            folder around it. Images are known by their basenames.
        cache_dir: the root of the cache for indexes; that of `datasets` by default.

    Raises:
        ImageNetSError: there is no such folder or address, or no ImageNet that keeps the official names; or the folder
            is only the train/ or val/ of an ImageNet that is complete above it.
    """
    data_dir = resolve_data_dir(data_dir)
    imagenet = _in_folder(data_dir.root) if data_dir.is_local else _at_address(data_dir.root)
    for combined in filter(None, (imagenet.train, imagenet.validation)):
        for reader in combined.readers if isinstance(combined, CombinedReader) else [combined]:
            reader.cache_dir = cache_dir
    return imagenet


def _at_address(address: str) -> ImageNet:
    folders = list_address(address)
    readers = {
        part: _combined([reader for folder, files in folders for reader in parquet_readers(folder, files, part)])
        for part in _PARTS
    }
    if not any(readers.values()):
        shown = _seen([file for _, files in folders for file in files])
        raise ImageNetSError(
            f"no ImageNet at {address} (it holds {shown}): from an address, the Hub's Parquet files are read "
            "(data/train-00000-of-00294.parquet, ...); download anything else and name its folder."
        )
    return ImageNet(address, readers["train"], readers["validation"])


def _in_folder(path: str) -> ImageNet:
    if not os.path.isdir(path):
        what = "a file" if os.path.exists(path) else "a broken link" if os.path.islink(path) else "no folder"
        raise ImageNetSError(f"{path} is {what}: name the folder that holds ImageNet (train/ and val/, say).")
    listed(path)  # says so if it can't be listed
    readers = {part: _combined(_in_known_places(path, part)) for part in _PARTS}
    if not any(readers.values()):
        _refuse_a_part_of_a_whole(path)
    problems: dict[ImageNetPart, ImageNetSError] = {}
    for part in _PARTS:
        try:
            readers[part] = readers[part] or _only(path, part, _in_itself(path, part)) or _deeper(path, part)
        except ImageNetSError as error:
            problems[part] = error
    if not any(readers.values()):
        raise next(iter(problems.values()), ImageNetSError(_why_nothing_was_found(path)))
    return ImageNet(path, readers["train"], readers["validation"], problems)


def _in_known_places(root: str, part: ImageNetPart) -> list[ImageReader]:
    return [reader for place in known_places(root) for reader in readers_in_place(place, part)]


def _in_itself(root: str, part: ImageNetPart) -> dict[str, list[ImageReader]]:
    """Images or class tars in class folders or files of the folder itself, or of a folder of any name below it."""
    by_folder: dict[str, list[ImageReader]] = {}
    for reader in readers_in_part_folder(root, part):
        by_folder.setdefault(reader.root, []).append(reader)
    return by_folder


def _deeper(root: str, part: ImageNetPart) -> ImageReader | None:
    """A copy in a folder of any name, one or two levels down."""
    level = [root]
    for _ in range(_DEPTH):
        level = [path for folder in level for path in _no_class_folders(folder)][:_MOST_PLACES]
        if reader := _only(root, part, {folder: _in_known_places(folder, part) for folder in level}):
            return reader
    return None


def _no_class_folders(folder: str) -> list[str]:
    names = [name for name in accessible_subfolders(folder) if not WNID.fullmatch(name)]
    return [f"{folder}/{name}" for name in names] if len(names) <= _MOST_FOLDERS else []


def _only(root: str, part: ImageNetPart, by_folder: Mapping[str, list[ImageReader]]) -> ImageReader | None:
    """The reader of the one folder that has any; None where none has.

    Raises:
        ImageNetSError: several folders have some: they may be different copies, so they are not mixed.
    """
    folders = sorted(folder for folder, readers in by_folder.items() if readers)
    if len(folders) > 1:
        raise ImageNetSError(
            f"{root} holds {part} images in several folders, {some(folders, 3)}: name the one you mean as "
            f"data_dir, or put links to their class folders into one folder named {part.replace('idation', '')}."
        )
    return _combined(by_folder[folders[0]]) if folders else None


def _combined(readers: list[ImageReader]) -> ImageReader | None:
    return None if not readers else readers[0] if len(readers) == 1 else CombinedReader(readers)


def _refuse_a_part_of_a_whole(path: str) -> None:
    """Where a folder is the train/ or val/ of a complete ImageNet, the folder above was meant.

    Raises:
        ImageNetSError: that is so.
    """
    above = os.path.dirname(path)
    if above == path or not any(readers_in_part_folder(path, part) for part in _PARTS):
        return
    try:
        around = [_in_known_places(above, part) for part in _PARTS]
    except ImageNetSError:
        return
    roots = {os.path.realpath(reader.root) for readers in around for reader in readers}
    if all(around) and os.path.realpath(path) in roots:
        raise ImageNetSError(
            f"{path} looks like the train/ or val/ folder of ImageNet. Name the folder above it, {above}, which holds "
            "both."
        )


def _why_nothing_was_found(path: str) -> str:
    for part in _PARTS:
        if why := unread(path, part):
            return why
    seen = f"it holds {_seen(_names(path))}"
    for part in _PARTS:
        for folder in _folders_called(path, part):
            seen += f"; {os.path.relpath(folder, path)} holds {_seen(_names(folder))}"
    return f"no ImageNet in {path} ({seen}): expected {_EXPECTED}."


def unread(root: str, part: ImageNetPart) -> str:
    """Why images of a part that lie in a folder are not read; "" where there are none such."""
    return why_not_read(_folders_called(root, part), part) if os.path.isdir(root) else ""


def _why_part_is_missing(root: str, part: ImageNetPart, other: ImageReader | None) -> str:
    folders = _folders_called(root, part) if os.path.isdir(root) else []
    seen = "".join(f" {folder} holds {_seen(_names(folder))}." for folder in folders)
    expected = _EXPECTED_FOLDERS[part]
    if why := unread(root, part):
        return f"{root} holds {other!r}, but no {part} images. {why}"
    return (
        f"{root} holds {other!r}, but no {part} images: expected {expected}, a tar or Parquet files of them "
        f"beside it.{seen} If they are elsewhere, put a link to them there, named {expected.rstrip('/')}."
    )


def _seen(names: Sequence[str]) -> str:
    return some(sorted(names)) or "nothing"


def _folders_called(path: str, part: ImageNetPart) -> list[str]:
    """The folders that are called as a part is."""
    return [folder for place in known_places(path) for folder in part_folders(place, part, listed(place).folders)]


def _names(folder: str) -> list[str]:
    try:
        _, folders, files = list_folder(folder)
    except ImageNetSError:
        return ["what can't be listed"]
    paths = {name: os.path.join(folder, name) for name in files}
    return folders + [name + ("" if os.path.exists(path) else " (a broken link)") for name, path in paths.items()]
