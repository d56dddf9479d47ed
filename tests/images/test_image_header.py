"""The size of an image and whether it is complete, from its first and last bytes; against Pillow."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.images.image_header import check_complete, read_file_header, read_header
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
