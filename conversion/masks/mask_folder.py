"""Files below a folder: an extracted tree of masks, or predictions."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..core.errors import ImageNetSError, is_utf8, reason
from .mask_reader import MaskReader, is_hidden


class FolderReader(MaskReader):
    """See `MaskReader`.

    Args:
        path: the folder.
        subfolders: look only into these; a tree has a million images beside its masks.
    """

    def __init__(self, path: Path, subfolders: Sequence[str] = ("",)) -> None:
        super().__init__(path)
        self._subfolders = tuple(subfolders)

    @functools.cached_property
    def names(self) -> list[str]:
        found = []
        for subfolder in self._subfolders:
            for folder, below, files in os.walk(self.path / subfolder, followlinks=True):
                below[:] = [one for one in below if not one.startswith(".")]
                inner = Path(folder).relative_to(self.path).as_posix()
                found += [one if inner == "." else f"{inner}/{one}" for one in files]
        # No official name has bytes that are no UTF-8, and no table can hold such a name.
        return sorted(one for one in found if is_utf8(one) and not is_hidden(one))

    def read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise ImageNetSError(f"{self.describe(name)} cannot be read ({reason(error)}).") from error

    def stored_in(self, split: str) -> Iterable[str]:
        return sorted(self.masks(split).values())

    def describe(self, name: str) -> str:
        return str(self.path / name)
