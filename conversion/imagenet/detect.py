"""Which layout of ImageNet a folder has: detected from its files, never given by a flag.

Each part is looked for in the well-known places, then in the folder itself, then one or two levels down. Whatever forms
lie in the first of these that has any are read together.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.errors import ImageNetSError, some
from .addresses import list_address, normalise
from .combined import CombinedReader
from .explain import explain_missing_part, explain_nothing, seen_in
from .file_names import ImageNetPart
from .forms import forms_here, forms_in, parquet_files
from .image_reader import ImageReader
from .places import deeper_places, known_places, names_in

_PARTS: tuple[ImageNetPart, ...] = ("train", "validation")


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
        found = self.train if part == "train" else self.validation
        if found is None:
            other = self.validation if part == "train" else self.train
            raise ImageNetSError(explain_missing_part(self.root, part, other))
        return found


def open_imagenet(root: str | os.PathLike[str], cache_dir: str | None = None) -> ImageNet:
    """Detect the layout of a copy of ImageNet in a folder or at an `hf://` address.

    Args:
        root: the folder that holds train/ and val/, tars, Parquet files and so on (README, "Which ImageNet"), or a
            folder around it. Images are known by their basenames.
        cache_dir: the root of the cache for indexes; that of `datasets` by default.

    Raises:
        ImageNetSError: there is no such folder or address, or no ImageNet that keeps the official names; or the folder
            is only the train/ or val/ of an ImageNet that is complete above it.
    """
    path = normalise(root)
    if "://" in path:
        listed = list_address(path)
        found = {
            part: _combined([one for at, files in listed for one in parquet_files(at, files, part)]) for part in _PARTS
        }
        if not any(found.values()):
            shown = seen_in([file for _, files in listed for file in files])
            raise ImageNetSError(
                f"no ImageNet at {path} (it holds {shown}): from an address, the Hub's Parquet files are read "
                "(data/train-00000-of-00294.parquet, ...); download anything else and name its folder."
            )
        return _kept_in(cache_dir, ImageNet(path, found["train"], found["validation"]))
    if not os.path.isdir(path):
        what = "a file" if os.path.exists(path) else "a broken link" if os.path.islink(path) else "no folder"
        raise ImageNetSError(f"data_dir {path} is {what}: name the folder that holds ImageNet (train/ and val/, say).")
    names_in(path)  # says so if it can't be listed
    known = {part: _combined(_known(path, part)) for part in _PARTS}
    if not any(known.values()):
        _refuse_a_part_of_a_whole(path)
    problems: dict[ImageNetPart, ImageNetSError] = {}
    for part in _PARTS:
        try:
            known[part] = known[part] or _only(path, part, _here(path, part)) or _deeper(path, part)
        except ImageNetSError as error:
            problems[part] = error
    if not any(known.values()):
        raise next(iter(problems.values()), ImageNetSError(explain_nothing(path)))
    return _kept_in(cache_dir, ImageNet(path, known["train"], known["validation"], problems))


def _kept_in(cache_dir: str | None, imagenet: ImageNet) -> ImageNet:
    for reader in (imagenet.train, imagenet.validation):
        for one in reader.readers if isinstance(reader, CombinedReader) else [reader]:
            if one is not None:
                one.cache_dir = cache_dir
    return imagenet


def _known(root: str, part: ImageNetPart) -> list[ImageReader]:
    return [reader for place in known_places(root) for reader in forms_in(place, part)]


def _deeper(root: str, part: ImageNetPart) -> ImageReader | None:
    """A copy in a folder of any name, one or two levels down."""
    for level in deeper_places(root):
        found = {folder: [one for place in places for one in forms_in(place, part)] for folder, places in level}
        if only := _only(root, part, {folder: _combined(readers) for folder, readers in found.items() if readers}):
            return only
    return None


def _here(root: str, part: ImageNetPart) -> dict[str, ImageReader | None]:
    """Images or class tars in class folders or files of the folder itself, or of a folder of any name below it."""
    found: dict[str, list[ImageReader]] = {}
    for one in forms_here(root, part):
        found.setdefault(one.root, []).append(one)
    return {folder: _combined(readers) for folder, readers in found.items()}


def _only(root: str, part: ImageNetPart, found: dict[str, ImageReader | None]) -> ImageReader | None:
    """The one reader that was found; None where there is none.

    Raises:
        ImageNetSError: several folders have one: they may be different copies, so they are not mixed.
    """
    if len(found) > 1:
        raise ImageNetSError(
            f"{root} holds {part} images in several folders, {some(sorted(found), 3)}: name the one you mean as "
            f"data_dir, or put links to their class folders into one folder named {part.replace('idation', '')}."
        )
    return next(iter(found.values()), None)


def _combined(readers: list[ImageReader]) -> ImageReader | None:
    return None if not readers else readers[0] if len(readers) == 1 else CombinedReader(readers)


def _refuse_a_part_of_a_whole(path: str) -> None:
    """Where a folder is the train/ or val/ of a complete ImageNet, the folder above was meant.

    Raises:
        ImageNetSError: that is so.
    """
    above = os.path.dirname(path)
    if above == path or not any(forms_here(path, part) for part in _PARTS):
        return
    try:
        around = {part: _known(above, part) for part in _PARTS}
    except ImageNetSError:
        return
    here = os.path.realpath(path)
    if all(around.values()) and any(os.path.realpath(one.root) == here for found in around.values() for one in found):
        raise ImageNetSError(
            f"{path} looks like the train/ or val/ folder of ImageNet. Name the folder above it, {above}, which holds "
            "both."
        )
