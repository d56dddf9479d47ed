"""`ZipReader`: files in a zip, which is never unpacked: an official archive, masks of one's own, a submission."""

from __future__ import annotations

import functools
import lzma
import posixpath
import re
import stat
import struct
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..core.errors import ImageNetSError, cause, some
from .mask_reader import MaskReader, is_hidden

_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(ValueError, struct.error, OverflowError, MemoryError),  # sizes, offsets and names that can't be
    *(NotImplementedError, RuntimeError),  # compressions and encryption that it does not know
)
"""What `zipfile` raises on damage."""


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

    def read(self, name: str) -> bytes:
        """The content of a file, its CRC checked."""
        try:
            # Decoding, which takes much longer, is done without the lock.
            with self._lock:
                return self._zip.read(name)
        except _ZIP_ERRORS as error:
            raise ImageNetSError(
                f"{self.describe(name)} is damaged ({cause(error)}); make or fetch the zip again."
            ) from error

    def describe(self, name: str) -> str:
        return f"{self.path}: {_one_line(name)}"

    def stored_in(self, names: Iterable[str]) -> Iterable[str]:
        return [""]

    def check_members(self) -> None:
        """Check the CRC of every member; raises an ImageNetSError that names the damaged ones."""
        self.refuse_unsafe_names()
        damaged = []
        infos = self._zip.infolist()
        for info in tqdm(infos, desc=f"Checking {self.path.name}", unit="file", delay=1):
            try:
                with self._zip.open(info) as member:
                    while member.read(1 << 20):
                        pass
            except _ZIP_ERRORS:
                damaged.append(_one_line(info.filename))
        if damaged:
            raise ImageNetSError(
                f"{self.path} is damaged: {some(damaged)} cannot be read (of {len(infos):,} members); fetch it again."
            )

    def refuse_unsafe_names(self) -> None:
        """Raise an ImageNetSError if extracting a member would write outside the target folder.

        This package extracts nothing, but users do, and no official archive has such names.
        """
        for info in self._zip.infolist():
            if problem := self._problem_of(info):
                raise ImageNetSError(
                    f"{self.path} is refused: its member {info.orig_filename[:200]!r} has {problem}, which no official "
                    "archive has; fetch it from the official address."
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
        except _ZIP_ERRORS as error:
            raise ImageNetSError(
                f"{self.path} is not a complete zip ({cause(error)}): it was cut off or is something else; make or "
                "fetch it again."
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"])  # type: ignore[misc]

    def _problem_of(self, info: zipfile.ZipInfo) -> str | None:
        for name in (info.filename, info.orig_filename):
            if name.startswith("/") or re.match(r"[A-Za-z]:", name):
                return "an absolute path"
            if "\\" in name:
                return "a backslash in its path"
            if ".." in name.split("/"):
                return "a path that leads out of the archive"
        if stat.S_ISLNK(info.external_attr >> 16):
            try:
                target = self._zip.read(info).decode(errors="replace")
            except _ZIP_ERRORS as error:
                raise ImageNetSError(
                    f"{self.describe(info.filename)}, a link, is damaged ({cause(error)}); fetch the archive again."
                ) from error
            end = posixpath.normpath(posixpath.join(posixpath.dirname(info.filename), target))
            if target.startswith("/") or end.split("/")[0] == "..":
                return f"a link that leads out of the archive ({target})"
        return None


def is_zip(path: Path) -> bool:
    """Whether a file is a zip, by its name or by what is in it."""
    return path.suffix.lower() == ".zip" or zipfile.is_zipfile(path)


def _one_line(name: str) -> str:
    """A name for a message: unlike that of a file, it may be anything."""
    return name.replace("\n", "\\n")
