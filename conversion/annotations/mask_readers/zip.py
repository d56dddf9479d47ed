"""Masks in an official archive: read straight out of the zip, which is never unpacked."""

from __future__ import annotations

import hashlib
import posixpath
import re
import stat
import threading
import zipfile
import zlib
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from imagenet_s.conversion.errors import ImageNetSError, some

_MASK = re.compile(r"(?:^|/)(train-semi|validation)-segmentation/(n\d{8})/([^/]+)\.png$")
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
"""What `zipfile` raises on damage; the last two for compressions and encryption that it does not know."""


class ZipSource:
    """The masks of both annotated splits in one zip.

    Masks are found by the end of their path, `<split>-segmentation/<wnid>/<image>.png`, whatever is above. Reading is
    safe from several threads: each has the zip open once. Use it in a `with` statement, or `close()` it.

    The zip is opened when something of it is first asked for; what is wrong with it is said then: no readable zip, a
    member that points outside of it, a mask that is there twice.

    Args:
        path: the archive.
    """

    form: Literal["official", "ids"] = "official"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._lock = threading.RLock()
        self._opened: list[zipfile.ZipFile] = []
        self._masks: dict[str, dict[str, tuple[str, str]]] = {}

    def folders(self, split: str) -> dict[str, str]:
        """Image -> class folder, for the masks of a split."""
        return {image_id: wnid for image_id, (wnid, _) in self._index()[split].items()}

    def name_of(self, split: str, image_id: str) -> str:
        """What to call a mask in an error."""
        return f"{self.path}: {self._index()[split][image_id][1]}"

    def read(self, split: str, image_id: str) -> bytes:
        """The PNG of a mask, its CRC checked.

        Raises:
            ImageNetSError: damaged.
        """
        try:
            return self._zip().read(self._index()[split][image_id][1])
        except _ZIP_ERRORS as error:
            raise ImageNetSError(f"{self.name_of(split, image_id)} is damaged ({error}).") from error

    def identity(self, split: str) -> str:
        """Changes when the archive does; the same for both splits."""
        about = self.path.resolve().stat()
        text = f"{self.path.resolve()}|{about.st_size}|{about.st_mtime_ns}"
        return hashlib.sha256(text.encode()).hexdigest()

    def check_whole(self) -> None:
        """Read every member to its end, so that every CRC is checked.

        Raises:
            ImageNetSError: damaged members, named.
        """
        self._index()  # refuses unsafe names
        damaged = []
        infos = self._zip().infolist()
        for info in tqdm(infos, desc=f"Checking {self.path.name}", unit="file", delay=1):
            try:
                with self._zip().open(info) as member:
                    while member.read(1 << 20):
                        pass
            except _ZIP_ERRORS:
                damaged.append(info.filename)
        if damaged:
            raise ImageNetSError(
                f"{self.path} is damaged: {some(damaged)} cannot be read (of {len(infos):,} members); fetch it again."
            )

    def close(self) -> None:
        """Close the zip in every thread that had it open."""
        with self._lock:
            while self._opened:
                self._opened.pop().close()
        self._local = threading.local()

    def __enter__(self) -> ZipSource:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _index(self) -> dict[str, dict[str, tuple[str, str]]]:
        """Split -> image -> class folder, name of the member."""
        with self._lock:
            if not self._masks:
                self._masks = self._read_index()
        return self._masks

    def _read_index(self) -> dict[str, dict[str, tuple[str, str]]]:
        found: dict[str, dict[str, tuple[str, str]]] = {"train_semi": {}, "validation": {}}
        for info in self._zip().infolist():
            self._refuse_unsafe(info)
            match = _MASK.search(info.filename)
            # What macOS adds when it packs a folder looks like masks and is none.
            if match is None or match[3].startswith("._"):
                continue
            masks = found[match[1].replace("-", "_")]
            if match[3] in masks:
                raise ImageNetSError(
                    f"{self.path} has two masks of {match[3]}: {masks[match[3]][1]} and {info.filename}."
                )
            masks[match[3]] = (match[2], info.filename)
        return found

    def _zip(self) -> zipfile.ZipFile:
        opened: zipfile.ZipFile | None = getattr(self._local, "zip", None)
        if opened is None:
            try:
                opened = zipfile.ZipFile(self.path)
            except FileNotFoundError:
                raise
            except _ZIP_ERRORS as error:
                raise ImageNetSError(
                    f"{self.path} is not a whole zip ({error}): it was cut off or is something else; fetch it again."
                ) from error
            self._local.zip = opened
            with self._lock:
                self._opened.append(opened)
        return opened

    def _refuse_unsafe(self, info: zipfile.ZipInfo) -> None:
        # Nothing is ever extracted from it; but others will unpack the same file, and an archive with such names is
        # not the official one.
        problem = None
        for name in (info.filename, info.orig_filename):
            if name.startswith("/") or re.match(r"[A-Za-z]:", name):
                problem = "an absolute path"
            elif "\\" in name:
                problem = "a backslash in its path"
            elif ".." in name.split("/"):
                problem = "a path that leads out of the archive"
        if problem is None and stat.S_ISLNK(info.external_attr >> 16):
            to = self._zip().read(info).decode(errors="replace")
            end = posixpath.normpath(posixpath.join(posixpath.dirname(info.filename), to))
            if to.startswith("/") or end.split("/")[0] == "..":
                problem = f"a link that leads out of the archive ({to})"
        if problem is not None:
            raise ImageNetSError(
                f"{self.path} is refused: its member {info.orig_filename!r} has {problem}, which no official archive "
                "has; fetch it from the official address."
            )
