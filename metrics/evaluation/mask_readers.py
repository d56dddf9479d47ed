"""Readers of masks: a folder of PNGs, a zip of PNGs, or the Parquet shards of a converted data set.

A reader can be pickled and sent to another process: it opens files when a mask is first read.
"""

from __future__ import annotations

import os
import zipfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any


class MaskReader(ABC):
    """Masks by key.

    Attributes:
        path: what was opened.
        keys: `<class folder>/<image>.png` of every mask.
    """

    path: Path
    keys: list[str]

    @abstractmethod
    def read(self, key: str) -> Path | bytes:
        """The path or the bytes of the PNG of a key."""


def open_mask_reader(path: str | os.PathLike[str], config: str | None = None, split: str | None = None) -> MaskReader:
    """The reader for a path, by what is found there.

    Args:
        path: a folder or zip of `<class folder>/<image>.png`, at any depth, or what `imagenet-s convert` wrote.
        config: the configuration of a converted data set that holds several.
        split: the split of a converted data set; `validation` by default.

    Raises:
        ValueError: there is no such path, or no mask in it.
    """
    root = Path(path)
    if root.is_dir():
        shards = {*root.glob("*.parquet"), *((root / config).glob("*.parquet") if config else ())}
        return ParquetReader(root, sorted(shards), split or "validation") if shards else FolderReader(root)
    if not root.exists():
        raise ValueError(f"{root}: there is no such folder or zip.")
    if zipfile.is_zipfile(root):
        return ZipReader(root)
    raise ValueError(f"{root} is neither a folder nor a zip.")


class FolderReader(MaskReader):
    """PNGs below a folder, links followed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        names = []
        for folder, below, files in os.walk(path, followlinks=True):
            below[:] = [name for name in below if not name.startswith(".")]
            names += [(Path(folder) / name).relative_to(path).as_posix() for name in files]
        self._names = _png_names(names, path)
        self.keys = sorted(self._names)

    def read(self, key: str) -> Path:
        """The path of the PNG."""
        return self.path / self._names[key]


class ZipReader(MaskReader):
    """PNGs in a zip, which is not extracted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as archive:
            self._names = _png_names(archive.namelist(), path)
        self.keys = sorted(self._names)
        self._archive: zipfile.ZipFile | None = None

    def read(self, key: str) -> bytes:
        """The bytes of the PNG."""
        if self._archive is None:
            self._archive = zipfile.ZipFile(self.path)
        try:
            return self._archive.read(self._names[key])
        except zipfile.BadZipFile as error:
            raise ValueError(f"{self.path}: {key} is damaged ({error}); make the zip again.") from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_archive": None}


class ParquetReader(MaskReader):
    """The `annotation` column of Parquet shards; the row group read last is cached."""

    def __init__(self, path: Path, shards: list[Path], split: str) -> None:
        import pyarrow.parquet as pq

        self.path = path
        self._shards = [shard for shard in shards if shard.name.startswith(f"{split}-")]
        if not self._shards:
            found = ", ".join(sorted({shard.name.rsplit("-", 3)[0] for shard in shards}))
            raise ValueError(f"{path} has no shards of the split {split!r}; it has: {found}.")
        self._rows: dict[str, tuple[int, int, int]] = {}
        for number, shard in enumerate(self._shards):
            file = pq.ParquetFile(shard)
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=["image_id", "wnid"]).to_pylist()
                for i, row in enumerate(rows):
                    self._rows[f"{row['wnid']}/{row['image_id']}.png"] = (number, group, i)
        self.keys = list(self._rows)
        self._cached: tuple[int, int, Any] | None = None

    def read(self, key: str) -> bytes:
        """The bytes of the PNG."""
        import pyarrow.parquet as pq

        number, group, row = self._rows[key]
        if self._cached is None or self._cached[:2] != (number, group):
            columns = pq.ParquetFile(self._shards[number]).read_row_group(group, columns=["annotation"])
            self._cached = number, group, columns["annotation"].combine_chunks()
        annotation = self._cached[2][row].as_py()
        if not annotation or not annotation["bytes"]:
            raise ValueError(
                f"{self.path} holds no annotation of {key}: masks of train_semi and validation are public."
            )
        return annotation["bytes"]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_cached": None}


def _png_names(names: list[str], path: Path) -> dict[str, str]:
    """Key -> name of every PNG among the names; a key leaves out the folders above the class folder that all share."""
    files = [name for name in names if name.lower().endswith(".png") and not _is_litter(name)]
    if not files:
        raise ValueError(f"{path} holds no PNG; expected <class folder>/<image>.png.")
    split = [name.split("/") for name in files]
    above = 0
    while all(len(parts) > above + 2 for parts in split) and len({parts[above] for parts in split}) == 1:
        above += 1
    return {"/".join(parts[above:])[:-4] + ".png": name for parts, name in zip(split, files)}


def _is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")
