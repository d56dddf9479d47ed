"""`FolderReader`: files below a folder, such as an extracted tree of masks, or predictions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import ImageNetSError, is_utf8, reason
from ..core.walk import walk_files
from .mask_reader import MaskReader, is_hidden


class FolderReader(MaskReader):
    """Files below a folder, links followed."""

    def __init__(self, path: Path, names: Sequence[str] | None = None) -> None:
        super().__init__(path)
        self._names = None if names is None else list(names)

    @property
    def names(self) -> list[str]:
        if self._names is None:
            # No official name has bytes that are no UTF-8, and no table can hold such a name.
            self._names = sorted(name for name in walk_files(self.path) if is_utf8(name) and not is_hidden(name))
        return self._names

    def read(self, name: str) -> bytes:
        try:
            with open(os.path.join(self.path, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise ImageNetSError(f"{self.describe(name)}: there is no such file.") from None
        except OSError as error:
            raise ImageNetSError(f"{self.describe(name)} cannot be read ({reason(error)}).") from error

    def stored_in(self, names: Iterable[str]) -> Iterable[str]:
        return sorted(names)

    def describe(self, name: str) -> str:
        return str(self.path / name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_names": None}
