"""Results behind an address: `s3://bucket/imagenet-s`, `gs://...`, `hf://...`, `memory://` and whatever fsspec knows.

A rename there is `fs.mv`: at once on real file systems (sftp, hdfs), a copy on the server's side followed by a removal
on object stores, where it is not atomic. So what counts is the mark, which is written after it: a shard without a mark
is written anew.
"""

from __future__ import annotations

import contextlib
from typing import IO, Any

import fsspec

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.shards.place import aside_name


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
        self._fs.makedirs(self._path(aside).rpartition("/")[0], exist_ok=True)
        return self._fs.open(self._path(aside), "wb"), aside

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

    def _fresh(self, name: str) -> str:
        """The full path, to be asked for anew: other processes write there, and file systems remember listings."""
        path = self._path(name)
        self._fs.invalidate_cache(path)
        return path

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")
