"""The inspection of an image before it becomes a row: is it complete, how large is it, would `datasets` turn it?"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..core.errors import ImageNetSError
from .exif import as_stored, orientation_of, surely_as_stored, turned
from .image_header import END_OF_JPEG, check_complete, header_of, read_file_header

Size = tuple[int, int]
"""Width, height."""
_FIRST_BYTES = 16_384
"""Bytes that are read of a file first: nearly always its complete header, colour profile and EXIF included."""
_BINARY = getattr(os, "O_BINARY", 0)


class Inspected:
    """An image that was inspected and is complete.

    Args:
        size: (width, height) as stored.
        data: the whole file where its metadata may ask a viewer to turn it; None where they certainly don't.
        name: what to call it in an error.
    """

    def __init__(self, size: Size, data: bytes | None = None, name: str = "the image") -> None:
        self.size, self.data, self._name = size, data, name

    @functools.cached_property
    def orientation(self) -> int:
        """See `exif.orientation_of`."""
        with named_errors(self._name):
            return 1 if self.data is None else orientation_of(self.data)

    @property
    def turned_size(self) -> Size:
        """(width, height) in a viewer that obeys the orientation."""
        return self.size[::-1] if self.orientation >= 5 else self.size

    def as_stored(self) -> bytes | None:
        """The bytes that every decoder shows as stored; None where those of the file already do."""
        return self._changed(as_stored)

    def turned(self) -> bytes | None:
        """The bytes that every decoder that obeys EXIF shows turned; None where those of the file already do."""
        return self._changed(turned)

    def _changed(self, change: Callable[[bytes], bytes]) -> bytes | None:
        if self.data is None:
            return None
        with named_errors(self._name):
            changed = change(self.data)
        return None if changed is self.data else changed


def inspect_bytes(view: memoryview | bytes, name: str = "the image") -> Inspected:
    """Inspect a complete file in memory; errors call it `name`.

    Raises:
        ImageNetSError: damaged, or no image.
    """
    with named_errors(name):
        header = header_of(view)
        if (
            header.usual
            and view[-2:] == END_OF_JPEG
            and (not header.may_rotate or surely_as_stored(bytes(view[:_FIRST_BYTES])))
        ):
            return Inspected(header.size)
        data = bytes(view)
        check_complete(data)
    return Inspected(header.size, data if header.may_rotate else None, name)


def inspect_file(path: str) -> Inspected:
    """Inspect a file; of most files only the first and last bytes are read.

    Raises:
        ImageNetSError: damaged, or no image; the message names the file.
    """
    with named_errors(path):
        header, complete = read_file_header(path)
        if header.usual and not header.may_rotate and complete:
            return Inspected(header.size)
        data = Path(path).read_bytes()
    return inspect_bytes(memoryview(data), path)


@contextlib.contextmanager
def named_errors(name: str) -> Iterator[None]:
    """Errors about an image get its name.

    Raises:
        ImageNetSError: for the ImageNetSError or OSError of the block.
    """
    try:
        yield
    except ImageNetSError as error:
        raise ImageNetSError(f"{name}: {error}; fetch it again.") from error
    except OSError as error:
        raise ImageNetSError(f"{name} can't be read ({error.strerror or error}).") from error


def files_to_replace(paths: Iterable[str]) -> list[int]:
    """The positions of the files that `datasets` would turn when it decodes them.

    Fast enough for a million files: the first and last bytes of nearly all are enough, in some ten microseconds.

    Raises:
        ImageNetSError: a file is damaged, no image or can't be read; the message names it.
    """
    return [i for i, path in enumerate(paths) if not _is_plain(path) and inspect_file(path).as_stored() is not None]


def _is_plain(path: str) -> bool:
    """Whether a file is a complete JPEG without an orientation; False if in doubt."""
    try:
        file = os.open(path, os.O_RDONLY | _BINARY)
    except OSError:
        return False
    try:
        start = os.read(file, _FIRST_BYTES)
        os.lseek(file, -len(END_OF_JPEG), os.SEEK_END)
        return os.read(file, len(END_OF_JPEG)) == END_OF_JPEG and surely_as_stored(start)
    except OSError:
        return False
    finally:
        os.close(file)
