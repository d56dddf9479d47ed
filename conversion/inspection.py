"""What is looked at in an image before it becomes a row: is it complete, how large is it, would `datasets` rotate it?

Imports `errors`, `image_header`, `exif`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.exif import surely_upright, upright
from imagenet_s.conversion.image_header import (
    END_OF_JPEG,
    check_complete,
    header_of,
    read_file_header,
)

_FIRST_BYTES = 16_384
"""Of a file that is only looked at: nearly always its complete header, colour profile and EXIF included."""
_BINARY = getattr(os, "O_BINARY", 0)


def inspect_bytes(view: memoryview | bytes) -> tuple[tuple[int, int], bytes | None]:
    """The size of an image, and other bytes where they have to be replaced for it to be shown as it is stored.

    Raises:
        ImageNetSError: damaged, or no image.
    """
    header = header_of(view)
    if view[-2:] == END_OF_JPEG and (not header.may_rotate or surely_upright(bytes(view[:_FIRST_BYTES]))):
        return header.size, None
    data = bytes(view)
    check_complete(data)
    replaced = upright(data) if header.may_rotate else data
    return header.size, None if replaced is data else replaced


def inspect_file(path: str) -> tuple[tuple[int, int], bytes | None]:
    """As `inspect_bytes`, of a file; of most only the first and last bytes are read.

    Raises:
        ImageNetSError: damaged, or no image; the message names the file.
    """
    try:
        header, complete = read_file_header(path)
        if not header.may_rotate and complete:
            return header.size, None
        with open(path, "rb") as file:
            return inspect_bytes(memoryview(file.read()))
    except ImageNetSError as error:
        raise ImageNetSError(f"{path}: {error}; fetch it again.") from error
    except OSError as error:
        raise ImageNetSError(f"{path} can't be read ({error.strerror or error}).") from error


def files_to_replace(paths: Iterable[str]) -> list[int]:
    """The positions of the files that `datasets` would rotate when it decodes them; a damaged one is an error.

    Made for a million files: nearly all are settled by their first and last bytes, in some ten microseconds.

    Raises:
        ImageNetSError: a file is damaged, no image or can't be read; the message names it.
    """
    return [i for i, path in enumerate(paths) if not _is_plain(path) and inspect_file(path)[1] is not None]


def _is_plain(path: str) -> bool:
    """Whether it is a complete JPEG that nothing rotates. False where that is not sure."""
    try:
        file = os.open(path, os.O_RDONLY | _BINARY)
    except OSError:
        return False
    try:
        start = os.read(file, _FIRST_BYTES)
        os.lseek(file, -len(END_OF_JPEG), os.SEEK_END)
        return os.read(file, len(END_OF_JPEG)) == END_OF_JPEG and surely_upright(start)
    except OSError:
        return False
    finally:
        os.close(file)
