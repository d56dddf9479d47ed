"""`HashingFile`: hashes what is written to a file, and syncs it to the disk meanwhile.

Hashing and writing happen in the thread that encodes the rows: a worker keeps one core busy, so that N workers use N.
Only waiting for the disk is left to another thread: a single `fsync` at the end would make everybody wait.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import IO, Any

_SYNC_EVERY = 32 << 20


class HashingFile(io.RawIOBase):
    """A write-only stream over an open file, which stays open.

    Left by an exception, it ignores what is written afterwards: the footer, say, that a Parquet writer sends when it is
    closed.

    Attributes:
        size: bytes written so far.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.size = 0
        self._file = file
        self._digest = hashlib.sha256()
        self._syncer = ThreadPoolExecutor(1, "imagenet-s sync")
        self._syncing: Future[None] | None = None
        self._synced = 0
        self._failure: BaseException | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._failure = self._failure or error
        if kind is None:
            self.close()
        else:
            self._syncer.shutdown()
            super().close()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: Any) -> int:
        """Write bytes; errors are raised by `check` and `close`."""
        view = memoryview(data).cast("B")
        if self._failure is None:
            try:
                self._write(view)
            # Whatever it is: Arrow calls this in the middle of a column, where (with content-defined chunking) an
            # exception aborts the process.
            except BaseException as error:  # noqa: BLE001
                self._failure = error
        return len(view)

    def check(self) -> None:
        """Raise the error of an earlier `write`.

        Raises:
            OSError: bytes can't be written or synced: the disk is full, say.
        """
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Wait until everything is synced, where that can be done; nothing more can be written.

        Raises:
            OSError: as for `check`.
        """
        if self.closed:
            return
        super().close()
        try:
            self.check()
            self._file.flush()
            self._sync()
            self._wait()
        finally:
            self._syncer.shutdown()

    @property
    def sha256(self) -> str:
        """Of everything that was written, as hexadecimal digits."""
        return self._digest.hexdigest()

    def _write(self, view: memoryview) -> None:
        self._digest.update(view)
        self._file.write(view)
        self.size += len(view)
        if self.size - self._synced >= _SYNC_EVERY:
            self._sync()

    def _sync(self) -> None:
        self._wait()
        self._syncing, self._synced = self._syncer.submit(_sync, self._file), self.size

    def _wait(self) -> None:
        if self._syncing is not None:
            self._syncing.result()


def _sync(file: IO[bytes]) -> None:
    """Write a file's data to the disk, and free the page cache that held it.

    A conversion writes far more than fits into memory and reads none of it again: cached, it would displace the images
    that are still to be read.
    """
    try:
        descriptor = file.fileno()
    except (OSError, AttributeError):  # a file of a remote file system
        return
    getattr(os, "fdatasync", os.fsync)(descriptor)
    with contextlib.suppress(OSError, AttributeError):  # not every system has it
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
