"""Where masks come from: a folder of PNGs, a zip of PNGs, or the Parquet shards of a converted data set.

Every source has keys, `<class folder>/<image>.png`, and reads the mask of a key. It opens its files when first asked,
so that it can be sent to another process.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any, Protocol

from imagenet_s.metrics.matched_miou.read_mask import MaskLike


class MaskSource(Protocol):
    """Masks by key."""

    path: Path
    keys: list[str]

    def read(self, key: str) -> MaskLike:
        """The mask of a key, as a path or bytes of a PNG."""


def open_source(path: str | os.PathLike[str], config: str | None = None, split: str | None = None) -> MaskSource:
    """The masks at a path, recognised by looking.

    Args:
        path: a folder or zip of `<class folder>/<image>.png` (folders above these are passed over), or what
            `imagenet-s convert` wrote.
        config: which configuration of a converted data set, if it holds several.
        split: which split of a converted data set; `validation` by default.

    Raises:
        ValueError: there is no such path, or no mask in it.
    """
    root = Path(path)
    if root.is_dir():
        shards = sorted(
            {*root.glob("*.parquet"), *(root / config).glob("*.parquet")} if config else root.glob("*.parquet")
        )
        return ShardMasks(root, shards, split or "validation") if shards else FolderMasks(root)
    if not root.exists():
        raise ValueError(f"{root}: there is no such folder or zip.")
    if zipfile.is_zipfile(root):
        return ZipMasks(root)
    raise ValueError(f"{root} is neither a folder nor a zip.")


class FolderMasks:
    """PNGs below a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        names = []
        for folder, below, files in os.walk(path, followlinks=True):
            below[:] = [name for name in below if not name.startswith(".")]
            inner = Path(folder).relative_to(path).as_posix()
            names += [name if inner == "." else f"{inner}/{name}" for name in files]
        self._files = _keys(names, path)
        self.keys = sorted(self._files)

    def read(self, key: str) -> MaskLike:
        """The path of the PNG."""
        return self.path / self._files[key]


class ZipMasks:
    """PNGs in a zip, read where they lie."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as archive:
            self._files = _keys(archive.namelist(), path)
        self.keys = sorted(self._files)
        self._archive: zipfile.ZipFile | None = None

    def read(self, key: str) -> MaskLike:
        """The bytes of the PNG."""
        if self._archive is None:
            self._archive = zipfile.ZipFile(self.path)
        try:
            return self._archive.read(self._files[key])
        except zipfile.BadZipFile as error:
            raise ValueError(f"{self.path}: {key} is damaged ({error}); make the zip again.") from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_archive": None}


class ShardMasks:
    """The `annotation` column of Parquet shards; one row group at a time is kept."""

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
                columns = file.read_row_group(group, columns=["image_id", "wnid"])
                for row, (image_id, wnid) in enumerate(
                    zip(*(columns[name].to_pylist() for name in ("image_id", "wnid")))
                ):
                    self._rows[f"{wnid}/{image_id}.png"] = (number, group, row)
        self.keys = list(self._rows)
        self._open: tuple[int, int, Any] | None = None

    def read(self, key: str) -> MaskLike:
        """The bytes of the PNG."""
        import pyarrow.parquet as pq

        number, group, row = self._rows[key]
        if self._open is None or self._open[:2] != (number, group):
            columns = pq.ParquetFile(self._shards[number]).read_row_group(group, columns=["annotation"])
            self._open = number, group, columns["annotation"].combine_chunks()
        annotation = self._open[2][row].as_py()
        if not annotation or not annotation["bytes"]:
            raise ValueError(
                f"{self.path} holds no annotation of {key}: masks of train_semi and validation are public."
            )
        return annotation["bytes"]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": None}


def _keys(names: list[str], path: Path) -> dict[str, str]:
    """Key -> name: the PNGs among the names, without the folders that all of them lie in above the class folder."""
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
