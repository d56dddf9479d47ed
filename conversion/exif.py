"""The orientation that an image's metadata asks for, and how it is set to upright.

`datasets.Image` rotates by the EXIF orientation when it decodes. The official masks have the stored orientation, and
torchvision and the official toolbox do not rotate. So 1 is written into the orientation value of an image that would be
rotated: the length stays, the pixels are untouched, and every decoder agrees. No library edits this value in place.

Imports `errors` and `image_header`.
"""

from __future__ import annotations

import io
import re
import struct
import zlib

from PIL import ExifTags, Image

from imagenet_s.conversion.errors import ImageNetSError, cause
from imagenet_s.conversion.image_header import (
    APP1,
    FORMATS,
    FRAMES,
    JPEG,
    PILLOW_ERRORS,
    PNG,
    START_OF_SCAN,
    jpeg_segments,
)

_ORIENTATION = ExifTags.Base.Orientation
_SHORT = 3
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>)\s*)[2-8]")


def upright(data: bytes) -> bytes:
    """The same image, which `datasets.Image` then shows as it is stored.

    Args:
        data: a complete JPEG or PNG.

    Returns:
        `data` itself where nothing would be rotated; else a copy of the same length with the orientation set to 1.

    Raises:
        ImageNetSError: it can't be opened, or is rotated by metadata this function does not know.
    """
    if not _is_rotated(data):
        return data
    patched = bytearray(data)
    if data.startswith(JPEG):
        for marker, start, stop in jpeg_segments(data):
            if marker == APP1:
                if data.startswith(b"Exif\0\0", start):
                    _patch_exif(patched, start + 6, stop)
                else:
                    patched[start:stop] = _XMP_ORIENTATION.sub(rb"\g<1>1", data[start:stop])
    else:
        _patch_png(patched)
    result = bytes(patched)
    if _is_rotated(result):
        raise ImageNetSError("its orientation is recorded in a form that can't be changed; save it without metadata")
    return result


def surely_upright(data: bytes) -> bool:
    """Whether first bytes are the complete header of a JPEG that asks for no rotation. False where they don't show it.

    A walk that costs microseconds, for a million files: what is unusual in any way is left to `upright`.
    """
    if data[:3] != JPEG + b"\xff":
        return False
    position, last, has_size = 2, len(data) - 4, False
    while position <= last and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == START_OF_SCAN:
            return has_size
        stop = position + 2 + (data[position + 2] << 8 | data[position + 3])
        if marker == 0xFF or (marker == APP1 and (stop > len(data) or not _asks_nothing(data, position + 4, stop))):
            return False
        has_size = has_size or marker in FRAMES
        position = stop
    return False


def _asks_nothing(data: bytes, start: int, stop: int) -> bool:
    """Whether an APP1 segment is EXIF whose first directory asks for no rotation, or XMP without an orientation."""
    if data.startswith(b"http://ns.adobe.com/xap/1.0/\0", start):
        return b"Orientation" not in data[start:stop]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[start + 6 : start + 10])
    if not data.startswith(b"Exif\0\0", start) or order is None or stop - start < 16:
        return False
    directory = start + 6 + struct.unpack_from(order + "I", data, start + 10)[0]
    if directory + 2 > stop:
        return False
    (count,) = struct.unpack_from(order + "H", data, directory)
    if directory + 2 + 12 * count > stop:
        return False
    for i in range(count):
        tag, kind, number, value = struct.unpack_from(order + "HHIH", data, directory + 2 + 12 * i)
        if tag == _ORIENTATION and ((kind, number) != (_SHORT, 1) or value in range(2, 9)):
            return False
    return True


def _is_rotated(data: bytes) -> bool:
    """Whether `datasets` would rotate it: by Pillow, with the calls of `datasets.Image`.

    An orientation in XMP counts always: later versions of Pillow use it, and shards outlive the installed version.
    """
    if data.startswith(JPEG) and any(
        marker == APP1 and _XMP_ORIENTATION.search(data, start, stop) for marker, start, stop in jpeg_segments(data)
    ):
        return True
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.getexif().get(_ORIENTATION) in range(2, 9)
    except PILLOW_ERRORS as error:
        raise ImageNetSError(f"damaged ({cause(error)})") from error


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
            # BYTE, SHORT or LONG: a value of at most four bytes is in the entry itself.
            struct.pack_into({1: "B", 4: order + "I"}.get(kind, order + "H"), data, entry + 8, 1)
            return True
    return False


def _patch_png(data: bytearray) -> None:
    position = len(PNG)
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
