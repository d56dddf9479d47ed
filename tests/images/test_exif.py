"""Images are shown as they are stored, whatever orientation their metadata ask for: against Pillow and `datasets`."""

import io
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.images.exif import as_stored
from imagenet_s.conversion.images.image_inspection import files_to_replace, inspect_bytes, inspect_file
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
    result = as_stored(data)
    np.testing.assert_array_equal(decoded_by_datasets(result), stored(data))
    assert len(result) == len(data)
    assert (result is data) == (orientation not in range(2, 9))


@pytest.mark.parametrize("xmp", ['tiff:Orientation="6"', "<tiff:Orientation>8</tiff:Orientation>"])
def test_orientation_in_xmp_alone(xmp: str) -> None:
    plain = encoded(None)
    packet = f"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta {xmp}></x:xmpmeta>".encode()
    data = plain[:2] + b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet + plain[2:]
    np.testing.assert_array_equal(decoded_by_datasets(as_stored(data)), stored(data))


def test_orientation_of_a_png() -> None:
    data = encoded(6, form="PNG")
    assert decoded_by_datasets(data).shape != PIXELS.shape, "plain datasets rotates it"
    np.testing.assert_array_equal(decoded_by_datasets(as_stored(data)), PIXELS)


@pytest.mark.parametrize("image_id", sorted(IMAGES))
def test_datasets_shows_every_image_as_stored(image_id: str) -> None:
    data = image_bytes(image_id)
    inspected = inspect_bytes(data)
    size, replaced = inspected.size, inspected.as_stored()
    shown = datasets.Image(mode="RGB").decode_example({"bytes": replaced or data, "path": None})
    assert shown.size == size
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
def test_a_damaged_file_is_named(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.JPEG").write_bytes(data)
    for look in (inspect_file, lambda path: files_to_replace([path])):
        with pytest.raises(ImageNetSError, match=f"x.JPEG: .*{message}"):
            look(str(tmp_path / "x.JPEG"))


@pytest.mark.parametrize("image_id", sorted(IMAGES))
def test_files_are_settled_as_bytes_are(image_id: str, tmp_path: Path) -> None:
    """The quick look at first and last bytes agrees with Pillow's, whatever the file is."""
    data = image_bytes(image_id)
    (tmp_path / "image").write_bytes(data)
    assert files_to_replace([str(tmp_path / "image")]) == ([0] if inspect_bytes(data).as_stored() else [])


@pytest.mark.parametrize("before", [0, 3, 5000, 40_000])
@pytest.mark.parametrize("fill", [0, 2])
def test_metadata_is_found_wherever_it_stands(before: int, fill: int, tmp_path: Path) -> None:
    """Behind other segments, beyond the first bytes that are read, after fill bytes."""
    data = encoded(6)
    other = b"\xff\xe2" + (before + 2).to_bytes(2, "big") + bytes(before) if before else b""
    (tmp_path / "image").write_bytes(data[:2] + other + b"\xff" * fill + data[2:])
    assert files_to_replace([str(tmp_path / "image")]) == [0]
