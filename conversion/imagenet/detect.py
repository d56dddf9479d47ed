"""Which layout of ImageNet a folder has: detected from its files, never given by a flag.

Imports `errors`, `file_names` and the readers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import fsspec

from imagenet_s.conversion.errors import ImageNetSError, some
from imagenet_s.conversion.imagenet.file_names import WNID, ImageNetPart, image_id_of
from imagenet_s.conversion.imagenet.image_folder import ImageFolderReader
from imagenet_s.conversion.imagenet.image_reader import ImageReader
from imagenet_s.conversion.imagenet.parquet import ParquetReader
from imagenet_s.conversion.imagenet.tar import CompressedTarReader, TarReader

# Where train and validation may be below the folder that a person names, as in Kaggle's download.
_PREFIXES = ("", "ILSVRC/Data/CLS-LOC", "Data/CLS-LOC", "ILSVRC2012", "data", "imagenet", "imagenet-1k")
_FOLDER_NAMES: dict[ImageNetPart, tuple[str, ...]] = {
    "train": ("train", "ILSVRC2012_img_train", "train_images"),
    "validation": ("val", "validation", "valid", "ILSVRC2012_img_val", "val_images"),
}
_WORDS: dict[ImageNetPart, str] = {"train": r"train", "validation": r"val(?:id|idation)?"}


@dataclass(frozen=True)
class ImageNet:
    """A copy of ImageNet: its training and validation images, each None where it lacks them.

    `problems` are the parts that are there and can't be read as they are: an error only for who asks for them.
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
            wanted = _FOLDER_NAMES[part][0] + "/"
            raise ImageNetSError(
                f"{self.root} holds {other!r}, but no {part} images: expected {wanted}, a tar or Parquet files of them "
                f"beside it. If they are elsewhere, link them there."
            )
        return found


def open_imagenet(root: str | os.PathLike[str], cache_dir: str | None = None) -> ImageNet:
    """Detect the layout of a copy of ImageNet in a folder or at an `hf://` address.

    Args:
        root: the folder that holds train/ and val/, tars, Parquet files and so on (README, "Which ImageNet").
            Images are known by their basenames.
        cache_dir: the root of the cache for indexes; that of `datasets` by default.

    Raises:
        ImageNetSError: there is no such folder, or no ImageNet that keeps the official names.
    """
    path = os.fspath(root)
    if "://" not in path:
        path = os.path.abspath(os.path.expanduser(path))
        if not os.path.isdir(path):
            what = "a file" if os.path.exists(path) else "no folder"
            raise ImageNetSError(
                f"data_dir {path} is {what}: name the folder that holds ImageNet (train/ and val/, say)."
            )
    found: dict[ImageNetPart, ImageReader | None] = {}
    problems: dict[ImageNetPart, ImageNetSError] = {}
    for part in _WORDS:
        try:
            found[part] = _find(path, part)
        except ImageNetSError as error:
            problems[part] = error
    readers = [reader for reader in found.values() if reader is not None]
    if not readers:
        raise next(iter(problems.values()), ImageNetSError(_explain(path)))
    for reader in readers:
        reader.cache_dir = cache_dir
    return ImageNet(path, found.get("train"), found.get("validation"), problems)


def _find(root: str, part: ImageNetPart) -> ImageReader | None:
    fs, base = fsspec.core.url_to_fs(root)
    protocol = root.split("://")[0] + "://" if "://" in root else ""
    for prefix in _PREFIXES:
        folder = f"{base}/{prefix}".rstrip("/")
        if not fs.isdir(folder):
            continue
        entries = {one["name"].rstrip("/").rsplit("/", 1)[-1]: one["type"] for one in fs.ls(folder, detail=True)}
        files = sorted(file for file, kind in entries.items() if kind != "directory")
        address = f"{protocol}{folder}"
        if found := _parquet(address, files, part):
            return found
        if protocol:
            continue
        subfolders = [one for one in _FOLDER_NAMES[part] if one in entries and os.path.isdir(f"{folder}/{one}")]
        for look in (_images, _tars_inside):
            for one in subfolders:
                if found := look(f"{folder}/{one}", part):
                    return found
        if found := _tars(folder, files, part):
            return found
        # The Hub's tars, extracted: train_images_0, train_images_1, ...
        numbered = sorted(one for one in entries if re.fullmatch(rf"{_WORDS[part]}_images(_\d+)?", one))
        if numbered and all(_images(f"{folder}/{one}", part) for one in numbered):
            return ImageFolderReader(folder, part, f"extracted tars ({some(numbered, 2)})", tuple(numbered))
    return None


def _parquet(address: str, files: list[str], part: ImageNetPart) -> ImageReader | None:
    pattern = re.compile(rf"{_WORDS[part]}-\d{{5}}-of-\d{{5}}.*\.parquet")
    found = [f"{address}/{file}" for file in files if pattern.fullmatch(file)]
    if not found:
        return None
    expected = int(found[0].rsplit("-of-", 1)[1][:5])
    if len(found) != expected:
        raise ImageNetSError(f"{address} holds {len(found)} of {expected} {part} Parquet files; fetch the others.")
    return ParquetReader(address, part, "Parquet files", found)


def _images(folder: str, part: ImageNetPart) -> ImageReader | None:
    """Images in class folders or directly in the folder, by their official names; the first one found says which."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if image_id_of(entry.name, part) and entry.is_file():
                return ImageFolderReader(folder, part, "a flat folder")
            is_class = WNID.fullmatch(entry.name) and entry.is_dir()
            if is_class and any(image_id_of(one, part) for one in os.listdir(entry.path)):
                return ImageFolderReader(folder, part, "class folders")
    return None


def _tars_inside(folder: str, part: ImageNetPart) -> ImageReader | None:
    """Tars of one class each (the official training tar, unpacked once), or shards, in a folder of the part's name."""
    files = sorted(os.listdir(folder))
    found = [f"{folder}/{file}" for file in files if re.fullmatch(r"n\d{8}\.tar", file)]
    return TarReader(folder, part, "a tar a class", found) if found else _tars(folder, files, part)


def _tars(folder: str, files: list[str], part: ImageNetPart) -> ImageReader | None:
    official = "ILSVRC2012_img_train.tar" if part == "train" else "ILSVRC2012_img_val.tar"
    word = _WORDS[part]
    layouts: tuple[tuple[str, str, type[TarReader]], ...] = (
        (re.escape(official), "the official tar", TarReader),
        (rf".*\b{word}-\d+\.tar", "WebDataset tars", TarReader),
        (rf"{word}_images(_\d+)?\.tar", "the Hub's tars", TarReader),
        (rf"{word}_images(_\d+)?\.tar\.gz", "the Hub's compressed tars", CompressedTarReader),
    )
    for pattern, layout, kind in layouts:
        if found := [f"{folder}/{file}" for file in files if re.fullmatch(pattern, file)]:
            return kind(folder, part, layout, found)
    return None


def _explain(path: str) -> str:
    entries = sorted(os.listdir(path)) if "://" not in path else []
    if any(WNID.fullmatch(one) for one in entries):
        return (
            f"{path} holds class folders itself: it looks like the train/ or val/ folder of ImageNet. "
            f"Name the folder above it, {os.path.dirname(path)}."
        )
    if renamed := _renamed(path):
        return (
            f"{path} looks like ImageNet with other file names ({renamed}): images are found by their official names "
            "(n01440764_10026.JPEG, ILSVRC2012_val_00000293.JPEG), because only those say which mask belongs to which "
            "image. Use a copy that kept them."
        )
    return (
        f"no ImageNet in {path} (it holds {some(entries) or 'nothing'}): expected train/ and val/, Kaggle's ILSVRC/, "
        "the official tars, the Hub's Parquet or tar files, WebDataset tars, or an official ImageNet-S tree."
    )


def _renamed(path: str) -> str | None:
    """A file that is an image but has no official name, in a folder where images are expected."""
    for part, folders in _FOLDER_NAMES.items():
        for folder in folders:
            for parent, subfolders, files in os.walk(os.path.join(path, folder)):
                del subfolders[3:]
                for file in files:
                    if file.lower().endswith((".jpeg", ".jpg", ".png")) and not image_id_of(file, part):
                        return os.path.relpath(os.path.join(parent, file), path)
    return None
