"""Where shards go: a folder here (`LocalPlace`), or an address that fsspec knows (`remote_place`).

Both give one promise: what has its final name is whole. A file is written under a name of its own, synced, renamed;
the folder is synced too, so that the promise also holds after a power cut.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol

from imagenet_s.conversion.errors import ImageNetSError

INCOMPLETE = ".incomplete"
"""How the names of unfinished files end."""


class Place(Protocol):
    """A folder of results; names are relative, with `/`."""

    url: str
    shared: bool
    """Whether other processes see it."""

    def create(self, name: str) -> tuple[IO[bytes], str]:
        """Open a new file for what will be `name`; also gives the name it has until then."""
        ...

    def publish(self, aside: str, name: str) -> None:
        """Give a closed file its final name, replacing what had it."""
        ...

    def discard(self, aside: str) -> None:
        """Remove an unfinished file, if it is there."""
        ...

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Open a file to read it."""
        ...

    def size(self, name: str) -> int | None:
        """The bytes of a file; None where there is none."""
        ...

    def names(self, folder: str) -> list[str]:
        """The names of the files in a folder, unfinished ones included; none where there is no such folder."""
        ...

    def free(self) -> int | None:
        """Bytes that still fit; None where nobody knows."""
        ...

    def readable_errors(self) -> AbstractContextManager[None]:
        """Goes around whatever talks to the place: what goes wrong there comes out as OSError."""
        ...


def open_place(out: str | os.PathLike[str]) -> Place:
    """The place behind a path or an address.

    Raises:
        ImageNetSError: a file is in the way, or there is no such protocol.
    """
    path = os.fspath(out)
    if "://" in path and not path.startswith("file://"):
        from imagenet_s.conversion.shards.remote_place import RemotePlace

        return RemotePlace(path)
    path = os.path.abspath(os.path.expanduser(path.removeprefix("file://")))
    if os.path.exists(path) and not os.path.isdir(path):
        raise ImageNetSError(f"{path} is a file: name a folder for the result.")
    return LocalPlace(path)


def write_whole(place: Place, name: str, data: bytes) -> None:
    """Write a small file so that it is there as a whole or not at all."""
    file, aside = place.create(name)
    try:
        with file:
            file.write(data)
            file.flush()
            with contextlib.suppress(OSError, AttributeError):
                os.fsync(file.fileno())
        place.publish(aside, name)
    finally:
        place.discard(aside)


def aside_name(name: str) -> str:
    """A name of its own for an unfinished file, in the same folder."""
    folder, _, base = name.rpartition("/")
    return f"{folder}/.{base}.{uuid.uuid4().hex[:12]}{INCOMPLETE}".lstrip("/")


class LocalPlace:
    """A folder of this machine, or one that all machines of a cluster see."""

    shared = True

    def __init__(self, root: str) -> None:
        self.url = root

    def create(self, name: str) -> tuple[IO[bytes], str]:
        """See `Place`."""
        aside = aside_name(name)
        path = self._path(aside)
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "xb", buffering=0), aside

    def publish(self, aside: str, name: str) -> None:
        """See `Place`."""
        target = self._path(name)
        os.replace(self._path(aside), target)
        _sync_folder(target.parent)

    def discard(self, aside: str) -> None:
        """See `Place`."""
        self._path(aside).unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        """See `Place`."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def open(self, name: str) -> IO[bytes]:
        """See `Place`."""
        return self._path(name).open("rb")

    def size(self, name: str) -> int | None:
        """See `Place`."""
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """See `Place`."""
        try:
            return sorted(f"{folder}/{one.name}".lstrip("/") for one in self._path(folder).iterdir() if one.is_file())
        except FileNotFoundError:
            return []

    def free(self) -> int | None:
        """See `Place`."""
        with contextlib.suppress(OSError, AttributeError):
            folder = next(one for one in (Path(self.url), *Path(self.url).parents) if one.exists())
            about = os.statvfs(folder)
            return about.f_bavail * about.f_frsize
        return None

    def readable_errors(self) -> AbstractContextManager[None]:
        """See `Place`; nothing else comes from the operating system."""
        return contextlib.nullcontext()

    def _path(self, name: str) -> Path:
        return Path(self.url, name)


@contextlib.contextmanager
def _folder_descriptor(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    # Windows opens no folders, and some network disks sync none; the rename itself stands.
    with contextlib.suppress(OSError), _folder_descriptor(folder) as descriptor:
        os.fsync(descriptor)
