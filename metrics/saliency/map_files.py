"""Maps on disk: `.npy`, `.npz` and grey PNG files named by image id, in a folder or a zip.

A reader can be pickled and sent to another process: it opens files when a map is first read. An `.npz` is a zip of
`.npy` files: one that holds every map by image id is read as such.
"""

from __future__ import annotations

import io
import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...conversion.core.errors import cause
from ...conversion.core.walk import walk_files
from ...conversion.facts.spellings import official_id
from ..matched_miou.counts_file import DAMAGED_NPZ
from .map_array import grey_values

_ENDINGS = (".npy", ".npz", ".png")


class MapReader(ABC):
    """Maps by image id.

    Attributes:
        path: what was opened.
        ids: the image ids, sorted.
    """

    path: Path
    ids: list[str]

    @abstractmethod
    def read(self, image_id: str) -> NDArray[Any]:
        """The map of an image: H x W, of any type."""


class _MapFiles(MapReader):
    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self.path = path
        self._names = _by_image_id(names, path)
        self.ids = sorted(self._names)

    def read(self, image_id: str) -> NDArray[Any]:
        """The array of a map, as it is stored.

        Raises:
            ValueError: the file is damaged, or holds no array, or several.
        """
        name = self._names[image_id]
        try:
            data = self._bytes(name)
        except DAMAGED_NPZ as error:
            raise ValueError(f"{self.path}: {name} cannot be read as a map ({cause(error)}).") from error
        return read_map_file(data, f"{self.path}: {name}")

    @abstractmethod
    def _bytes(self, name: str) -> bytes: ...


class MapFolder(_MapFiles):
    """Files below a folder, at any depth."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, walk_files(path))

    def _bytes(self, name: str) -> bytes:
        return (self.path / name).read_bytes()


class MapZip(_MapFiles):
    """Files in a zip, which is not extracted."""

    def __init__(self, path: Path) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except DAMAGED_NPZ as error:
            raise ValueError(f"{path} is damaged ({cause(error)}); make or fetch it again.") from error
        super().__init__(path, names)
        self._archive: zipfile.ZipFile | None = None

    def _bytes(self, name: str) -> bytes:
        if self._archive is None:
            self._archive = zipfile.ZipFile(self.path)
        return self._archive.read(name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_archive": None}


def open_map_reader(path: str | os.PathLike[str]) -> MapReader:
    """The reader for a folder, a zip, or an `.npz` that holds every map by its image id.

    Raises:
        ValueError: there is no such path, no map in it, two maps of one image, or a folder that can't be listed.
    """
    root = Path(path)
    if root.is_dir():
        return MapFolder(root)
    if not root.exists():
        raise ValueError(f"{root}: there is no such folder or zip of maps.")
    if zipfile.is_zipfile(root):
        return MapZip(root)
    with root.open("rb") as file:
        if file.read(2) == b"PK":
            raise ValueError(f"{root} is damaged (it has no end: it was cut off); make or fetch it again.")
    raise ValueError(f"{root} is neither a folder nor a zip of maps.")


def _by_image_id(names: Iterable[str], path: Path) -> dict[str, str]:
    by_id: dict[str, str] = {}
    names = sorted(names)
    for name in names:
        base = name.rsplit("/", 1)[-1]
        stem, ending = os.path.splitext(base)
        if ending.lower() not in _ENDINGS or base.startswith(".") or name.startswith("__MACOSX/"):
            continue
        stem = official_id(stem)  # tools append their ending to the name of the image's file
        if stem in by_id:
            raise ValueError(
                f"{path} holds two maps of {stem}: {by_id[stem]} and {name}; keep those of one method in a folder."
            )
        by_id[stem] = name
    if not by_id:
        raise ValueError(
            f"{path} holds no map (it holds {', '.join(names[:3]) or 'nothing'}): expected files named by image id, as "
            "ILSVRC2012_val_00000293.npy (.npy, .npz or a grey .png)."
        )
    return by_id


def read_map_file(data: bytes, name: str) -> NDArray[Any]:
    """The array of a map as it is stored: of an `.npy`, an `.npz` that holds one array, or a grey PNG.

    Args:
        data: the bytes of the file.
        name: its name, whose ending tells a PNG from an array.

    Raises:
        ValueError: the file is damaged, or holds no array, or several; the message names it.
    """
    try:
        return _png(data) if name.lower().endswith(".png") else _npy(data)
    except (*DAMAGED_NPZ, Image.DecompressionBombError) as error:
        raise ValueError(f"{name} cannot be read as a map ({cause(error)}).") from error


def _png(data: bytes) -> NDArray[Any]:
    # No other format is tried: for some of them Pillow would start other programs.
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.verify()  # `load` does not compare the checksums of pixel data
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        return grey_values(image)


def _npy(data: bytes) -> NDArray[Any]:
    loaded = np.load(io.BytesIO(data), allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded
    with loaded:
        if len(loaded.files) != 1:
            raise ValueError(f"it holds {len(loaded.files)} arrays ({', '.join(loaded.files[:5])}): expected one")
        only: NDArray[Any] = loaded[loaded.files[0]]
        return only
