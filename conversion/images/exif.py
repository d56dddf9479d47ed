"""The orientation in an image's metadata: how to read it, and how to make decoders obey or ignore it.

`datasets.Image` turns an image by its EXIF orientation when it decodes it. The official masks, as far as is known, are
in the stored orientation, and torchvision and the official toolbox do not turn images. So the orientation value of an
image that would be turned is overwritten with 1: the length stays, the pixels are untouched, and all decoders agree. No
library edits this value in place. An image whose mask has the turned size keeps its orientation.
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from PIL import ExifTags, Image, ImageOps

from ..core.errors import ImageNetSError, cause
from .image_header import APP1, FRAMES, IMAGE_FORMATS, JPEG, PILLOW_ERRORS, PNG, START_OF_SCAN, is_usual, jpeg_segments

_ORIENTATION = ExifTags.Base.Orientation
_SHORT = 3
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>)\s*)([2-8])")
_METHODS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What each orientation asks a viewer to do (EXIF 2.3, tag 274)."""


def orientation_of(data: bytes) -> int:
    """The orientation that an image's metadata ask a viewer to apply: that of EXIF, else that of XMP.

    As in Pillow, whose oldest supported version ignores an XMP orientation in a JPEG.

    Args:
        data: a complete JPEG or PNG.

    Returns:
        2 to 8 (EXIF tag 274); 1 where nothing is to be done.

    Raises:
        ImageNetSError: it can't be opened.
    """
    value = _pillow_orientation(data)
    if value is None and data.startswith(JPEG):
        matches = (_XMP_ORIENTATION.search(data[start:stop]) for _, start, stop in _app1(data, _XMP))
        value = next((int(match[2]) for match in matches if match), None)
    return int(value) if value in _METHODS else 1  # a broken EXIF may have it as a fraction


def picture(data: bytes, turn: bool = True) -> Image.Image:
    """An image decoded to RGB.

    Args:
        data: a complete JPEG or PNG.
        turn: apply the orientation in its metadata, as `datasets` does for rows; False keeps it as stored.

    Raises:
        ImageNetSError: it can't be decoded.
    """
    orientation = orientation_of(data) if turn else 1
    with _opened(data) as image:
        decoded = image.convert("RGB")
    return decoded.transpose(_METHODS[orientation]) if orientation in _METHODS else decoded


def turned(data: bytes) -> bytes:
    """The same image with an EXIF orientation that every decoder that obeys EXIF applies.

    Args:
        data: a complete JPEG or PNG whose metadata ask to turn it.

    Returns:
        `data` itself where the orientation is in EXIF that Pillow can read and write. A JPEG with the orientation in
        XMP alone, or with EXIF that makes `PIL.ImageOps.exif_transpose` raise, gets an EXIF of that one value in place
        of both.

    Raises:
        ImageNetSError: it can't be opened, or is a PNG whose EXIF Pillow can't write.
    """
    if not data.startswith(JPEG):
        with _opened(data) as image:
            ImageOps.exif_transpose(image)
        return data
    orientation = orientation_of(data)
    if any(_is_usable_exif(data[start:stop], orientation) for _, start, stop in _app1(data, _EXIF)):
        return data
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    payload = exif.tobytes()
    pieces, end = [data[:2], b"\xff\xe1", struct.pack(">H", len(payload) + 2), payload], 2
    for _, start, stop in _app1(data, _EXIF, _XMP):
        pieces.append(data[end : start - 4])
        end = stop
    return b"".join([*pieces, data[end:]])


def _is_usable_exif(segment: bytes, orientation: int) -> bool:
    """Whether an EXIF block holds this orientation, and nothing that Pillow cannot write again."""
    exif = Image.Exif()
    try:
        exif.load(segment)
        value = exif.get(_ORIENTATION)
        exif.tobytes()
    except PILLOW_ERRORS:
        return False
    return value == orientation


def _app1(data: bytes, *kinds: bytes) -> list[tuple[int, int, int]]:
    """The APP1 segments of a JPEG that begin with one of `kinds` (`_EXIF`, `_XMP`), as `jpeg_segments` yields them."""
    return [segment for segment in jpeg_segments(data) if segment[0] == APP1 and data.startswith(kinds, segment[1])]


def as_stored(data: bytes) -> bytes:
    """The same image without an orientation, so that every decoder shows it as it is stored.

    Args:
        data: a complete JPEG or PNG.

    Returns:
        `data` itself where nothing would be turned; else a copy of the same length with the orientation set to 1.

    Raises:
        ImageNetSError: it can't be opened, or is turned by metadata this function does not know.
    """
    if not _is_rotated(data):
        return data
    patched = bytearray(data)
    if data.startswith(JPEG):
        for marker, start, stop in jpeg_segments(data):
            if marker == APP1:
                if data.startswith(_EXIF, start):
                    _patch_exif(patched, start + 6, stop)
                else:
                    patched[start:stop] = _XMP_ORIENTATION.sub(rb"\g<1>1", data[start:stop])
    else:
        _patch_png(patched)
    result = bytes(patched)
    if _is_rotated(result):
        raise ImageNetSError("its orientation is recorded in a form that can't be changed; save it without metadata")
    return result


def surely_as_stored(data: bytes) -> bool:
    """Whether the first bytes of a file are the complete header of a usual JPEG without an orientation.

    False if in doubt. It takes microseconds, because a million files are looked at; `as_stored` handles everything
    unusual.
    """
    if data[:3] != JPEG + b"\xff":
        return False
    position, last, frame = 2, len(data) - 4, (0, 0)
    while position <= last and data[position] == 0xFF:
        marker = data[position + 1]
        stop = position + 2 + (data[position + 2] << 8 | data[position + 3])
        if marker == START_OF_SCAN:
            return frame[1] > 0 and stop <= len(data) and is_usual(data, *frame, position + 4)
        if marker == 0xFF or (marker == APP1 and (stop > len(data) or not _no_rotation(data, position + 4, stop))):
            return False
        if marker in FRAMES:
            frame = marker, position + 4
        position = stop
    return False


def _no_rotation(data: bytes, start: int, stop: int) -> bool:
    """Whether an APP1 segment is EXIF whose first directory asks for no rotation, or XMP without an orientation."""
    if data.startswith(_XMP, start):
        return b"Orientation" not in data[start:stop]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[start + 6 : start + 10])
    if not data.startswith(_EXIF, start) or order is None or stop - start < 16:
        return False
    directory = start + 6 + struct.unpack_from(order + "I", data, start + 10)[0]
    if directory + 2 > stop:
        return False
    (count,) = struct.unpack_from(order + "H", data, directory)
    if directory + 2 + 12 * count > stop:
        return False
    for i in range(count):
        tag, kind, number, value = struct.unpack_from(order + "HHIH", data, directory + 2 + 12 * i)
        if tag == _ORIENTATION and ((kind, number) != (_SHORT, 1) or value in _METHODS):
            return False
    return True


def _is_rotated(data: bytes) -> bool:
    """Whether `datasets` would rotate the image, found out with the Pillow calls of `datasets.Image`.

    An orientation in XMP always counts: later versions of Pillow use it, and shards outlive the installed version.
    """
    if data.startswith(JPEG) and any(
        marker == APP1 and _XMP_ORIENTATION.search(data, start, stop) for marker, start, stop in jpeg_segments(data)
    ):
        return True
    return _pillow_orientation(data) in _METHODS


def _pillow_orientation(data: bytes) -> Any:
    """The orientation that Pillow reads, of any type; None where there is none."""
    with _opened(data) as image:
        if image.format == "PNG":
            image.load()  # chunks behind the pixels count, too
        return image.getexif().get(_ORIENTATION)


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            yield image
    except PILLOW_ERRORS as error:
        raise ImageNetSError(f"damaged ({cause(error)})") from error


def _patch_exif(data: bytearray, start: int, stop: int) -> bool:
    """Write 1 into the orientation of the first directory of a TIFF structure; returns whether there was one."""
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
    """Write 1 into the orientation of every EXIF and XMP chunk of a PNG, and correct the checksums."""
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
