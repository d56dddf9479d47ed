"""A file that is written and hashed on a thread of its own.

Encoding a row group, hashing the one before and bringing the one before that to the disk go on at the same time:
hashlib, `write` and `fdatasync` all let go of Python's lock. Syncing as it goes spreads what one `fsync` at the end
would make everybody wait for.
"""

from __future__ import annotations

import hashlib
import io
import os
import queue
import threading
from typing import IO, Any

_GATHER = 1 << 18
"""Smaller pieces (page headers) are gathered up to this many bytes."""
_WAITING = 64
"""Pieces that may wait; a piece is a page, about a megabyte at most."""
_SYNC_EVERY = 64 << 20


class HashingSink(io.RawIOBase):
    """A write-only stream over an open file. `close` waits until everything is written, and synced where it can be.

    Args:
        file: where the bytes go; closed with this stream.

    Attributes:
        size: bytes written so far.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.size = 0
        self._file = file
        self._digest = hashlib.sha256()
        self._gathered = bytearray()
        self._pieces: queue.Queue[Any] = queue.Queue(_WAITING)
        self._error: BaseException | None = None
        self._descriptor = _descriptor(file)
        self._thread = threading.Thread(target=self._work, name="imagenet-s sink", daemon=True)
        self._thread.start()

    def writable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The number of bytes written."""
        return self.size

    def write(self, data: Any) -> int:
        """Take a piece, which must not change afterwards.

        Raises:
            OSError: an earlier piece could not be written: the disk is full, say.
        """
        if self._error is not None:
            raise self._error
        length = memoryview(data).nbytes
        self.size += length
        if length < _GATHER:
            self._gathered += data
            if len(self._gathered) >= _GATHER:
                self._flush_gathered()
        else:
            self._flush_gathered()
            self._pieces.put(data)
        return length

    def close(self) -> None:
        """Finish; nothing more can be written."""
        if self.closed:
            return
        super().close()
        self._flush_gathered()
        self._pieces.put(None)
        self._thread.join()
        self._file.close()
        if self._error is not None:
            raise self._error

    @property
    def sha256(self) -> str:
        """Of everything that was written, as hexadecimal digits; once closed."""
        return self._digest.hexdigest()

    def _flush_gathered(self) -> None:
        if self._gathered:
            self._pieces.put(self._gathered)
            self._gathered = bytearray()

    def _work(self) -> None:
        unsynced = 0
        while (piece := self._pieces.get()) is not None:
            if self._error is not None:
                continue  # keep taking, so that the writer never waits for room that nobody makes
            try:
                self._digest.update(piece)
                view = memoryview(piece).cast("B")
                while len(view):  # an unbuffered file may take less than it was given
                    view = view[self._file.write(view) :]
                unsynced += memoryview(piece).nbytes
                if unsynced >= _SYNC_EVERY:
                    self._sync(os.fdatasync if hasattr(os, "fdatasync") else os.fsync)
                    unsynced = 0
            except (OSError, ValueError) as error:
                self._error = error
        try:
            if self._error is None:
                self._file.flush()
                self._sync(os.fsync)
        except OSError as error:
            self._error = error

    def _sync(self, sync: Any) -> None:
        if self._descriptor is not None:
            sync(self._descriptor)


def _descriptor(file: IO[bytes]) -> int | None:
    try:
        return file.fileno()
    except (OSError, AttributeError):  # a file of a remote file system
        return None
