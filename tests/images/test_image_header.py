"""The size of an image and whether it is complete, from its first and last bytes; against Pillow."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.images.exif import surely_as_stored
from imagenet_s.conversion.images.image_header import check_complete, read_file_header, read_header
from imagenet_s.conversion.images.image_inspection import files_to_replace, inspect_bytes, inspect_file
from imagenet_s.conversion.synthetic import IMAGES, image_bytes


def jpeg(**options: object) -> bytes:
    buffer = io.BytesIO()
    pixels = np.arange(24 * 16 * 3, dtype=np.uint8).reshape(16, 24, 3)
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("image_id", sorted(IMAGES))
def test_the_header_of_every_kind_of_file(image_id: str, tmp_path: Path) -> None:
    data = image_bytes(image_id)
    header = read_header(data)
    assert header is not None
    assert header.size == Image.open(io.BytesIO(data)).size
    check_complete(data)
    (tmp_path / "x").write_bytes(data)
    assert read_file_header(str(tmp_path / "x")) == (header, IMAGES[image_id].kind != "png")


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"comment": b"x" * 60_000}, {"icc_profile": b"p" * 200_000}]
)
def test_short_and_long_headers(options: dict[str, object], tmp_path: Path) -> None:
    data = jpeg(**options)
    (tmp_path / "x").write_bytes(data)
    assert read_file_header(str(tmp_path / "x"))[0].size == (24, 16)
    headers = [read_header(data[:n]) for n in range(2, min(len(data), 5000))]
    assert all(header is None or header.size == (24, 16) for header in headers), "never a guess from too few bytes"


def test_an_image_truncated_anywhere_is_refused() -> None:
    data = jpeg(quality=95)
    for length in (len(data) - 2, len(data) // 2, 700):
        with pytest.raises(ImageNetSError, match="damaged"):
            check_complete(data[:length])
    check_complete(data + b"bytes after the end marker, as some files have them")


UNUSUAL = {
    "12 bits": lambda data, frame: data[: frame + 4] + b"\x0c" + data[frame + 5 :],
    "a component that no scan names": lambda data, frame: data[: frame + 10] + b"\x07" + data[frame + 11 :],
    "two components": lambda data, frame: data[: frame + 9] + b"\x02" + data[frame + 10 :],
    "a sampling factor of 0": lambda data, frame: data[: frame + 11] + b"\x01" + data[frame + 12 :],
    "lossless": lambda data, frame: data[:frame] + b"\xff\xc3" + data[frame + 2 :],
    "arithmetic, progressive, differential": lambda data, frame: data[:frame] + b"\xff\xce" + data[frame + 2 :],
    "no height": lambda data, frame: data[: frame + 5] + b"\0\0" + data[frame + 7 :],
}
"""What to make of a JPEG whose frame header begins at a position, so that no decoder opens it."""


def as_bytes(path: str) -> object:
    """As a tar or Parquet file gives them."""
    return inspect_bytes(Path(path).read_bytes(), path)


@pytest.mark.parametrize("kind", UNUSUAL)
@pytest.mark.parametrize("look", [lambda path: files_to_replace([path]), inspect_file, as_bytes])
def test_what_no_decoder_opens_is_refused_by_name(kind: str, look: Callable[[str], object], tmp_path: Path) -> None:
    """By the header alone: the pixels of a million files are not decoded to find out."""
    data = jpeg()
    path = tmp_path / "x.JPEG"
    path.write_bytes(UNUSUAL[kind](data, data.index(b"\xff\xc0")))
    with pytest.raises(OSError, match=r"identify|broken|find"), Image.open(path) as image:
        image.load()
    with pytest.raises(ImageNetSError, match=r"x\.JPEG: damaged") as refused:
        look(str(path))
    assert " at 0x" not in str(refused.value)


@pytest.mark.parametrize("number", [7, ord("M")], ids=["unknown", "twice"])
@pytest.mark.parametrize("component", [0, 2, 3])
def test_each_component_of_a_scan_is_one_of_the_frame(component: int, number: int) -> None:
    buffer = io.BytesIO()
    Image.new("CMYK", (24, 16)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    data[data.index(b"\xff\xda") + 5 + 2 * component] = number
    with pytest.raises(ImageNetSError, match="damaged"):
        inspect_bytes(bytes(data))
    assert not surely_as_stored(bytes(data))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_usual_images_are_not_decoded(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    buffers = [io.BytesIO(), io.BytesIO(), io.BytesIO()]
    for buffer, options in zip(buffers, ({}, {"progressive": True}, {"optimize": True, "quality": 100})):
        Image.new(mode, (24, 16)).save(buffer, "JPEG", **options)
    monkeypatch.setattr(Image, "open", None)
    for buffer in buffers:
        assert inspect_bytes(buffer.getvalue()).size == (24, 16)
        assert surely_as_stored(buffer.getvalue())
