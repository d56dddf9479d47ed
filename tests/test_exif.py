"""Images are shown as they are stored, whatever orientation their metadata ask for: against Pillow and `datasets`."""

import io

import datasets
import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.exif import upright
from imagenet_s.conversion.features import StoredImage
from imagenet_s.conversion.synthetic import IMAGES, image_bytes

PIXELS = np.arange(24 * 16 * 3, dtype=np.uint8).reshape(16, 24, 3)


def encoded(orientation: int | None, byteorder: str = "<", form: str = "JPEG") -> bytes:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    exif.endian = byteorder
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, form, exif=exif.tobytes())
    return buffer.getvalue()


def decoded_by_datasets(data: bytes) -> np.ndarray:
    return np.asarray(datasets.Image(mode="RGB").decode_example({"bytes": data, "path": None}))


def stored(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("orientation", [None, *range(10)])
def test_every_orientation(orientation: int | None, byteorder: str) -> None:
    data = encoded(orientation, byteorder)
    result = upright(data)
    np.testing.assert_array_equal(decoded_by_datasets(result), stored(data))
    assert len(result) == len(data)
    assert (result is data) == (orientation not in range(2, 9))


@pytest.mark.parametrize("xmp", ['tiff:Orientation="6"', "<tiff:Orientation>8</tiff:Orientation>"])
def test_orientation_in_xmp_alone(xmp: str) -> None:
    plain = encoded(None)
    packet = f"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta {xmp}></x:xmpmeta>".encode()
    data = plain[:2] + b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet + plain[2:]
    np.testing.assert_array_equal(decoded_by_datasets(upright(data)), stored(data))


def test_orientation_of_a_png() -> None:
    data = encoded(6, form="PNG")
    assert decoded_by_datasets(data).shape != PIXELS.shape, "plain datasets rotates it"
    np.testing.assert_array_equal(decoded_by_datasets(upright(data)), PIXELS)


@pytest.mark.parametrize("image_id", sorted(IMAGES))
def test_the_feature_shows_every_image_as_stored(image_id: str) -> None:
    data = image_bytes(image_id)
    shown = StoredImage(mode="RGB").decode_example({"bytes": data, "path": None})
    np.testing.assert_array_equal(np.asarray(shown), stored(data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"GIF89a...", "neither JPEG nor PNG"),
        (b"\xff\xd8\xff\xe0\x00\x04ab------", "its header is inconsistent"),
        (b"\xff\xd8\xff\xe0\x00\x04ab", "ends before the picture"),
        (encoded(None)[:-200], "damaged"),
    ],
)
def test_the_feature_names_a_damaged_image(data: bytes, message: str) -> None:
    with pytest.raises(ImageNetSError, match=f"x.JPEG: .*{message}"):
        StoredImage(mode="RGB").decode_example({"bytes": data, "path": "x.JPEG"})
