"""The mask codec against the sentence of the official readme, R + G * 256, one pixel at a time."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.masks.codec import (
    check_ids,
    check_size,
    decode_mask,
    encode_mask,
    encode_official_png,
    encode_png16,
    transcode,
)

ALL_IDS = [*range(920), 1000]
WIDTH = 23
IDS = np.resize(np.array(ALL_IDS), (41, WIDTH))


def png(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def rgb_of_16_bits(ids: np.ndarray) -> bytes:
    """R, G and B of an official mask in a PNG of 16 bits a channel, which Pillow reads and does not write."""
    rgb = np.stack([ids % 256, ids // 256, np.zeros_like(ids)], axis=-1).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in rgb)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", *ids.shape[::-1], 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    packed = [struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c)) for kind, c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def official(ids: np.ndarray) -> Image.Image:
    image = Image.new("RGB", ids.shape[::-1])
    image.putdata([(int(i) % 256, int(i) // 256, 0) for i in ids.ravel()])
    return image


def test_all_ids_are_in_the_test() -> None:
    assert set(IDS.ravel().tolist()) == set(ALL_IDS)


FORMS: dict[str, Callable[[], object]] = {
    "official image": lambda: official(IDS),
    "official array": lambda: np.asarray(official(IDS)),
    "official PNG": lambda: png(official(IDS)),
    "official PNG in a bytearray": lambda: bytearray(png(official(IDS))),
    "our official PNG": lambda: encode_official_png(IDS),
    "16-bit PNG": lambda: encode_png16(IDS),
    "16-bit image": lambda: Image.open(io.BytesIO(encode_png16(IDS))),
    "image of mode I": lambda: Image.fromarray(IDS.astype(np.int32)),
    "lists": lambda: IDS.tolist(),
    "big-endian": lambda: IDS.astype(">u2"),
    "not contiguous": lambda: np.asfortranarray(IDS)[:, ::1],
} | {name: (lambda name=name: IDS.astype(name)) for name in ("uint16", "int16", "int32", "uint32", "int64", "uint64")}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_decodes_to_the_same_ids(form: str) -> None:
    ids = decode_mask(FORMS[form](), "919")
    assert ids.dtype == np.uint16
    assert np.array_equal(ids, IDS)


def test_a_path_decodes_and_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(png(official(IDS)))
    assert np.array_equal(decode_mask(path), IDS)
    assert np.array_equal(decode_mask(str(path)), IDS)
    with pytest.raises(ImageNetSError, match=r"in .*mask\.png: ImageNet-S-50"):
        decode_mask(path, "50")


def test_official_rgb_is_what_the_readme_says() -> None:
    assert np.array_equal(encode_mask(IDS), np.asarray(official(IDS)))
    assert encode_mask(IDS).dtype == np.uint8


@pytest.mark.parametrize("top", [0, 1, 255, 256, 919, 1000, 65535])
def test_all_of_16_bits_survive_both_pngs(top: int) -> None:
    ids = np.array([[top, 0], [top // 2, top]])
    for encode in (encode_png16, encode_official_png):
        assert np.array_equal(decode_mask(encode(ids)), ids)
    with Image.open(io.BytesIO(encode_png16(ids))) as image:
        assert [image.getpixel((x, y)) for y in range(2) for x in range(2)] == ids.ravel().tolist()


def test_narrow_ids_do_not_overflow() -> None:
    ids = np.array([[255, 1], [0, 254]], np.uint8)
    assert np.array_equal(decode_mask(encode_mask(ids)), ids)


def test_the_callers_array_is_left_alone() -> None:
    mine = IDS.copy()
    encode_mask(mine)
    encode_png16(mine)
    decoded = decode_mask(mine)
    assert np.array_equal(mine, IDS)
    assert decoded.shape == mine.shape


def test_transcoding_keeps_ids_and_tells_the_size() -> None:
    content, width, height, _ = transcode(png(official(IDS)), "919", "x.png")
    assert (width, height) == (WIDTH, 41)
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG"
        assert image.size == (WIDTH, 41)
        assert np.array_equal(np.asarray(image), IDS)
    assert content[24:26] == bytes([16, 0])  # IHDR: 16 bits, grey


@pytest.mark.parametrize("config", ["50", "300", "919"])
def test_ids_of_a_configuration(config: str) -> None:
    top = int(config)
    check_ids(np.array([[0, 1, top, 1000]], np.uint16), config, "x")
    for wrong in (top + 1, 999, 1001):
        with pytest.raises(ImageNetSError, match=rf"mask id {wrong} in x: ImageNet-S-{config} has 0\.\.{top} and 1000"):
            check_ids(np.array([[0, wrong]], np.uint16), config, "x")


@pytest.mark.parametrize(
    ("ids", "config", "cause"),
    [
        ([[51, 300]], "50", "mask id 51, 300 in x.*made for 300"),
        ([[900]], "300", "made for 919"),
        ([[65535]], "919", "negative number"),
        ([[256, 512]], "50", "made for 919"),
        ([[256 * 44]], "919", "R and G swapped"),
        ([list(range(2000, 2010))], "919", "2000, 2001, 2002, 2003, 2004 and 5 more"),
    ],
)
def test_a_wrong_id_comes_with_its_likely_cause(ids: list[list[int]], config: str, cause: str) -> None:
    with pytest.raises(ImageNetSError, match=cause):
        decode_mask(ids, config, "x")


def test_a_size_that_differs() -> None:
    check_size((5, 4), (5, 4), "x")
    with pytest.raises(ImageNetSError, match=r"x is 4 x 5 \(width x height\), its image 5 x 4: .*EXIF"):
        check_size((4, 5), (5, 4), "x")
    with pytest.raises(ImageNetSError, match="was resized"):
        check_size((4, 5), (50, 40), "x")


GREY = Image.new("L", (4, 3))
WRONG: dict[str, tuple[object, str]] = {
    "alpha": (png(official(IDS).convert("RGBA")), "alpha channel"),
    "alpha image": (official(IDS).convert("RGBA"), "alpha channel"),
    "palette": (png(official(IDS).convert("P")), "palette"),
    "16 bits a channel": (rgb_of_16_bits(IDS), "RGB PNG of 16 bits a channel"),
    "grey": (png(GREY), "8-bit grey"),
    "black and white": (png(GREY.convert("1")), "black and white"),
    "JPEG": (png(official(IDS), "JPEG"), "is a JPEG: a mask is a PNG, which keeps every id"),
    "empty": (b"", "it is empty"),
    "text": (b"<html>404</html>", "its 16 bytes are no image"),
    "no such file": ("/nowhere/x.png", r"/nowhere/x\.png: there is no such file"),
    "a folder": ("/", "/ cannot be read"),
    "float": (np.zeros((2, 2)), "holds float64"),
    "bool": (np.zeros((2, 2), bool), "holds bool"),
    "objects": (None, "no array of numbers"),
    "negative": (np.array([[-1]]), r"ids -1\.\.-1.*ignore label of -1"),
    "too large": (np.array([[70_000]]), r"70000\.\.70000"),
    "one dimension": (np.array([1]), "shape 1:"),
    "four channels": (np.zeros((2, 2, 4), np.uint8), "shape 2 x 2 x 4"),
    "wide channels": (np.zeros((2, 2, 3), np.int64), "shape 2 x 2 x 3"),
    "ragged": ([[1, 2], [3]], "is not a mask"),
    "blue": (np.full((2, 2, 3), 7, np.uint8), "blue channel"),
}


@pytest.mark.parametrize("form", WRONG)
def test_what_is_no_mask_is_refused(form: str) -> None:
    mask, message = WRONG[form]
    with pytest.raises(ImageNetSError, match=message):
        decode_mask(mask)


@pytest.mark.parametrize("encode", [encode_png16, encode_official_png])
def test_what_no_png_can_hold_is_refused(encode: Callable[[object], bytes]) -> None:
    for wrong in (np.array([[70_000]]), np.array([[-1]]), np.zeros((2, 2))):
        with pytest.raises(ImageNetSError):
            encode(wrong)
    with pytest.raises(ImageNetSError, match=r"no pixels \(0 x 5\)"):
        encode(np.zeros((0, 5), np.uint16))


def test_only_official_pngs_are_transcoded() -> None:
    with pytest.raises(ImageNetSError, match=r"x\.png is an image with mode I;16"):
        transcode(encode_png16(IDS), "919", "x.png")
    with pytest.raises(ImageNetSError, match=r"mask id .* in x\.png"):
        transcode(encode_official_png(IDS), "300", "x.png")


def test_no_damage_goes_unnoticed() -> None:
    """After any change of one byte, or any truncation: an error that names the file, or the same ids."""
    complete = png(official(IDS))
    chance = random.Random(0)
    refused = []
    for _ in range(1500):
        data = bytearray(complete)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        else:
            data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        try:
            ids = decode_mask(bytes(data), name="x.png")
        except ImageNetSError as error:
            refused.append(str(error))
        else:
            assert np.array_equal(ids, IDS)
    assert all("x.png" in message for message in refused)
    assert len(refused) > 1400, "only damage to the end marker may pass"
