"""Readers of maps: `.npy`, `.npz` and grey PNG files named by image id, in a folder or a zip.

A reader can be pickled and sent to another process: it opens files when a map is first read. An `.npz` is a zip of
`.npy` files: one that holds every map by image id is read as such.
"""

from __future__ import annotations

import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..matched_miou.read_mask import cause
from .read_map import DAMAGED, read_map_file

_ENDINGS = (".npy", ".npz", ".png")


class MapReader(ABC):
    """Maps by image id.

    Attributes:
        path: what was opened.
        ids: the image ids, sorted.
    """

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
        except DAMAGED as error:
            raise ValueError(f"{self.path}: {name} cannot be read as a map ({cause(error)}).") from error
        return read_map_file(data, f"{self.path}: {name}")

    @abstractmethod
    def _bytes(self, name: str) -> bytes: ...


class MapFolder(MapReader):
    """Files below a folder, at any depth, links followed."""

    def __init__(self, path: Path) -> None:
        names = []
        for folder, below, files in os.walk(path, followlinks=True):
            below[:] = sorted(name for name in below if not name.startswith("."))
            names += [(Path(folder) / name).relative_to(path).as_posix() for name in files]
        super().__init__(path, names)

    def _bytes(self, name: str) -> bytes:
        return (self.path / name).read_bytes()


class MapZip(MapReader):
    """Files in a zip, which is not extracted."""

    def __init__(self, path: Path) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except DAMAGED as error:
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
        ValueError: there is no such path, no map in it, or two maps of one image.
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
    found: dict[str, str] = {}
    names = sorted(names)
    for name in names:
        base = name.rsplit("/", 1)[-1]
        stem, ending = os.path.splitext(base)
        if ending.lower() not in _ENDINGS or base.startswith(".") or name.startswith("__MACOSX/"):
            continue
        # What other tools append to the name of the image they explain.
        stem = stem.removesuffix(".JPEG")
        if stem in found:
            raise ValueError(
                f"{path} holds two maps of {stem}: {found[stem]} and {name}; keep those of one method in a folder."
            )
        found[stem] = name
    if not found:
        raise ValueError(
            f"{path} holds no map (it holds {', '.join(names[:3]) or 'nothing'}): expected files named by image id, as "
            "ILSVRC2012_val_00000293.npy (.npy, .npz or a grey .png)."
        )
    return found
