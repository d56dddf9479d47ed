"""The odd image files are odd as they say: by the JPEG and TIFF standards, without Pillow, and as Pillow sees them."""

import io
import struct

import numpy as np
import PIL
import pytest
from PIL import Image

from imagenet_s.conversion.synthetic import IMAGES, KINDS, image_bytes, images_of
from imagenet_s.conversion.synthetic.scene import render

PILLOW = tuple(map(int, PIL.__version__.split(".")[:2]))
ORIENTATIONS = {"orientation6": 6, "orientation6_xmp": 6, "bad_exif_rational": 6, "orientation0": 0}


def segments(jpeg: bytes) -> list[tuple[int, bytes]]:
    """(marker, payload) of every segment before the pixels."""
    assert jpeg[:2] == b"\xff\xd8"
    assert jpeg[-2:] == b"\xff\xd9"
    segments, at = [], 2
    while jpeg[at + 1] != 0xDA:
        marker, length = struct.unpack(">xBH", jpeg[at : at + 4])
        segments.append((marker, jpeg[at + 4 : at + 2 + length]))
        at += 2 + length
    return segments


@pytest.mark.parametrize("image_id", IMAGES)
def test_a_file_is_of_its_kind(image_id: str) -> None:
    image, content = IMAGES[image_id], image_bytes(image_id)
    if image.kind == "png":
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", content[16:24]) == image.size
        return
    parts = segments(content)
    (frame,) = [payload for marker, payload in parts if marker in (0xC0, 0xC2)]
    height, width, components = struct.unpack(">xHHB", frame[:6])
    assert (width, height) == image.size
    assert components == {"grey": 1, "cmyk": 4}.get(image.kind, 3)
    app1 = b"".join(payload for marker, payload in parts if marker == 0xE1)
    if image.kind not in ORIENTATIONS:
        assert not app1
    elif image.kind == "orientation6_xmp":
        assert app1.startswith(b"http://ns.adobe.com/xap/1.0/\0")
        assert b'tiff:Orientation="6"' in app1
    else:
        order = {b"MM": ">", b"II": "<"}[app1[6:8]]
        assert struct.pack(order + "HHIH", 0x0112, 3, 1, ORIENTATIONS[image.kind]) in app1
        assert (struct.pack(order + "ii", -1, 0) in app1) == (image.kind == "bad_exif_rational")


def test_pillow_sees_the_orientations() -> None:
    byte_orders = set()
    for image in IMAGES.values():
        with Image.open(io.BytesIO(image_bytes(image.image_id))) as picture:
            if image.kind == "orientation6_xmp" and PILLOW < (11, 2):
                continue  # it does not look into the XMP of a JPEG yet
            assert picture.getexif().get(0x0112) == ORIENTATIONS.get(image.kind), image.image_id
            if image.kind == "orientation6":
                byte_orders.add(picture.getexif().endian)
                assert image.size[0] != image.size[1], "a wrong rotation must show in the size"
    assert byte_orders == {"<", ">"}


@pytest.mark.parametrize("config", ["50", "300", "919"])
def test_every_configuration_has_odd_files(config: str) -> None:
    assert {image.kind for image in images_of(config, "train")} == set(KINDS)
    for split in ("train_semi", "validation", "test"):
        kinds = {image.kind for image in images_of(config, split)}
        assert {"rgb", "grey", "orientation6", "orientation6_xmp"} <= kinds, split


def test_files_hold_the_pixels_of_the_formula() -> None:
    """JPEG is lossy and grey is grey, but no file may hold another picture, or a rotated one."""
    for image in IMAGES.values():
        formula = Image.fromarray(render(image).pixels).convert("L")
        with Image.open(io.BytesIO(image_bytes(image.image_id))) as picture:
            stored = picture.convert("RGB").convert("L")
        difference = np.abs(np.asarray(formula).astype(int) - np.asarray(stored).astype(int)).mean()
        assert difference < 6, (image.image_id, difference)
