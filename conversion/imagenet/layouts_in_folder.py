"""Where the parts of ImageNet may lie below a folder, and the readers of whatever lies in such a place.

A place is a folder that may hold `train/`, `val/`, tars or Parquet files. All forms that are in it are given: images,
tars, Parquet files.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence

import fsspec

from ..core.errors import ImageNetSError, is_utf8, reason, some
from ..core.hub_cache import snapshot
from ..core.hub_errors import readable_errors
from ..core.walk import Folder, is_passed_over, list_folder
from ..facts.spellings import ImageNetPart, image_id_of
from .file_names import WNID
from .image_folder import ImageFolderReader
from .image_reader import ImageReader
from .parquet import ParquetReader
from .tar import CompressedTarReader, TarReader

FOLDER_NAMES: dict[ImageNetPart, tuple[str, ...]] = {
    "train": ("train", "training", "ilsvrc2012_img_train", "ilsvrc2012_train", "train_images"),
    "validation": ("val", "validation", "valid", "ilsvrc2012_img_val", "ilsvrc2012_val", "val_images"),
}
"""What people call the folders of the two parts, in lower case: upper and lower case count as the same."""

# Below a folder that somebody calls ImageNet, as in Kaggle's download and the Hub's repository.
_PREFIXES = ("ILSVRC/Data/CLS-LOC", "Data/CLS-LOC", "CLS-LOC", "ILSVRC2012", "data", "imagenet", "imagenet-1k")
_FOLDERS_AT_ADDRESS = ("", "data", "imagenet-1k", "ILSVRC2012")
"""Where a repository has its Parquet files."""
_WORDS: dict[ImageNetPart, str] = {"train": r"train", "validation": r"val(?:id|idation)?"}
_OFFICIAL_TARS: dict[ImageNetPart, str] = {"train": "ILSVRC2012_img_train.tar", "validation": "ILSVRC2012_img_val.tar"}
_CLASS_TAR = re.compile(r"n\d{8}\.tar", re.ASCII | re.IGNORECASE)
_FLAT = "a flat folder"
_FIRST_FILES = 200
"""How many files of a folder are looked at to say whether it holds images of ImageNet."""


def listed(folder: str) -> Folder:
    """What is in a folder, but for hidden files and for names that are no UTF-8.

    Raises:
        ImageNetSError: it can't be listed.
    """
    _, folders, files = list_folder(folder)
    return Folder("", [name for name in folders if is_utf8(name)], [name for name in files if _is_visible(name)])


def known_places(root: str) -> list[str]:
    """The folder itself, and those below it where its train and validation folders are in well-known copies."""
    in_cache = snapshot(root)
    bases = [root] if in_cache is None else [root, in_cache]
    places = bases + [place for base in bases for prefix in _PREFIXES if (place := _below(base, prefix))]
    return list({os.path.realpath(place): place for place in reversed(places)}.values())[::-1]


def part_folders(folder: str, part: ImageNetPart, subfolders: Sequence[str]) -> list[str]:
    """The paths of those subfolders that are called as a part is, in the order of `FOLDER_NAMES`."""
    names = FOLDER_NAMES[part]
    called_so = [name for name in subfolders if name.lower() in names]
    return [f"{folder}/{name}" for name in sorted(called_so, key=lambda name: (names.index(name.lower()), name))]


def readers_in_place(place: str, part: ImageNetPart) -> list[ImageReader]:
    """The readers of everything in a place that holds images of a part, the quickest to read first."""
    here = listed(place)
    folders = part_folders(place, part, here.folders)
    readers: list[ImageReader] = []
    inside: dict[str, Folder] = {}
    for folder in folders:
        of_images = image_folders(folder, part)
        readers += of_images
        flat = any(reader.root == folder and reader.layout == _FLAT for reader in of_images)
        inside[folder] = _beside_images(folder, part) if flat else listed(folder)
    readers += _extracted(place, part, here.folders, {os.path.basename(folder) for folder in folders})
    for folder in folders:
        readers += _class_tars(folder, inside[folder], part)
    inside[place] = here
    for folder, content in inside.items():
        readers += _tars(folder, content.files, part)
    for folder, content in inside.items():
        readers += parquet_readers(folder, content.files, part)
    return sorted(readers, key=lambda reader: not reader.random_access)


def readers_in_part_folder(folder: str, part: ImageNetPart) -> list[ImageReader]:
    """Images, or tars of a class each, in a folder that is itself what should be called as the part."""
    return [*image_folders(folder, part), *_class_tars(folder, listed(folder), part)]


def image_folders(folder: str, part: ImageNetPart) -> list[ImageReader]:
    """Images in a folder or its subfolders by their official names; else, or under a part's name, one level down."""
    readers: list[ImageReader] = []
    layout = _layout(folder, part)
    if layout is not None:
        readers.append(ImageFolderReader(folder, part, layout))
    content = _beside_images(folder, part) if layout == _FLAT else listed(folder)
    nested = part_folders(folder, part, content.folders)
    if layout is None:
        nested += [path for name in _no_classes(folder) if (path := f"{folder}/{name}") not in nested]
    for path in nested:
        below = _layout(path, part)
        # Files right in it are found from above: it counts as a class folder of any name.
        if below is not None and not (layout is not None and below == _FLAT):
            readers.append(ImageFolderReader(path, part, below))
    return readers


def accessible_subfolders(folder: str) -> list[str]:
    """The names of the subfolders, links to folders included; not those that can't be looked into."""
    return [name for name in listed(folder).folders if os.access(f"{folder}/{name}", os.R_OK | os.X_OK)]


def parquet_readers(address: str, files: Sequence[str], part: ImageNetPart) -> list[ImageReader]:
    """The readers of the Hub's Parquet files of a part, among the files of a folder or address."""
    pattern = re.compile(rf"{_WORDS[part]}-\d{{5}}-of-(\d{{5}}).*\.parquet", re.ASCII)
    sets: dict[str, list[str]] = {}
    for file in files:
        if match := pattern.fullmatch(file):
            sets.setdefault(match[1], []).append(f"{address}/{file}")
    return [ParquetReader(address, part, "Parquet files", paths, int(total)) for total, paths in sets.items()]


def list_address(address: str) -> list[tuple[str, list[str]]]:
    """The folders at an address that may hold Parquet files, with the names in each.

    Raises:
        ImageNetSError: it can't be listed: not there, no access, no connection, ...
    """
    with readable_errors(address):
        fs, base = fsspec.core.url_to_fs(address)
        kinds = {entry["name"].rstrip("/").rsplit("/", 1)[-1]: entry["type"] for entry in fs.ls(base, detail=True)}
        folders = [(address, sorted(f"{name}/" if kind == "directory" else name for name, kind in kinds.items()))]
        for folder in _FOLDERS_AT_ADDRESS[1:]:
            if kinds.get(folder) == "directory":
                names = [entry["name"].rsplit("/", 1)[-1] for entry in fs.ls(f"{base}/{folder}", detail=True)]
                folders.append((f"{address}/{folder}", sorted(names)))
        return folders


def _is_visible(name: str) -> bool:
    return is_utf8(name) and not name.startswith(".")


def _below(folder: str, path: str) -> str | None:
    """The folder at a relative path, whatever the case of its names; None where there is none."""
    for name in path.split("/"):
        if not os.path.isdir(f"{folder}/{name}"):
            match = [other for other in listed(folder).folders if other.lower() == name.lower()]
            if not match:
                return None
            name = match[0]
        folder = f"{folder}/{name}"
    return folder


def _no_classes(folder: str) -> list[str]:
    parts = FOLDER_NAMES["train"] + FOLDER_NAMES["validation"]
    names = [name for name in accessible_subfolders(folder) if not WNID.fullmatch(name) and name.lower() not in parts]
    return names[:_FIRST_FILES]


def _layout(folder: str, part: ImageNetPart) -> str | None:
    """How images lie in a folder; None where the folder and its subfolders have none."""
    inner = []
    try:
        # Not by `list_folder`: the first official name among 50,000 files settles it.
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number < _FIRST_FILES and image_id_of(entry.name, part) and entry.is_file():
                    return _FLAT
                if not is_passed_over(entry.name) and entry.is_dir():
                    inner.append(entry)
    except OSError as error:
        raise ImageNetSError(f"{folder} can't be listed ({reason(error)}).") from error
    # Folders called as classes first: they settle it at once.
    inner.sort(key=lambda entry: (not WNID.fullmatch(entry.name), entry.name))
    closed: ImageNetSError | None = None
    for entry in inner:
        try:
            if _has_images(entry.path, part):
                return "class folders"
        except OSError as error:  # where others have images, it is named when the folder is indexed
            if WNID.fullmatch(entry.name):
                closed = ImageNetSError(f"{entry.path} can't be listed ({reason(error)}).")
    if closed is not None:
        raise closed
    return None


def _has_images(folder: str, part: ImageNetPart) -> bool:
    with os.scandir(folder) as entries:
        return any(image_id_of(entry.name, part) for entry in itertools.islice(entries, _FIRST_FILES))


def _beside_images(folder: str, part: ImageNetPart) -> Folder:
    """What may lie beside the images of a flat folder, asked for by name: listing 50,000 files takes long."""
    subfolders = [name for name in FOLDER_NAMES[part] if os.path.isdir(f"{folder}/{name}")]
    return Folder("", subfolders, [name for name in (_OFFICIAL_TARS[part],) if os.path.exists(f"{folder}/{name}")])


def _extracted(place: str, part: ImageNetPart, folders: Sequence[str], part_names: set[str]) -> Iterator[ImageReader]:
    """The Hub's tars, extracted: train_images_0, train_images_1, ..."""
    pattern = re.compile(rf"{_WORDS[part]}_images(_\d+)?", re.ASCII | re.IGNORECASE)
    numbered = [name for name in folders if pattern.fullmatch(name) and name not in part_names]
    if numbered := [name for name in numbered if _layout(f"{place}/{name}", part)]:
        yield ImageFolderReader(place, part, f"extracted tars ({some(numbered, 2)})", tuple(numbered))


def _class_tars(folder: str, content: Folder, part: ImageNetPart) -> Iterator[ImageReader]:
    """Tars of one class each: the official training tar, unpacked once; also each in the folder of its class."""
    if part != "train":
        return
    tars = [f"{folder}/{name}" for name in content.files if _CLASS_TAR.fullmatch(name)]
    in_folders = [f"{folder}/{name}/{name}.tar" for name in content.folders if WNID.fullmatch(name)]
    # A few say whether there are any: a thousand questions to a network disk take a second.
    if any(map(os.path.isfile, in_folders[:3] + in_folders[-3:])):
        tars += filter(os.path.isfile, in_folders)
    if tars:
        yield TarReader(folder, part, "a tar a class", tars)


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
        if paths := [f"{folder}/{file}" for file in files if matching.fullmatch(file)]:
            yield kind(folder, part, layout, paths)
