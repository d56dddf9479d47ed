"""What the first bytes of an image say: its size, whether it is whole, and how it wants to be turned.

`datasets.Image` rotates by the EXIF orientation when it decodes. The official masks have the stored orientation, and
torchvision and the official toolbox do not rotate. So an image that would be rotated gets a 1 written into its
orientation value: the length stays, the pixels are untouched, and every decoder agrees.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import ExifTags, Image

from imagenet_s.conversion.errors import ImageNetSError

_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
_END_OF_JPEG = b"\xff\xd9"
_START_OF_SCAN, _APP1 = 0xDA, 0xE1
# Start-of-frame markers carry the size; C4, C8 and CC lie among them and are other things.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
HEADER_BYTES = 4096
"""How much of a file is read first: nearly always all of its header."""
_ORIENTATION = ExifTags.Base.Orientation
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>)\s*)[2-8]")


@dataclass(frozen=True)
class Header:
    """What was read: (width, height) as stored, and whether the file carries metadata that could turn it."""

    size: tuple[int, int]
    may_turn: bool


def read_header(data: bytes | memoryview) -> Header | None:
    """The header of a JPEG or PNG from its first bytes.

    Args:
        data: the whole file, or as much of its beginning as was read; a view (of unsigned bytes) is not copied.

    Returns:
        None where the bytes end before the picture begins: read more.

    Raises:
        ImageNetSError: neither JPEG nor PNG.
    """
    if data[: len(_JPEG)] == _JPEG:
        return _jpeg_header(data)
    if data[: len(_PNG)] == _PNG:
        # Chunks after the picture may hold metadata too, so a PNG is always looked at closely; ImageNet has one.
        return Header(struct.unpack(">II", data[16:24]), True) if len(data) >= 24 else None
    if not data:
        raise ImageNetSError("the file is empty")
    raise ImageNetSError(f"neither JPEG nor PNG (it begins with {bytes(data[:8])!r})")


def header_of(data: bytes | memoryview) -> Header:
    """The header of a whole JPEG or PNG, see `read_header`.

    Raises:
        ImageNetSError: neither JPEG nor PNG, or it ends before the picture begins.
    """
    header = read_header(data)
    if header is None:
        raise ImageNetSError("damaged (it ends before the picture begins)")
    return header


def upright(data: bytes) -> bytes:
    """The same image in such a form that `datasets.Image` shows it as it is stored.

    Args:
        data: a whole JPEG or PNG.

    Returns:
        `data` itself where nothing would be rotated; else a copy of the same length with the orientation set to 1.

    Raises:
        ImageNetSError: it can't be opened, or is rotated by metadata this function does not know.
    """
    if not _is_turned(data):
        return data
    patched = bytearray(data)
    if data.startswith(_JPEG):
        for marker, start, stop in _jpeg_segments(data):
            if marker == _APP1:
                if data.startswith(b"Exif\0\0", start):
                    _patch_exif(patched, start + 6, stop)
                else:
                    patched[start:stop] = _XMP_ORIENTATION.sub(rb"\g<1>1", data[start:stop])
    else:
        _patch_png(patched)
    result = bytes(patched)
    if _is_turned(result):
        raise ImageNetSError("its orientation is recorded in a way that can't be set aside; save it without metadata")
    return result


def check_whole(data: bytes) -> None:
    """Refuse an image that was cut off. Its end marker is looked for first; decoding decides where it is not there.

    Raises:
        ImageNetSError: the pixels can't be decoded to the end.
    """
    if data.startswith(_JPEG) and data.endswith(_END_OF_JPEG):
        return
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageNetSError(f"damaged ({error})") from error


def _is_turned(data: bytes) -> bool:
    """Whether `datasets` would rotate: asked of Pillow, exactly as `datasets.Image` asks.

    An orientation in XMP counts always: later versions of Pillow heed it, and shards outlive the version at hand.
    """
    if data.startswith(_JPEG) and any(
        marker == _APP1 and _XMP_ORIENTATION.search(data, start, stop) for marker, start, stop in _jpeg_segments(data)
    ):
        return True
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.getexif().get(_ORIENTATION) in range(2, 9)
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageNetSError(f"damaged ({error})") from error


def _jpeg_header(data: bytes | memoryview) -> Header | None:
    size, may_turn = None, False
    for marker, start, _ in _jpeg_segments(data):
        if marker == _APP1:
            may_turn = True
        elif marker in _FRAMES:
            if start + 5 > len(data):
                return None
            height, width = struct.unpack_from(">HH", data, start + 1)
            size = (width, height)
        elif marker == _START_OF_SCAN:
            return Header(size, may_turn) if size else None
    return None


def _jpeg_segments(data: bytes | memoryview) -> Iterator[tuple[int, int, int]]:
    """(marker, begin, end) of the contents of each segment up to the picture; ends where the bytes end."""
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise ImageNetSError("damaged (its header does not hang together)")
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        yield marker, position + 4, position + 2 + length
        if marker == _START_OF_SCAN:
            return
        position += 2 + length


def _patch_exif(data: bytearray, start: int, stop: int) -> bool:
    """Write 1 into the orientation of the first directory of a TIFF structure; whether there was one."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[start : start + 2]))
    if order is None or stop - start < 8:
        return False
    directory = start + struct.unpack_from(order + "I", data, start + 4)[0]
    if directory + 2 > stop:
        return False
    for i in range(struct.unpack_from(order + "H", data, directory)[0]):
        entry = directory + 2 + 12 * i
        if entry + 12 > stop:
            break
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag == _ORIENTATION:
            # BYTE, SHORT or LONG: a value of at most four bytes stands in the entry itself.
            struct.pack_into({1: "B", 4: order + "I"}.get(kind, order + "H"), data, entry + 8, 1)
            return True
    return False


def _patch_png(data: bytearray) -> None:
    position = len(_PNG)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind = bytes(data[position + 4 : position + 8])
        start, stop = position + 8, position + 8 + length
        changed = False
        if kind == b"eXIf":
            changed = _patch_exif(data, start, stop)
        elif kind == b"iTXt":
            text = _XMP_ORIENTATION.sub(rb"\g<1>1", bytes(data[start:stop]))
            changed, data[start:stop] = text != data[start:stop], text
        if changed:
            struct.pack_into(">I", data, stop, zlib.crc32(data[position + 4 : stop]))
        position = stop + 4
