"""Results behind an address: `s3://bucket/imagenet-s`, `gs://...`, `hf://...`, `memory://` and whatever fsspec knows.

A rename there is `fs.mv`: at once on real file systems (sftp, hdfs), a copy on the server's side followed by a removal
on object stores, where it is not atomic. So what counts is the mark, which is written after it: a shard without a mark
is written anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO, Any

import fsspec

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.shards.storage import aside_name

_NOT_THE_STORAGES = ("builtins", "imagenet_s", "pyarrow", "concurrent", "distributed")
"""Whose errors are what they say; those of botocore, google.api_core, azure, paramiko and so on are the storage's."""


class RemotePlace:
    """A folder behind an address; see `place.Place`. Credentials come from the environment, as fsspec finds them.

    Raises:
        ImageNetSError: fsspec does not know the protocol, or what it needs is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        try:
            self._fs, self._root = fsspec.core.url_to_fs(self.url)
        except (ValueError, ImportError) as error:
            raise ImageNetSError(f"{url} can't be written to: {error}") from error
        # Files of a process' own memory are seen by no other.
        self.shared = self.url.split("://")[0] != "memory"

    def create(self, name: str) -> tuple[IO[bytes], str]:
        """See `Place`."""
        aside = aside_name(name)
        path = self._path(aside)
        try:
            return self._fs.open(path, "wb"), aside
        except FileNotFoundError:
            # Object stores have no folders; asked for one all the same, some would make the bucket that is missing.
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            return self._fs.open(path, "wb"), aside

    def publish(self, aside: str, name: str) -> None:
        """See `Place`."""
        if self._fs.exists(self._fresh(name)):
            self._fs.rm_file(self._path(name))
        self._fs.mv(self._path(aside), self._path(name))

    def discard(self, aside: str) -> None:
        """See `Place`."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(aside))

    def read(self, name: str) -> bytes | None:
        """See `Place`."""
        try:
            return bytes(self._fs.cat_file(self._path(name)))
        except FileNotFoundError:
            return None

    def open(self, name: str) -> IO[bytes]:
        """See `Place`."""
        return self._fs.open(self._path(name), "rb")

    def size(self, name: str) -> int | None:
        """See `Place`."""
        try:
            return int(self._fs.info(self._fresh(name))["size"])
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """See `Place`."""
        try:
            entries: list[dict[str, Any]] = self._fs.ls(self._fresh(folder), detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        files = (one["name"].rsplit("/", 1)[-1] for one in entries if one["type"] == "file")
        return sorted(f"{folder}/{one}".lstrip("/") for one in files)

    def free(self) -> int | None:
        """Nobody knows."""
        return None

    @contextlib.contextmanager
    def readable_errors(self) -> Iterator[None]:
        """See `Place`. Each storage has its own errors, some of which do not even survive the way out of a worker."""
        try:
            yield
        except Exception as error:
            known = type(error).__module__.partition(".")[0] in _NOT_THE_STORAGES
            nameless = isinstance(error, OSError) and error.filename is None and self.url not in str(error)
            if known and not nameless:
                raise
            raise OSError(f"{self.url}: {'' if known else type(error).__name__ + ': '}{error}") from error

    def _fresh(self, name: str) -> str:
        """The full path, to be asked for anew: other processes write there, and file systems remember listings."""
        path = self._path(name)
        self._fs.invalidate_cache(path)
        return path

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")
