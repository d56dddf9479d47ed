"""Readers of single pictures: masks, and the headers and orientations of images."""

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import samples
from judge import Target
from mutations import png_chunks, set_integer
from PIL import Image, ImageOps

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.dataset.image_mask_pairs import picture_beside
from imagenet_s.conversion.images.exif import as_stored, surely_as_stored
from imagenet_s.conversion.images.image_header import read_header
from imagenet_s.conversion.images.image_inspection import files_to_replace, inspect_bytes, inspect_file
from imagenet_s.conversion.masks.codec import decode_mask
from imagenet_s.metrics.matched_miou.read_mask import read_mask


def _decode(data: bytes, folder: Path) -> Any:
    return decode_mask(data, "50", "m.png")


def _metric(data: bytes, folder: Path) -> Any:
    (folder / "m.png").write_bytes(data)
    return read_mask(folder / "m.png", "m.png")


def _header(data: bytes, folder: Path) -> Any:
    return read_header(data)


def _inspect(data: bytes, folder: Path) -> Any:
    """The size of an image and its bytes as stored, by both ways: from the content, and from a file."""
    path = folder / "x.JPEG"
    path.write_bytes(data)
    replaced = files_to_replace([str(path)])
    inspected = inspect_file(str(path))
    size, other = inspected.size, inspected.as_stored()
    assert bool(replaced) == (other is not None)
    try:
        again = inspect_bytes(data)
        assert (again.size, again.as_stored(), again.orientation) == (size, other, inspected.orientation)
        if surely_as_stored(data):
            assert as_stored(data) is data
    except ImageNetSError as error:
        raise ImageNetSError(f"{path}: {error}") from error
    if other is not None:
        assert len(other) == len(data)
        with Image.open(io.BytesIO(other)) as image:
            assert image.size == size
    return size


def _turned(data: bytes, folder: Path) -> Any:
    """What is turned has its size as Pillow shows it, which must not raise for metadata."""
    inspected = inspect_bytes(data, "x.JPEG")
    shown = inspected.turned() or data
    if inspected.orientation == 1:
        return None
    picture_beside(data, inspected.size, "x.JPEG")  # pixels that can't be decoded are another matter
    with Image.open(io.BytesIO(shown)) as image:
        assert ImageOps.exif_transpose(image).size == inspected.turned_size
    return None


def _equal(got: Any, undamaged: Any) -> bool:
    return bool(np.array_equal(got, undamaged))


def _chunks(data: bytes, rng: random.Random) -> bytes:
    return (
        png_chunks(data, rng)
        if data.startswith(b"\x89PNG")
        else set_integer(data[: 40 + len(data) // 4], rng) + data[40 + len(data) // 4 :]
    )


IMAGE_TARGETS = (
    Target("decode_mask", samples.masks, _decode, same=_equal, says="m.png"),
    Target("decode_mask-checksums", samples.masks, _decode, png_chunks, says="m.png"),
    Target("read_mask", samples.masks, _metric, same=_equal, says="m.png"),
    Target("read_mask-checksums", samples.masks, _metric, png_chunks, says="m.png"),
    Target("image-header", samples.images, _header, _chunks),
    Target("image-inspection", samples.images, _inspect, _chunks, says="x.JPEG"),
    Target("image-turned", samples.images, _turned, _chunks, says="x.JPEG"),
)
