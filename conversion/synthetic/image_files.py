"""The image files: a scene -> the bytes of a JPEG or PNG, odd kinds included.

The odd kinds occur in the real ImageNet: CMYK (22 images), PNG (one), greyscale, EXIF orientation 6 or 0, orientation
in XMP alone, and EXIF rationals with a zero denominator.
"""

from __future__ import annotations

import functools
import io
import struct

from PIL import Image

from .catalog import IMAGES, MiniImage
from .scene import render

_EXIF_HEADER = b"Exif\0\0"
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()
_MODES = {"grey": "L", "cmyk": "CMYK"}


@functools.lru_cache(maxsize=256)
def image_bytes(image_id: str) -> bytes:
    """The file of an image.

    Returns:
        A JPEG, or a PNG for the kind `png`: the same bytes on every call with one version of Pillow.
    """
    image = IMAGES[image_id]
    picture = Image.fromarray(render(image).pixels)
    buffer = io.BytesIO()
    if image.kind == "png":
        picture.save(buffer, "PNG", compress_level=9)
        return buffer.getvalue()
    picture.convert(_MODES.get(image.kind, "RGB")).save(buffer, "JPEG", quality=85)
    return _with_metadata(buffer.getvalue(), image)


def _with_metadata(jpeg: bytes, image: MiniImage) -> bytes:
    # Cameras write both byte orders; the number of the image decides here.
    order = ">" if int(image.image_id.rsplit("_", 1)[1]) % 2 else "<"
    metadata = {
        "orientation6": _exif(order, orientation=6, resolution=(72, 1)),
        "orientation0": _exif(order, orientation=0, resolution=(72, 1)),
        "bad_exif_rational": _exif(order, orientation=6, resolution=(-1, 0)),
        "orientation6_xmp": _XMP_HEADER + _XMP_PACKET,
    }
    return _with_app1(jpeg, metadata[image.kind]) if image.kind in metadata else jpeg


def _exif(order: str, orientation: int, resolution: tuple[int, int]) -> bytes:
    """An EXIF block with two entries, Orientation (0x0112) and XResolution (0x011A), by the TIFF 6.0 layout.

    Written by hand because Pillow refuses to write invalid values, and those are needed here.
    """
    # -1/0 is what Pillow reads and then fails to write back, which `ImageOps.exif_transpose` does: a signed rational.
    short, rational, entries = 3, 10 if resolution[0] < 0 else 5, 2
    data_offset = 8 + 2 + 12 * entries + 4  # header, number of entries, entries, offset of the next directory
    return (
        _EXIF_HEADER
        + (b"MM" if order == ">" else b"II")
        + struct.pack(order + "HI", 42, 8)
        + struct.pack(order + "H", entries)
        + struct.pack(order + "HHIHH", 0x0112, short, 1, orientation, 0)
        + struct.pack(order + "HHII", 0x011A, rational, 1, data_offset)
        + struct.pack(order + "I", 0)
        + struct.pack(order + "ii", *resolution)
    )


def _with_app1(jpeg: bytes, payload: bytes) -> bytes:
    """The JPEG with an APP1 segment after its JFIF header."""
    end_of_jfif = 4 + struct.unpack(">H", jpeg[4:6])[0]
    segment = b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload
    return jpeg[:end_of_jfif] + segment + jpeg[end_of_jfif:]
