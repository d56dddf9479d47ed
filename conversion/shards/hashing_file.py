"""`HashingFile`: a file that is hashed as it is written, and synced to the disk meanwhile.

Hashing and writing happen where the rows are encoded: a worker is one busy core, so that N workers use N. Only waiting
for the disk is left to a thread: one `fsync` at the end would make everybody wait.
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
    """A write-only stream over an open file. `close` waits until everything is synced, where that can be done.

    Left by an exception, the file is closed as it is, and the footer that a writer may send when it is closed is
    dropped: nobody uses the file.

    Args:
        file: where the bytes go; closed with this stream.

    Attributes:
        size: bytes written so far.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.size = 0
        self._file = file
        self._digest = hashlib.sha256()
        self._descriptor = _descriptor(file)
        self._syncer = ThreadPoolExecutor(1, "imagenet-s sync")
        self._syncing: Future[None] | None = None
        self._synced = 0
        self._abandoned = False
        self._failure: BaseException | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._abandoned = kind is not None
        self.close()

    def writable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The number of bytes written."""
        return self.size

    def write(self, data: Any) -> int:
        """Write bytes; errors are raised by `check` and `close`."""
        view = memoryview(data).cast("B")
        length = len(view)
        if not self._abandoned and self._failure is None:
            try:
                self._write(view)
            # Whatever it is: Arrow calls this in the middle of a column, where (with content-defined chunking) an
            # error ends the process.
            except BaseException as error:  # noqa: BLE001
                self._failure = error
        return length

    def check(self) -> None:
        """Raise the error of an earlier `write`.

        Raises:
            OSError: bytes can't be written or synced: the disk is full, say.
        """
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Finish; nothing more can be written.

        Raises:
            OSError: as for `check`; the file is closed all the same.
        """
        if self.closed:
            return
        super().close()
        try:
            if not self._abandoned:
                self.check()
                self._wait()
                self._file.flush()
                if self._descriptor is not None:
                    _sync(self._descriptor)
        finally:
            self._syncer.shutdown()
            self._file.close()

    @property
    def sha256(self) -> str:
        """Of everything that was written, as hexadecimal digits."""
        return self._digest.hexdigest()

    def _write(self, view: memoryview) -> None:
        self._digest.update(view)
        self.size += len(view)
        while len(view):  # an unbuffered file may take less than it was given
            view = view[self._file.write(view) :]
        if self._descriptor is not None and self.size - self._synced >= _SYNC_EVERY:
            self._wait()
            self._syncing, self._synced = self._syncer.submit(_sync, self._descriptor), self.size

    def _wait(self) -> None:
        if self._syncing is not None:
            self._syncing.result()


def _sync(descriptor: int) -> None:
    """Bring what was written to the disk, and free the page cache that held it.

    A conversion writes far more than fits into memory and reads none of it again: kept, it would push out the images
    that are still to be read.
    """
    getattr(os, "fdatasync", os.fsync)(descriptor)
    with contextlib.suppress(OSError, AttributeError):  # advice only, and not every system takes it
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _descriptor(file: IO[bytes]) -> int | None:
    try:
        return file.fileno()
    except (OSError, AttributeError):  # a file of a remote file system
        return None
