"""Headers and orientations, against Pillow and against `datasets` itself."""

import io

import datasets
import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.features import StoredImage, as_stored
from imagenet_s.conversion.image_header import check_whole, read_header, upright
from imagenet_s.conversion.synthetic import IMAGES, image_bytes

PIXELS = np.arange(24 * 16 * 3, dtype=np.uint8).reshape(16, 24, 3)


def jpeg(
    orientation: int | None = None, byteorder: str = "little", exif_extra: bytes = b"", **options: object
) -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    exif.endian = "<" if byteorder == "little" else ">"
    Image.fromarray(PIXELS).save(buffer, "JPEG", exif=exif.tobytes(), **options)
    return buffer.getvalue()


def shown(data: bytes) -> np.ndarray:
    """What plain `datasets` makes of it."""
    return np.asarray(datasets.Image(mode="RGB").decode_example({"bytes": data, "path": None}))


def stored(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("byteorder", ["little", "big"])
@pytest.mark.parametrize("orientation", [None, *range(10)])
def test_every_orientation_is_shown_as_stored(orientation: int | None, byteorder: str) -> None:
    data = jpeg(orientation, byteorder)
    safe = upright(data)
    np.testing.assert_array_equal(shown(safe), stored(data))
    assert len(safe) == len(data)
    assert (safe is data) == (orientation not in range(2, 9))


@pytest.mark.parametrize("xmp", ['tiff:Orientation="6"', "<tiff:Orientation>8</tiff:Orientation>"])
def test_orientation_in_xmp_alone(xmp: str) -> None:
    plain = jpeg()
    packet = f"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta {xmp}></x:xmpmeta>".encode()
    data = plain[:2] + b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet + plain[2:]
    np.testing.assert_array_equal(shown(upright(data)), stored(data))


def test_orientation_of_a_png() -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PIXELS).save(buffer, "PNG", exif=exif)
    data = buffer.getvalue()
    assert shown(data).shape != PIXELS.shape, "plain datasets rotates it"
    np.testing.assert_array_equal(shown(upright(data)), PIXELS)


@pytest.mark.parametrize("image_id", sorted(IMAGES))
def test_the_feature_shows_every_odd_file_as_stored(image_id: str) -> None:
    data = image_bytes(image_id)
    given = StoredImage(mode="RGB").decode_example({"bytes": data, "path": None})
    np.testing.assert_array_equal(np.asarray(given), stored(data))
    header = read_header(data)
    assert header is not None
    assert header.size == Image.open(io.BytesIO(data)).size
    check_whole(data)


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"comment": b"x" * 60_000}, {"icc_profile": b"p" * 200_000}]
)
def test_size_of_long_and_short_headers(options: dict[str, object]) -> None:
    data = jpeg(**options)
    assert read_header(data).size == (24, 16)
    found = [read_header(data[:n]) for n in range(2, min(len(data), 5000))]
    assert all(one is None or one.size == (24, 16) for one in found), "never a guess from too few bytes"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"GIF89a...", "neither JPEG nor PNG"),
        (b"\xff\xd8\xff\xe0\x00\x04ab------", "does not hang together"),
        (b"\xff\xd8\xff\xe0\x00\x04ab", "ends before the picture"),
    ],
)
def test_no_images(data: bytes, message: str) -> None:
    with pytest.raises(ImageNetSError, match=f"x.JPEG: .*{message}"):
        as_stored(data, "x.JPEG")


def test_cut_off_anywhere_is_noticed() -> None:
    data = jpeg(quality=95)
    for length in (len(data) - 2, len(data) // 2, 700):
        with pytest.raises(ImageNetSError, match="damaged"):
            check_whole(data[:length])
    check_whole(data + b"junk after the end marker, as some files have it")
