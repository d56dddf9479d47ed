"""A file that is hashed as it is written, and brought to the disk meanwhile.

Hashing and writing happen where the rows are encoded: a worker is one busy core, so that N workers use N. Only
waiting for the disk is left to a thread. Syncing as it goes spreads what one `fsync` at the end would make everybody
wait for; space that was asked for at once keeps the file system from looking for some with every piece, while the next
one waits.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import io
import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import IO, Any

_SYNC_EVERY = 32 << 20


def _sync(descriptor: int) -> None:
    """Bring what was written to the disk, and give back the memory that held it.

    A conversion writes far more than fits into memory and reads none of it again: kept, it would push out the images
    that are still to be read. The next piece goes into the memory of the last.
    """
    getattr(os, "fdatasync", os.fsync)(descriptor)
    with contextlib.suppress(OSError, AttributeError):  # advice only, and not every system takes it
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _reserve(descriptor: int, size: int) -> None:
    """Ask the file system for the space of the whole file; where it can't, it finds some as the file grows.

    Not with `os.posix_fallocate`: on a file system without such a request (NFS before 4.2), that writes to every block.
    """
    if sys.platform == "linux" and size > 0:
        ctypes.CDLL(None).fallocate(descriptor, 0, ctypes.c_long(0), ctypes.c_long(size))


class HashingSink(io.RawIOBase):
    """A write-only stream over an open file. `close` waits until everything is synced, where that can be done.

    Left by an exception, what was written is of no use to anybody: it is closed as it is, and the footer that a writer
    may send when it is cleared away goes nowhere.

    Args:
        file: where the bytes go; closed with this stream.
        expected: about how many there will be; more or fewer do no harm.

    Attributes:
        size: bytes written so far.
    """

    def __init__(self, file: IO[bytes], expected: int = 0) -> None:
        self.size = 0
        self._file = file
        self._digest = hashlib.sha256()
        self._descriptor = _descriptor(file)
        self._waiter = ThreadPoolExecutor(1, "imagenet-s sync")
        self._syncing: Future[None] | None = None
        self._synced = 0
        self._abandoned = False
        self._failure: BaseException | None = None
        self._expected = expected
        if self._descriptor is not None:
            _reserve(self._descriptor, expected)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._abandoned = kind is not None
        self.close()

    def writable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The number of bytes written."""
        return self.size

    def write(self, data: Any) -> int:
        """Take a piece; what goes wrong is said by `check` and `close`."""
        view = memoryview(data).cast("B")
        length = len(view)
        if not self._abandoned and self._failure is None:
            try:
                self._take(view)
            # Whatever it is: Arrow calls this in the middle of a column, where (with content-defined chunking) an
            # error ends the process.
            except BaseException as error:  # noqa: BLE001
                self._failure = error
        return length

    def check(self) -> None:
        """Say what went wrong.

        Raises:
            OSError: a piece can't be written, or an earlier one could not be synced: the disk is full, say.
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
                    if self.size < self._expected:
                        os.ftruncate(self._descriptor, self.size)
                    _sync(self._descriptor)
        finally:
            self._waiter.shutdown()
            self._file.close()

    @property
    def sha256(self) -> str:
        """Of everything that was written, as hexadecimal digits."""
        return self._digest.hexdigest()

    def _take(self, view: memoryview) -> None:
        self._digest.update(view)
        self.size += len(view)
        while len(view):  # an unbuffered file may take less than it was given
            view = view[self._file.write(view) :]
        if self._descriptor is not None and self.size - self._synced >= _SYNC_EVERY:
            self._wait()
            self._syncing, self._synced = self._waiter.submit(_sync, self._descriptor), self.size

    def _wait(self) -> None:
        if self._syncing is not None:
            self._syncing.result()


def _descriptor(file: IO[bytes]) -> int | None:
    try:
        return file.fileno()
    except (OSError, AttributeError):  # a file of a remote file system
        return None
