"""`ZipReader`: files in a zip, which is never unpacked: an official archive, masks of one's own, a submission."""

from __future__ import annotations

import functools
import threading
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ...metrics.matched_miou.counts_file import DAMAGED_ZIP
from ..core.errors import ImageNetSError, cause, some
from .mask_reader import MaskReader, is_hidden


class ZipReader(MaskReader):
    """Files in a zip."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._lock = threading.Lock()

    @functools.cached_property
    def names(self) -> list[str]:
        names = [name for name in self._zip.namelist() if not name.endswith("/") and not is_hidden(name)]
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise ImageNetSError(
                f"{self.path} holds {_one_line(min(twice))} twice: which of the two is meant? Pack it again."
            )
        return sorted(names)

    @property
    def passed_over(self) -> list[str]:
        """The members that are not among the names: hidden files, and what macOS adds."""
        return sorted(name for name in self._zip.namelist() if not name.endswith("/") and is_hidden(name))

    def read(self, name: str) -> bytes:
        """The content of a file, its CRC checked."""
        try:
            # Decoding, which takes much longer, is done without the lock.
            with self._lock:
                return self._zip.read(name)
        except DAMAGED_ZIP as error:
            raise ImageNetSError(
                f"{self.describe(name)} is damaged ({cause(error)}); make or fetch the zip again."
            ) from error

    def describe(self, name: str) -> str:
        return f"{self.path}: {_one_line(name)}"

    def stored_in(self, names: Iterable[str]) -> Iterable[str]:
        return [""]

    def check_members(self) -> None:
        """Check the CRC of every member; raises an ImageNetSError that names the damaged ones."""
        damaged = []
        infos = self._zip.infolist()
        for info in tqdm(infos, desc=f"Checking {self.path.name}", unit="file", delay=1):
            try:
                with self._zip.open(info) as member:
                    while member.read(1 << 20):
                        pass
            except DAMAGED_ZIP:
                damaged.append(_one_line(info.filename))
        if damaged:
            raise ImageNetSError(
                f"{self.path} is damaged: {some(damaged)} cannot be read (of {len(infos):,} members); fetch it again."
            )

    def close(self) -> None:
        if "_zip" in self.__dict__:
            self.__dict__.pop("_zip").close()

    @functools.cached_property
    def _zip(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except FileNotFoundError:
            raise
        except DAMAGED_ZIP as error:
            raise ImageNetSError(
                f"{self.path} is not a complete zip ({cause(error)}): it was cut off or is something else; make or "
                "fetch it again."
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"])  # type: ignore[misc]


def is_zip(path: Path) -> bool:
    """Whether a file is a zip, by its name or by what is in it."""
    return path.suffix.lower() == ".zip" or zipfile.is_zipfile(path)


def _one_line(name: str) -> str:
    """A name for a message: unlike that of a file, it may be anything."""
    return name.replace("\n", "\\n")
