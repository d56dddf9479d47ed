"""Storage of a result: a folder (`LocalStorage`), or an address that fsspec knows (`FsspecStorage`).

Both promise that a file with its final name is complete. A file is written under a temporary name and renamed; in a
folder it is synced before, and the folder after, so that the promise also survives a power failure. Behind an address a
rename is `fs.mv`: atomic on file systems (sftp, hdfs), a copy and a removal on object stores. There the completion
marker decides, which is written after it: a shard without one is written again.
"""

from __future__ import annotations

import abc
import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import fsspec

from ..core.atomic_write import atomic_write, temporary_name
from ..core.errors import ImageNetSError
from ..core.paths import is_address, path_or_address

_NOT_THE_STORAGES = ("builtins", "imagenet_s", "pyarrow", "concurrent", "distributed")
"""Whose errors are passed on; those of botocore, google.api_core, azure, paramiko and so on are the storage's."""


def open_storage(out: str | os.PathLike[str]) -> Storage:
    """The storage behind a path or an address. Credentials come from the environment, as fsspec finds them.

    Raises:
        ImageNetSError: a file is in the way, fsspec does not know the protocol, or what it needs is not installed.
    """
    place = path_or_address(out)
    if is_address(place):
        return FsspecStorage(place)
    if os.path.exists(place) and not os.path.isdir(place):
        raise ImageNetSError(f"{place} is a file: name a folder for the result.")
    return LocalStorage(place)


class Storage(abc.ABC):
    """A folder of results; names are relative, with `/`.

    Attributes:
        url: its path or address.
        shared: whether other processes see it.
    """

    url: str
    shared: bool = True

    @abc.abstractmethod
    def create(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """A file to write to, for a `with` block: it gets its name when the block ends, replacing an older one.

        Left by an exception, nothing remains.
        """

    def write(self, name: str, data: bytes) -> None:
        """Write a small file."""
        with self.create(name) as file:
            file.write(data)

    @abc.abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""

    def remove_folder(self, name: str) -> None:
        """Remove a folder, if it exists and is empty; behind an address, folders go with their last file."""
        return

    @abc.abstractmethod
    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none."""

    @abc.abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """Open a file to read it."""

    @abc.abstractmethod
    def size(self, name: str) -> int | None:
        """The bytes of a file; None where there is none."""

    @abc.abstractmethod
    def names(self, folder: str) -> list[str]:
        """The names of the files in a folder, unfinished ones included; none where there is no such folder."""

    def free(self) -> int | None:
        """Free bytes; None where that is not known."""
        return None

    @contextlib.contextmanager
    def readable_errors(self) -> Iterator[None]:
        """Turns what goes wrong in the storage into OSError."""
        yield


class LocalStorage(Storage):
    """A folder of this machine, or one that all machines of a cluster see."""

    def __init__(self, root: str) -> None:
        self.url = root

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[IO[bytes]]:
        path = self._path(name)
        with atomic_write(path) as file:
            yield file
        _sync_folder(path.parent)

    def remove(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def remove_folder(self, name: str) -> None:
        with contextlib.suppress(OSError):
            self._path(name).rmdir()

    def read(self, name: str) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def open(self, name: str) -> IO[bytes]:
        return self._path(name).open("rb")

    def size(self, name: str) -> int | None:
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(
                f"{folder}/{path.name}".lstrip("/") for path in self._path(folder).iterdir() if path.is_file()
            )
        except FileNotFoundError:
            return []

    def free(self) -> int | None:
        with contextlib.suppress(OSError, AttributeError):
            folder = next(path for path in (Path(self.url), *Path(self.url).parents) if path.exists())
            about = os.statvfs(folder)
            return about.f_bavail * about.f_frsize
        return None

    def _path(self, name: str) -> Path:
        return Path(self.url, name)


_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EPERM, errno.EISDIR)
"""What Windows, which opens no folders, and network disks, some of which sync none, answer."""


def _sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power failure, where that can be done."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


class FsspecStorage(Storage):
    """A folder behind an address: `s3://bucket/imagenet-s`, `gs://...`, `hf://...`, `memory://` and so on."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        try:
            self._fs, self._root = fsspec.core.url_to_fs(self.url)
        except (ValueError, ImportError) as error:
            raise ImageNetSError(f"{url} can't be written to: {error}") from error
        # Files in the memory of one process are seen by no other.
        self.shared = self.url.split("://")[0] != "memory"

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[IO[bytes]]:
        folder, _, base = name.rpartition("/")
        temporary = f"{folder}/{temporary_name(base)}".lstrip("/")
        try:
            with self._open_new(self._path(temporary)) as file:
                yield file
            if self.size(name) is not None:
                self.remove(name)
            self._fs.mv(self._path(temporary), self._path(name))
        finally:
            self.remove(temporary)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def read(self, name: str) -> bytes | None:
        try:
            return bytes(self._fs.cat_file(self._path(name)))
        except FileNotFoundError:
            return None

    def open(self, name: str) -> IO[bytes]:
        return self._fs.open(self._path(name), "rb")

    def size(self, name: str) -> int | None:
        try:
            return int(self._fs.info(self._fresh(name))["size"])
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        try:
            entries: list[dict[str, Any]] = self._fs.ls(self._fresh(folder), detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        files = (entry["name"].rsplit("/", 1)[-1] for entry in entries if entry["type"] == "file")
        return sorted(f"{folder}/{name}".lstrip("/") for name in files)

    @contextlib.contextmanager
    def readable_errors(self) -> Iterator[None]:
        """Each storage has its own errors, some of which can't even be pickled on the way out of a worker."""
        try:
            yield
        except Exception as error:
            passed_on = type(error).__module__.partition(".")[0] in _NOT_THE_STORAGES
            nameless = isinstance(error, OSError) and error.filename is None and self.url not in str(error)
            if passed_on and not nameless:
                raise
            raise OSError(f"{self.url}: {'' if passed_on else type(error).__name__ + ': '}{error}") from error

    def _open_new(self, path: str) -> IO[bytes]:
        try:
            return self._fs.open(path, "wb")
        except FileNotFoundError:
            # Object stores have no folders: asked for one first, some would create a missing bucket.
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            return self._fs.open(path, "wb")

    def _fresh(self, name: str) -> str:
        """The full path, not to be answered from a cache: other processes write there too."""
        path = self._path(name)
        self._fs.invalidate_cache(path)
        return path

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")
