"""The forms in which one part of ImageNet lies in a folder: images, tars, Parquet files; all that are there."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence

from ..core.errors import ImageNetSError, reason, some
from .file_names import WNID, ImageNetPart, image_id_of
from .image_folder import ImageFolderReader
from .image_reader import ImageReader
from .parquet import ParquetReader
from .places import FOLDER_NAMES, names_in, part_folders, subfolders
from .tar import CompressedTarReader, TarReader

_WORDS: dict[ImageNetPart, str] = {"train": r"train", "validation": r"val(?:id|idation)?"}
_OFFICIAL_TARS: dict[ImageNetPart, str] = {"train": "ILSVRC2012_img_train.tar", "validation": "ILSVRC2012_img_val.tar"}
_CLASS_TAR = re.compile(r"n\d{8}\.tar", re.ASCII | re.IGNORECASE)
_FLAT = "a flat folder"
_FIRST_FILES = 200
"""How many files of a folder are looked at to say whether it holds images of ImageNet."""


def forms_in(place: str, part: ImageNetPart) -> list[ImageReader]:
    """The readers of everything in a folder that holds images of a part, the quickest to read first.

    Args:
        place: a folder that may hold `train/`, `val/`, tars or Parquet files.
        part: which of the two.
    """
    names = names_in(place)
    folders = part_folders(place, part, names)
    found: list[ImageReader] = []
    inside: dict[str, list[str]] = {}
    for folder in folders:
        images = image_folders(folder, part)
        found += images
        flat = any(one.root == folder and one.layout == _FLAT for one in images)
        inside[folder] = _without_listing(folder, part) if flat else names_in(folder)
    found += _extracted(place, part, names, {os.path.basename(one) for one in folders})
    for folder in folders:
        found += _class_tars(folder, inside[folder], part)
    holders = {**inside, place: names}
    for folder, names in holders.items():
        found += _tars(folder, names, part)
    for folder, names in holders.items():
        found += parquet_files(folder, names, part)
    return sorted(found, key=lambda one: not one.random_access)


def parquet_files(address: str, files: Sequence[str], part: ImageNetPart) -> list[ImageReader]:
    """The Hub's Parquet files of a part among the files of a folder or address."""
    pattern = re.compile(rf"{_WORDS[part]}-\d{{5}}-of-(\d{{5}}).*\.parquet", re.ASCII)
    sets: dict[str, list[str]] = {}
    for file in files:
        if match := pattern.fullmatch(file):
            sets.setdefault(match[1], []).append(f"{address}/{file}")
    return [ParquetReader(address, part, "Parquet files", found, int(total)) for total, found in sets.items()]


def forms_here(folder: str, part: ImageNetPart) -> list[ImageReader]:
    """Images, or tars of a class each, in a folder that is itself what should be called as the part."""
    return [*image_folders(folder, part), *_class_tars(folder, names_in(folder), part)]


def image_folders(folder: str, part: ImageNetPart) -> list[ImageReader]:
    """Images in a folder or its subfolders by their official names; else, or under a part's name, one level down."""
    found: list[ImageReader] = []
    layout = _layout(folder, part)
    if layout is not None:
        found.append(ImageFolderReader(folder, part, layout))
    nested = part_folders(folder, part, _without_listing(folder, part) if layout == _FLAT else names_in(folder))
    if layout is None:
        nested += [path for one in _no_classes(folder) if (path := f"{folder}/{one}") not in nested]
    for one in nested:
        below = _layout(one, part)
        # Files right in it are found from above: it counts as a class folder of any name.
        if below is not None and not (layout is not None and below == _FLAT):
            found.append(ImageFolderReader(one, part, below))
    return found


def _no_classes(folder: str) -> list[str]:
    others = FOLDER_NAMES["train"] + FOLDER_NAMES["validation"]
    names = [one for one in subfolders(folder) if not WNID.fullmatch(one) and one.lower() not in others]
    return names[:_FIRST_FILES]


def _layout(folder: str, part: ImageNetPart) -> str | None:
    """How images lie in a folder; None where the folder and its subfolders have none."""
    inner = []
    try:
        with os.scandir(folder) as found:
            for number, entry in enumerate(found):
                if number < _FIRST_FILES and image_id_of(entry.name, part) and entry.is_file():
                    return _FLAT
                if entry.is_dir():
                    inner.append(entry)
    except OSError as error:
        raise ImageNetSError(f"{folder} can't be listed ({reason(error)}).") from error
    # Folders called as classes first: they settle it at once.
    inner.sort(key=lambda one: (not WNID.fullmatch(one.name), one.name))
    return "class folders" if any(_has_images(one.path, part) for one in inner) else None


def _has_images(folder: str, part: ImageNetPart) -> bool:
    try:
        with os.scandir(folder) as found:
            return any(image_id_of(one.name, part) for one in itertools.islice(found, _FIRST_FILES))
    except OSError:
        return False  # its listing says so when the folder is indexed


def _without_listing(folder: str, part: ImageNetPart) -> list[str]:
    """What may lie beside the images of a flat folder, asked for by name: listing 50,000 files takes long."""
    return [one for one in (*FOLDER_NAMES[part], _OFFICIAL_TARS[part]) if os.path.exists(f"{folder}/{one}")]


def _extracted(place: str, part: ImageNetPart, names: Sequence[str], known: set[str]) -> Iterator[ImageReader]:
    """The Hub's tars, extracted: train_images_0, train_images_1, ..."""
    pattern = re.compile(rf"{_WORDS[part]}_images(_\d+)?", re.ASCII | re.IGNORECASE)
    numbered = [f"{place}/{one}" for one in names if pattern.fullmatch(one) and one not in known]
    if numbered := [os.path.basename(one) for one in numbered if os.path.isdir(one) and _layout(one, part)]:
        yield ImageFolderReader(place, part, f"extracted tars ({some(numbered, 2)})", tuple(numbered))


def _class_tars(folder: str, names: Sequence[str], part: ImageNetPart) -> Iterator[ImageReader]:
    """Tars of one class each: the official training tar, unpacked once; also each in the folder of its class."""
    if part != "train":
        return
    found = [f"{folder}/{one}" for one in names if _CLASS_TAR.fullmatch(one)]
    own = [f"{folder}/{one}/{one}.tar" for one in names if WNID.fullmatch(one)]
    # A few say whether there are any: a thousand questions to a network disk take a second.
    if any(map(os.path.isfile, own[:3] + own[-3:])):
        found += filter(os.path.isfile, own)
    if found:
        yield TarReader(folder, part, "a tar a class", found)


def _tars(folder: str, files: Sequence[str], part: ImageNetPart) -> Iterator[ImageReader]:
    word = _WORDS[part]
    layouts: tuple[tuple[str, str, type[TarReader]], ...] = (
        (re.escape(_OFFICIAL_TARS[part]), "the official tar", TarReader),
        (rf".*\b{word}-\d+\.tar", "WebDataset tars", TarReader),
        (rf"{word}_images(_\d+)?\.tar", "the Hub's tars", TarReader),
        (rf"{word}_images(_\d+)?\.tar\.gz", "the Hub's compressed tars", CompressedTarReader),
    )
    for pattern, layout, kind in layouts:
        matching = re.compile(pattern, re.ASCII | re.IGNORECASE)
        if found := [f"{folder}/{file}" for file in files if matching.fullmatch(file)]:
            yield kind(folder, part, layout, found)
