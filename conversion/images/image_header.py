"""Read from the first and last bytes of an image: its size, whether it is complete, whether metadata may rotate it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from ..core.errors import ImageNetSError, cause

JPEG, PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
END_OF_JPEG = b"\xff\xd9"
START_OF_SCAN, APP1 = 0xDA, 0xE1
# Start-of-frame markers carry the size; C4, C8 and CC are in this range but are no frames.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PILLOW_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)
"""What Pillow raises for a damaged file, besides the errors it documents."""
IMAGE_FORMATS = ("JPEG", "PNG")
"""The formats that Pillow may try. For some others it runs programs: an EPS starts Ghostscript."""
HEADER_BYTES = 4096
"""Bytes of a file that are read first: nearly always its complete header."""


@dataclass(frozen=True)
class Header:
    """Size as stored (width, height), and whether the file contains metadata that could rotate it."""

    size: tuple[int, int]
    may_rotate: bool


def read_header(data: bytes | memoryview) -> Header | None:
    """The header of a JPEG or PNG from its first bytes.

    Args:
        data: the complete file, or its first bytes; a memoryview (of unsigned bytes) is not copied.

    Returns:
        None where the bytes end before the picture begins: read more.

    Raises:
        ImageNetSError: neither JPEG nor PNG.
    """
    if data[: len(JPEG)] == JPEG:
        return _jpeg_header(data)
    if data[: len(PNG)] == PNG:
        # Chunks after the picture may hold metadata too, so a PNG is always checked; ImageNet has one.
        if len(data) < 24:
            return None
        if data[12:16] != b"IHDR":
            raise ImageNetSError("damaged (its header is inconsistent)")
        return Header(struct.unpack(">II", data[16:24]), True)
    if not data:
        raise ImageNetSError("the file is empty")
    raise ImageNetSError(f"neither JPEG nor PNG (it begins with {bytes(data[:8])!r})")


def header_of(data: bytes | memoryview) -> Header:
    """The header of a complete JPEG or PNG; an ImageNetSError if it is neither, or ends before the picture begins."""
    header = read_header(data)
    if header is None:
        raise ImageNetSError("damaged (it ends before the picture begins)")
    return header


def read_file_header(path: str) -> tuple[Header, bool]:
    """The header of a file, and whether the file ends as a JPEG does; only its first and last bytes are read.

    Raises:
        ImageNetSError: neither JPEG nor PNG, or it ends before the picture begins.
        OSError: it can't be read.
    """
    with open(path, "rb", buffering=0) as file:
        start = file.read(HEADER_BYTES)
        header = read_header(start)
        if header is None:
            header = header_of(start + file.read())
        file.seek(max(0, file.seek(0, io.SEEK_END) - len(END_OF_JPEG)))
        return header, file.read() == END_OF_JPEG


def check_complete(data: bytes) -> None:
    """Refuse an image that was cut off: neither does it end with the end marker, nor can it be decoded to its end.

    Raises:
        ImageNetSError: the pixels can't be decoded to the end.
    """
    if data.startswith(JPEG) and data.endswith(END_OF_JPEG):
        return
    try:
        with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            image.load()
            size = image.size
    except PILLOW_ERRORS as error:
        raise ImageNetSError(f"damaged ({cause(error)})") from error
    if size != header_of(data).size:
        raise ImageNetSError("damaged (it has two headers)")


def _jpeg_header(data: bytes | memoryview) -> Header | None:
    size, may_rotate = None, False
    for marker, start, _ in jpeg_segments(data):
        if marker == APP1:
            may_rotate = True
        elif marker in FRAMES:
            if start + 5 > len(data):
                return None
            height, width = struct.unpack_from(">HH", data, start + 1)
            size = (width, height)
        elif marker == START_OF_SCAN:
            return Header(size, may_rotate) if size else None
    return None


def jpeg_segments(data: bytes | memoryview) -> Iterator[tuple[int, int, int]]:
    """(marker, begin, end) of the contents of each segment up to the picture, or as far as the bytes go.

    Raises:
        ImageNetSError: no segment begins where one should.
    """
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise ImageNetSError("damaged (its header is inconsistent)")
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        yield marker, position + 4, position + 2 + length
        if marker == START_OF_SCAN:
            return
        position += 2 + length
