"""Predictions in a folder or a zip: which files there are, and their bytes."""

from __future__ import annotations

import os
import threading
import zipfile
import zlib
from pathlib import Path
from typing import Protocol

from imagenet_s.conversion.errors import ImageNetSError

_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
"""What `zipfile` raises on damage; the last two for compressions and encryption that it does not know."""


class Predictions(Protocol):
    """Files by their names, `<class folder>/<image_id>.png`. Reading is safe from several threads."""

    path: str
    names: list[str]

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            ImageNetSError: it can't be read.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


def open_predictions(path: str | os.PathLike[str]) -> Predictions:
    """A folder or a zip of predictions.

    Raises:
        ImageNetSError: neither.
    """
    if os.path.isdir(path):
        return _Folder(os.fspath(path))
    if not os.path.exists(path):
        raise ImageNetSError(f"{os.fspath(path)}: there is no such folder or zip of predictions.")
    return _Zip(os.fspath(path))


class _Folder:
    def __init__(self, path: str) -> None:
        self.path = path
        found = []
        for folder, below, files in os.walk(path, followlinks=True):
            below[:] = [one for one in below if not one.startswith(".")]
            inner = Path(folder).relative_to(path).as_posix()
            found += [one if inner == "." else f"{inner}/{one}" for one in files]
        self.names = sorted(one for one in found if not _is_litter(one))

    def read(self, name: str) -> bytes:
        try:
            return Path(self.path, name).read_bytes()
        except OSError as error:
            raise ImageNetSError(f"{name} can't be read ({error.strerror or error})") from error

    def close(self) -> None:
        pass


class _Zip:
    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except _ZIP_ERRORS as error:
            raise ImageNetSError(f"{path} is neither a folder nor a whole zip ({error}).") from error
        self._lock = threading.Lock()
        names = [one for one in self._zip.namelist() if not one.endswith("/") and not _is_litter(one)]
        twice = sorted({one for one in names if names.count(one) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise ImageNetSError(f"{path} holds {twice[0]} more than once: pack it anew.")
        self.names = sorted(names)

    def read(self, name: str) -> bytes:
        try:
            # One file position for all threads; decoding, which takes much longer, happens outside.
            with self._lock:
                return self._zip.read(name)
        except _ZIP_ERRORS as error:
            raise ImageNetSError(f"{name} can't be read ({error})") from error

    def close(self) -> None:
        self._zip.close()


def _is_litter(name: str) -> bool:
    """What file managers leave behind, and what a writer has not finished."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")
