"""Reading the PNG of a mask so that whatever is wrong with it becomes one clear error.

Pillow does not compare the checksums of the chunks that hold the pixels: a flipped bit would pass as another id.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from imagenet_s.conversion.errors import ImageNetSError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LOSSY = frozenset({"JPEG", "MPO", "JPEG2000", "WEBP", "AVIF"})
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
"""What Pillow raises on a damaged file, besides the errors it documents."""


PngLike = str | os.PathLike[str] | bytes | bytearray | memoryview
"""A path, or the content of a file."""


@contextmanager
def open_mask_image(source: PngLike, name: str) -> Iterator[Image.Image]:
    """An image whose pixels have been read, and whose checksums hold.

    Args:
        source: path or content of the file; a PNG, or another lossless format that Pillow reads.
        name: what to call it in an error.

    Raises:
        ImageNetSError: not there, empty, no image, damaged, or of a lossy format.
    """
    data = _content(source, name)
    try:
        with Image.open(io.BytesIO(data)) as image:
            # A lossy file changes ids, and only those who made it could tell which.
            if image.format in _LOSSY:
                raise ImageNetSError(f"{name} is a {image.format}, which does not keep ids: a mask is a PNG.")
            image.load()
            if image.format == "PNG":
                _check_chunks(data, name)
            yield image
    except ImageNetSError:
        raise
    except UnidentifiedImageError:
        problem = f"its {len(data):,} bytes are no image" if data else "it is empty"
        raise ImageNetSError(f"{name} is not a readable PNG ({problem}); fetch or write it again.") from None
    except _DAMAGE as error:
        raise ImageNetSError(f"{name} is not a readable PNG ({error}); fetch or write it again.") from error


def wrong_mode(mode: str, name: str) -> ImageNetSError:
    """The error for an image of a mode that no mask has."""
    kinds = {
        "P": "a palette",
        "PA": "a palette",
        "RGBA": "an alpha channel",
        "LA": "an alpha channel",
        "L": "8-bit grey",
        "1": "black and white",
    }
    return ImageNetSError(
        f"{name} is an image with {kinds.get(mode, f'mode {mode}')}: a mask is RGB (id = R + 256 * G) "
        "or 16-bit grey (the ids); was it saved by a program that converts colours?"
    )


def _content(source: PngLike, name: str) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    try:
        return Path(source).read_bytes()
    except FileNotFoundError:
        raise ImageNetSError(f"{name}: there is no such file.") from None
    except OSError as error:
        raise ImageNetSError(f"{name} cannot be read ({error.strerror}).") from error


def _check_chunks(png: bytes, name: str) -> None:
    position = len(_SIGNATURE)
    while position + 12 <= len(png):
        length = int.from_bytes(png[position : position + 4], "big")
        kind, end = png[position + 4 : position + 8], position + 8 + length
        if zlib.crc32(png[position + 4 : end]) != int.from_bytes(png[end : end + 4], "big"):
            raise ImageNetSError(
                f"{name} is not a readable PNG (the checksum of its {kind.decode('latin-1')} chunk is wrong); "
                "fetch or write it again."
            )
        if kind == b"IEND":
            return
        position = end + 4
    raise ImageNetSError(f"{name} is not a readable PNG (cut off before its end); fetch or write it again.")
