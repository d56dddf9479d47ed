"""Readers of PNGs: in a folder, or in a zip."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

from ...matched_miou.counts_file import DAMAGED_ZIP
from ...matched_miou.read_mask import cause
from .mask_reader import MaskReader
from .names import Choice, keys_of, mask_folders


class FolderReader(MaskReader):
    """PNGs below a folder, links followed.

    Args:
        path: the folder.
        names: of the files in it, with `/`.
    """

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path = path
        self._names = keys_of(names, path)
        self.keys = sorted(self._names)

    def read(self, key: str) -> Path:
        """The path of the PNG."""
        return self.path / self._names[key]


class ZipReader(MaskReader):
    """PNGs in a zip, which is not extracted."""

    def __init__(self, path: Path, choice: Choice) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
        except DAMAGED_ZIP as error:
            raise ValueError(f"{path} is damaged ({cause(error)}); make or fetch the zip again.") from error
        self._names = keys_of(_chosen(names, choice, path), path)
        self.keys = sorted(self._names)
        self._archive: zipfile.ZipFile | None = None

    def read(self, key: str) -> bytes:
        """The bytes of the PNG."""
        try:
            if self._archive is None:
                self._archive = zipfile.ZipFile(self.path)
            return self._archive.read(self._names[key])
        except (*DAMAGED_ZIP, KeyError) as error:
            raise ValueError(f"{self.path}: {key} is damaged ({cause(error)}); make or fetch the zip again.") from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_archive": None}


def file_names(path: Path, choice: Choice) -> list[str]:
    """The names of all files below a folder, with `/`, but for hidden folders and those that the choice leaves out.

    Raises:
        ValueError: an official tree without the masks of the split.
    """
    names, other = [], set()
    for folder, below, files in os.walk(path, followlinks=True):
        visible = [name for name in below if not name.startswith(".")]
        chosen = choice.among(visible)
        below[:] = [name for name in visible if name in chosen]
        if not chosen:
            other |= mask_folders(visible)
        names += [(Path(folder) / name).relative_to(path).as_posix() for name in files]
    if other and not any(name.lower().endswith(".png") for name in names):
        raise choice.refusal(path, other)
    return names


def _chosen(names: list[str], choice: Choice, path: Path) -> list[str]:
    """The names of the members that the choice does not leave out."""
    beside: dict[tuple[str, ...], set[str]] = {}
    split = [(name, name.split("/")) for name in names]
    for _, parts in split:
        for depth, folder in enumerate(parts[:-1]):
            beside.setdefault(tuple(parts[:depth]), set()).add(folder)
    kept = {above: choice.among(folders) for above, folders in beside.items()}
    found = [
        name
        for name, parts in split
        if all(folder in kept[tuple(parts[:depth])] for depth, folder in enumerate(parts[:-1]))
    ]
    other = {one for folders in beside.values() for one in mask_folders(folders)}
    if not found and other:
        raise choice.refusal(path, other)
    return found
