"""What is taken for a mask, and what is refused with which words."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from mask_forms import forms, png, rgb
from PIL import Image

from imagenet_s.conversion.masks.codec import decode_mask
from imagenet_s.metrics import MatchedIoU
from imagenet_s.metrics.matched_miou.read_mask import read_mask


@pytest.mark.parametrize("ids", [[[0, 300, 1000], [919, 255, 256]], [[0, 7], [50, 255]]])
def test_every_form_gives_the_same_ids(ids, tmp_path):
    for form, mask in forms(ids, tmp_path).items():
        read = read_mask(mask)
        assert read.tolist() == ids, form
        assert (read.dtype, read.flags.c_contiguous) == (np.uint16, True), form


def test_blue_is_not_used():
    image = rgb([[300]])
    image[..., 2] = 77
    assert read_mask(image).tolist() == read_mask(Image.fromarray(image)).tolist() == [[300]]


def test_the_callers_array_stays_as_it_was():
    prediction, reference = np.array([[1, 2]]), np.array([[1, 1000]])
    prediction.flags.writeable = reference.flags.writeable = False
    MatchedIoU(2).update(prediction, reference)
    assert reference.tolist() == [[1, 1000]]


CHUNKS = (
    (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)),
    (b"IDAT", zlib.compress(b"\0\0\3\0\0\0\0")),
    (b"IEND", b""),
)
RGB_OF_16_BITS = b"\x89PNG\r\n\x1a\n" + b"".join(
    struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in CHUNKS
)
"""A pixel with R = 3, of which Pillow would keep the high byte, 0."""


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((4, 4), np.float32), r"holds float32 \(4 x 4\): .* argmax over the classes first"),
        (np.zeros((51, 4, 4), np.float32), "argmax over the classes first"),
        (np.zeros((51, 4, 4), np.int64), r"has the shape 51 x 4 x 4: .* argmax"),
        (np.zeros((4, 4), bool), "holds bool"),
        (np.zeros(4, int), "has the shape 4"),
        (3, "a single number"),
        (None, "no array of numbers"),
        ([[1, 2], [3]], "is not a mask"),
        (np.zeros((0, 4), int), r"has no pixels \(0 x 4\)"),
        (Image.new("RGB", (0, 0)), "has no pixels"),
        (np.array([[-1]]), r"ids -1\.\.-1: .* ignore label of -1"),
        (np.array([[70000]]), r"ids 70000\.\.70000"),
        (Image.new("P", (2, 2)), "with a palette"),
        (Image.new("RGBA", (2, 2)), "with an alpha channel"),
        (Image.new("F", (2, 2)), "floating point"),
        (b"no picture", "is not a readable PNG"),
        (RGB_OF_16_BITS, "RGB PNG of 16 bits a channel"),
        (png(Image.fromarray(rgb([[3] * 40] * 40)))[:-30], "is not a readable PNG"),
        ("nowhere/mask.png", "there is no such file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_mask_is_refused_by_name(mask, message):
    metric = MatchedIoU(50)
    with pytest.raises(ValueError, match=message) as refusal:
        metric.update(mask, [[0]], name="n01443537/fish")
    assert "the prediction of n01443537/fish" in str(refusal.value)
    with pytest.raises(ValueError, match="the reference of n01443537/fish"):
        metric.update([[0]], mask, name="n01443537/fish")
    assert len(metric) == 0


def test_a_flipped_bit_of_the_pixel_data_is_never_read_as_another_id():
    data = png(Image.fromarray(rgb(np.arange(64).reshape(8, 8))))
    start = data.index(b"IDAT") + 4
    end = start + int.from_bytes(data[start - 8 : start - 4], "big")
    for position in range(start, end + 4):  # the checksum included
        for bit in range(8):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            with pytest.raises(ValueError, match="is not a readable PNG"):
                read_mask(damaged)


def encoded(form, size=(9, 7)):
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, form)
    return buffer.getvalue()


OTHER_FORMATS = ["EPS", "JPEG", "TIFF", "BMP", "GIF", "PPM", "TGA", "PDF"]
READERS = [read_mask, decode_mask]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("form", OTHER_FORMATS)
def test_nothing_but_png_is_opened(form, reader, tmp_path, monkeypatch):
    """Pillow hands an EPS to Ghostscript."""
    ran = tmp_path / "ran"
    ghostscript = tmp_path / "bin" / "gs"
    ghostscript.parent.mkdir()
    ghostscript.write_text(f"#!/bin/sh\ntouch {ran}\nexit 1\n")
    ghostscript.chmod(0o755)
    monkeypatch.setenv("PATH", str(ghostscript.parent), prepend=os.pathsep)
    data = encoded(form)
    path = tmp_path / "mask.png"
    path.write_bytes(data)
    masks = [path, str(path), data, bytearray(data)]
    if form != "PDF":  # written by Pillow, not read
        masks.append(Image.open(path))
    for mask in masks:
        with pytest.raises(ValueError, match=r"PNG|keeps? every id"):
            reader(mask, name="fish")
    assert not ran.exists()


@pytest.mark.parametrize("reader", READERS)
def test_a_claim_of_too_many_pixels_is_refused_by_name(reader):
    data = bytearray(encoded("PNG"))
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    with pytest.raises(ValueError, match="fish is not a readable PNG") as refusal:
        reader(bytes(data), name="fish")
    assert "\n" not in str(refusal.value)


def test_damaged_pngs_are_right_or_refused():
    generator = np.random.default_rng(3)
    ids = np.kron(generator.integers(0, 50, (8, 9)), np.ones((5, 5), int))
    sound = png(Image.fromarray(rgb(ids)))
    for _ in range(1500):
        data = bytearray(sound)
        if generator.random() < 0.2:
            del data[generator.integers(len(data)) :]
        for _ in range(generator.integers(1, 4) if data else 0):
            data[generator.integers(len(data))] = generator.integers(256)
        try:
            decoded = read_mask(bytes(data), "fish")
        except ValueError as error:
            assert str(error).startswith("fish")  # noqa: PT017
        else:
            assert np.array_equal(decoded, ids)


def test_sizes_that_differ():
    with pytest.raises(ValueError, match=r"fish: the prediction is 2 x 3 \(H x W\), the reference 4 x 3; resize"):
        MatchedIoU(50).update(np.zeros((2, 3), int), np.zeros((4, 3), int), "fish")
    with pytest.raises(ValueError, match="rotated, as EXIF-aware readers do"):
        MatchedIoU(50).update(np.zeros((2, 3), int), np.zeros((3, 2), int), "fish")


def test_ids_out_of_range():
    metric = MatchedIoU(50)
    with pytest.raises(
        ValueError, match=r"id 51, 300 in the reference of fish: 50 classes .* was it made for 300 classes"
    ):
        metric.update([[0, 0, 0]], [[51, 300, 1000]], "fish")
    with pytest.raises(ValueError, match=r"id 20000 .* are R and G swapped"):
        metric.update([[0]], [[20000]], "fish")
    with pytest.raises(ValueError, match="the prediction of fish holds 1000, which only references have"):
        metric.update([[1000]], [[0]], "fish")
    MatchedIoU(50, ignore_index=255).update([[1000]], [[255]])


def test_the_path_names_an_image_without_a_name(tmp_path):
    with pytest.raises(ValueError, match=r"the reference of .*here\.png: there is no such file"):
        MatchedIoU(50).update([[0]], tmp_path / "here.png")
    with pytest.raises(ValueError, match=r"the prediction of image 1 \(in the order given\)"):
        MatchedIoU(50).update([[0.5]], [[0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "num_classes=0: expected 1"),
        ((50.0,), "expected whole numbers"),
        (("50",), "expected whole numbers"),
        ((300, 255), r"ignore_index=255 is a class id \(0\.\.300\)"),
        ((50, -100), r"ignore_index=-100: ids are 0\.\.65535, .* Write 1000 where the references have -100"),
        ((50, -1), "ignore_index=-1: ids are"),
        ((50, 65536), "ignore_index=65536: ids are"),
    ],
)
def test_numbers_of_classes(arguments, message):
    with pytest.raises(ValueError, match=message):
        MatchedIoU(*arguments)


@pytest.mark.parametrize(
    "call",
    [
        lambda metric: metric.update([[1]], [[51]], "b"),
        lambda metric: metric.update([[1]], [[1, 1]], "b"),
        lambda metric: metric.update([[1]], [[1]], "a"),
        lambda metric: metric.update_counts(np.zeros((1, 4), np.int32), "b"),
        lambda metric: metric.update_counts(np.zeros((1, 6)), "b"),
        lambda metric: metric.merge(metric),
        lambda metric: metric.merge(MatchedIoU(51)),
        lambda metric: metric.compute("hungry"),
        lambda metric: metric.compute("none"),
        lambda metric: metric.match({1: 99}),
        lambda metric: metric.per_image("none"),
        lambda metric: metric.bootstrap("pixel", samples=1),
        lambda metric: metric.bootstrap("pixel", level=2),
        lambda metric: metric.save("nowhere\0/counts.npz"),
    ],
)
def test_a_refused_call_changes_nothing(call):
    metric = MatchedIoU(50)
    metric.update([[60, 1]], [[1, 1]], "a")
    before = metric.compute("pixel")
    with pytest.raises(ValueError, match=r"\S"):
        call(metric)
    assert len(metric) == 1
    assert str(metric.compute("pixel")) == str(before)
    metric.update([[1]], [[1]], "b")
    assert metric.per_image("pixel")["name"] == ["a", "b"]


def test_a_name_is_text_whatever_it_was(tmp_path):
    metric = MatchedIoU(50)
    for name in (0, 7, tmp_path):
        metric.update([[1]], [[1]], name)
    with pytest.raises(ValueError, match="7 was counted already"):
        metric.update([[1]], [[1]], "7")
    metric.save(tmp_path / "counts.npz")
    assert MatchedIoU.load(tmp_path / "counts.npz").per_image()["name"] == ["0", "7", str(tmp_path)]


@pytest.mark.parametrize("call", ["compute", "match", "per_image", "bootstrap"])
def test_nothing_counted(call):
    with pytest.raises(ValueError, match="nothing was counted"):
        getattr(MatchedIoU(50), call)()


@pytest.mark.torch
def test_tensors(tmp_path):
    import torch

    ids = [[0, 300, 1000], [919, 255, 256]]
    for dtype in (torch.int64, torch.int32, torch.uint16):
        assert read_mask(torch.tensor(ids).to(dtype)).tolist() == ids
    assert read_mask(torch.tensor(ids).T).tolist() == np.array(ids).T.tolist()
    with pytest.raises(ValueError, match=r"a tensor of torch\.bfloat16, shape \(920, 4, 4\): .* argmax"):
        read_mask(torch.zeros(920, 4, 4, dtype=torch.bfloat16, requires_grad=True))
