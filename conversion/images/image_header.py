"""Read from the first and last bytes of an image: its size, whether it is complete, whether metadata may rotate it.

A JPEG whose header is one that every decoder opens is not decoded; of any other, Pillow is asked.
"""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from ..core.errors import ImageNetSError, cause

JPEG, PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
END_OF_JPEG = b"\xff\xd9"
START_OF_SCAN, APP1 = 0xDA, 0xE1
# Start-of-frame markers carry the size; C4, C8 and CC are in this range but are no frames.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_USUAL_FRAMES = (0xC0, 0xC1, 0xC2)
"""Baseline, extended and progressive, all with Huffman codes: not lossless, hierarchical or arithmetic."""
_SHORTEST = 6
"""Bytes that the headers of a frame and of a scan have at least."""
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
    """What the first bytes of an image say.

    Attributes:
        size: (width, height) as stored.
        may_rotate: whether the file contains metadata that could rotate it.
        usual: whether it is a JPEG that every decoder opens; of any other file, only decoding tells.
    """

    size: tuple[int, int]
    may_rotate: bool
    usual: bool


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
        return Header(struct.unpack(">II", data[16:24]), True, False)
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
    """Refuse an image that was cut off (it has no end marker) or is of an unusual kind, unless Pillow can decode it.

    Raises:
        ImageNetSError: the pixels can't be decoded to the end.
    """
    header = header_of(data)
    if header.usual and data.endswith(END_OF_JPEG):
        return
    try:
        with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            image.load()
            size = image.size
    except UnidentifiedImageError as error:  # its text is the address of an object
        raise ImageNetSError(f"damaged, or of a kind that Pillow doesn't open{_kind_of_frame(data)}") from error
    except PILLOW_ERRORS as error:
        raise ImageNetSError(f"damaged ({cause(error)})") from error
    if size != header.size:
        raise ImageNetSError("damaged (it has two headers)")


def is_usual(data: bytes | memoryview, marker: int, frame: int, scan: int) -> bool:
    """Whether every decoder opens a JPEG with this frame: Huffman codes, 8 bits, components that its scan names.

    Args:
        data: at least up to the end of the scan's header.
        marker: of the frame.
        frame: where the contents of the frame's header begin.
        scan: where those of the first scan's header begin.
    """
    if scan + _SHORTEST > len(data) or data[frame] != 8:
        return False
    if not (data[frame + 1] | data[frame + 2] and data[frame + 3] | data[frame + 4]):
        return False  # no height, or no width
    return _has_usual_parts(marker, bytes(data[frame + 5 : frame + 18]), bytes(data[scan : scan + 9]))


@functools.lru_cache(4096)  # a million images have few kinds
def _has_usual_parts(marker: int, components: bytes, in_scan: bytes) -> bool:
    """Whether a frame has components that its scan names, each sampled as decoders can."""
    count, named = components[0], in_scan[0]
    if marker not in _USUAL_FRAMES or count not in (1, 3, 4) or not 1 <= named <= count:
        return False
    numbers, factors = (components[start : 1 + 3 * count : 3] for start in (1, 2))
    scanned = set(in_scan[1 : 1 + 2 * named : 2])
    return (
        len(set(numbers)) == count
        and len(scanned) == named
        and scanned.issubset(numbers)
        and all(1 <= factor & 0x0F <= 4 and 1 <= factor >> 4 <= 4 for factor in factors)
    )


def _kind_of_frame(data: bytes) -> str:
    for marker, start, _ in jpeg_segments(data) if data.startswith(JPEG) else ():
        if marker in FRAMES:
            return f" (frame {marker:X}, {data[start]} bits, {data[start + 5]} components)"
    return ""


def _jpeg_header(data: bytes | memoryview) -> Header | None:
    frame, may_rotate = (0, 0), False
    for marker, start, stop in jpeg_segments(data):
        if marker == APP1:
            may_rotate = True
        elif marker in FRAMES:
            frame = marker, start
        if max(stop, start + _SHORTEST) > len(data):
            return None
        if marker == START_OF_SCAN:
            if not frame[1]:
                return None
            height, width = struct.unpack_from(">HH", data, frame[1] + 1)
            return Header((width, height), may_rotate, is_usual(data, *frame, start))
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
