"""Rows of pairs that disagree: both upright where the mask is, one message for what can't be used, in every layout."""

from __future__ import annotations

import io
import logging
import re
import struct
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest
from datasets import load_dataset
from http_files import FileServer
from odd_pairs import (
    COUNTS,
    ODD,
    UNUSABLE,
    UPRIGHT,
    Odd,
    assert_odd_rows,
    expected_pair,
    odd_image,
    usable,
    write_odd_annotations,
)
from PIL import Image

import imagenet_s
from imagenet_s.conversion.dataset import examples
from imagenet_s.conversion.images.exif import orientation_of, turned
from imagenet_s.conversion.images.image_header import APP1, jpeg_segments
from imagenet_s.conversion.images.image_inspection import inspect_bytes
from imagenet_s.conversion.synthetic import LAYOUTS, image_bytes, image_files, images_of

SPLITS = ("train_semi", "validation")
Layout = Callable[[str], Path]


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "imagenet_s"]


@pytest.mark.parametrize("layout", [*LAYOUTS, "tree-50"])
def test_every_layout_and_both_ways(
    layout: str, odd_miniature: Layout, mirror: FileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Annotations are downloaded and verified; what can't be used is left out, and said."""
    options = {"data_dir": str(odd_miniature(layout)), "splits": SPLITS, "on_missing": "skip"}
    built = load_dataset("imagenet_s", "50", **options)
    for split in SPLITS:
        assert_odd_rows(built[split], "50", split)
        lines = messages(caplog)
        of = len(images_of("50", split))
        upright, unusable = COUNTS[split]["upright"], COUNTS[split]["unusable"]
        assert sum(f"{split}: {upright} of {of} masks fit their image only after" in item for item in lines) == 1
        left_out = [item for item in lines if f"{split}: {unusable} of {of} masks can't be used" in item]
        assert len(left_out) == 1
        for image in images_of("50", split):
            assert (image.image_id in left_out[0].rsplit("Left out (")[1]) == (image.image_id in UNUSABLE)
    caplog.clear()
    examples._say_upright.cache_clear()
    for split, rows in load_dataset("imagenet_s", "50", streaming=True, **options).items():
        assert_odd_rows(rows, "50", split)
    lines = sum("masks fit their image only after" in message for message in messages(caplog))
    front_to_back = ("parquet", "hub-cache", "hub-tars")  # there it is known, and said, when the first is read
    assert lines == (1 if layout in front_to_back else len(SPLITS))


@pytest.mark.parametrize("layout", ["folders", "parquet", "tree-50"])
def test_all_that_is_wrong_is_said_at_once(layout: str, odd_miniature: Layout, odd_annotations: Path) -> None:
    options = {"annotations_dir": odd_annotations, "verify": False}
    with pytest.raises(imagenet_s.ImageNetSError) as error:
        imagenet_s.load_dataset("50", data_dir=odd_miniature(layout), split="validation", **options)
    text = str(error.value)
    assert "validation: 3 of 9 masks can't be used:" in text
    assert re.search(r"mask id 940 in .*ILSVRC2012_val_00020818\.png", text)
    assert re.search(r"ILSVRC2012_val_00045977\.png is an image with a palette", text)
    assert re.search(r"the mask of ILSVRC2012_val_00040675 is 115 x 157 .* its image 120 x 160: .* was resized", text)
    assert text.endswith('\non_missing="skip" (--on-missing skip) leaves them out.')


def test_a_stream_that_reads_from_front_to_back_names_the_pair(
    odd_miniature: Layout, upright_annotations: Path
) -> None:
    """The sizes of its images can't be known before they are read."""
    other = {"ILSVRC2012_val_00040675": Odd("size")}
    annotations = write_odd_annotations(upright_annotations.parent / "one of another size", odd=other)
    options = {"annotations_dir": annotations, "verify": False, "streaming": True, "split": "validation"}
    with pytest.raises(
        imagenet_s.ImageNetSError, match=r"the mask of ILSVRC2012_val_00040675 is .*on_missing=\"skip\""
    ):
        list(imagenet_s.load_dataset("50", data_dir=odd_miniature("hub-tars"), **options))


@pytest.mark.parametrize("layout", ["folders", "parquet"])
@pytest.mark.parametrize("config", ["50", "919"])
def test_upright_masks_need_no_option(
    layout: str, config: str, odd_miniature: Layout, upright_annotations: Path
) -> None:
    """Neither does a blue channel. Where the sizes can't say that a mask is upright, its image stays as stored."""
    options = {"data_dir": odd_miniature(layout), "annotations_dir": upright_annotations, "verify": False}
    built = imagenet_s.load_dataset(config, splits=SPLITS, **options)
    for split in SPLITS:
        rows = {row["image_id"]: row for row in built[split]}
        assert rows.keys() == {image.image_id for image in images_of(config, split)}
        for image_id in set(UPRIGHT) & rows.keys():
            pixels, ids = expected_pair(image_id, config)
            np.testing.assert_array_equal(np.asarray(rows[image_id]["image"]), pixels)
            np.testing.assert_array_equal(np.asarray(rows[image_id]["annotation"]), ids)
            turned = ODD[image_id].mask == "upright" and ODD[image_id].orientation in (6, 8)
            with Image.open(io.BytesIO(odd_image(image_id))) as image:
                assert rows[image_id]["image"].size == (image.size[::-1] if turned else image.size)


def test_a_subset(odd_miniature: Layout, odd_annotations: Path) -> None:
    chosen = ["ILSVRC2012_val_00016000", "ILSVRC2012_val_00000206", "ILSVRC2012_val_00038851"]
    options = {"annotations_dir": odd_annotations, "verify": False, "image_ids": chosen, "split": "validation"}
    rows = imagenet_s.load_dataset("50", data_dir=odd_miniature("folders"), **options)
    assert rows["image_id"][:] == chosen
    for row in rows:
        np.testing.assert_array_equal(np.asarray(row["image"]), expected_pair(row["image_id"], "50")[0])


def test_train_stays_as_stored(odd_miniature: Layout, odd_annotations: Path) -> None:
    """Without masks there is nothing that an image could go with."""
    options = {"annotations_dir": odd_annotations, "verify": False, "split": "train"}
    for row in imagenet_s.load_dataset("50", data_dir=odd_miniature("folders"), **options):
        if row["image_id"] in UPRIGHT:
            with Image.open(io.BytesIO(odd_image(row["image_id"]))) as image:
                np.testing.assert_array_equal(np.asarray(row["image"]), np.asarray(image.convert("RGB")))


def test_a_resized_copy_is_called_one(odd_miniature: Layout, annotations: Path, tmp_path: Path) -> None:
    for path in sorted((odd_miniature("folders") / "val").rglob("*.JPEG")):
        target = tmp_path / "val" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            image.convert("RGB").resize((64, 48)).save(target, "JPEG")
    options = {"annotations_dir": annotations, "verify": False, "split": "validation"}
    for policy in ("error", "skip"):
        with pytest.raises(imagenet_s.ImageNetSError, match=r"9 of 9 images have .* a resized copy of ImageNet"):
            imagenet_s.load_dataset("50", data_dir=tmp_path, on_missing=policy, **options)


def test_what_was_found_is_kept_while_nothing_changes(
    odd_miniature: Layout, odd_annotations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imagenet_s.conversion.dataset import image_mask_pairs as pairs

    looked: list[str] = []
    plain = pairs.inspect_pair
    monkeypatch.setattr(pairs, "_KEPT_FROM", 1)
    monkeypatch.setattr(pairs, "inspect_pair", lambda *args: looked.append(args[2]) or plain(*args))
    options = {"annotations_dir": odd_annotations, "verify": False, "split": "validation", "on_missing": "skip"}
    options |= {"data_dir": odd_miniature("flat"), "cache_dir": str(tmp_path), "streaming": True}
    for expected in (7, 0):  # of 9 images, two have a mask that can't be read
        looked.clear()
        stream = imagenet_s.load_dataset("50", **options)
        assert len(looked) == expected
        assert_odd_rows(stream, "50", "validation")
    (kept,) = (tmp_path / "imagenet_s" / "headers").glob("pairs-*.json")
    kept.write_bytes(b"[1]")
    looked.clear()
    imagenet_s.load_dataset("50", **options)
    assert len(looked) == 7


def test_a_batch_of_which_nothing_is_left(odd_miniature: Layout, upright_annotations: Path, tmp_path: Path) -> None:
    annotations = write_odd_annotations(tmp_path, odd={"ILSVRC2012_val_00040675": Odd("size")})
    options = {"annotations_dir": annotations, "verify": False, "streaming": True, "split": "validation"}
    options |= {"data_dir": odd_miniature("hub-tars"), "on_missing": "skip"}
    assert list(imagenet_s.load_dataset("50", image_ids=["ILSVRC2012_val_00040675"], **options)) == []
    assert len(list(imagenet_s.load_dataset("50", **options))) == 8


def test_one_image_of_another_size_is_no_resized_copy(odd_miniature: Layout, odd_annotations: Path) -> None:
    options = {"annotations_dir": odd_annotations, "verify": False, "image_ids": ["ILSVRC2012_val_00040675"]}
    with pytest.raises(imagenet_s.ImageNetSError, match="can't be used: the mask of") as error:
        imagenet_s.load_dataset("50", data_dir=odd_miniature("folders"), split="validation", **options)
    assert "resized copy" not in str(error.value)


def exif_block(kind: int, value: bytes, resolution: bytes = struct.pack("<ii", 72, 1)) -> bytes:
    """Orientation of a kind, its value elsewhere where it takes more than four bytes, and XResolution."""
    inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", 46)
    orientation = struct.pack("<HHI", 0x0112, kind, 1) + inline
    x_resolution = struct.pack("<HHII", 0x011A, 10, 1, 38)
    return b"II*\0" + struct.pack("<IH", 8, 2) + orientation + x_resolution + struct.pack("<I", 0) + resolution + value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (3, struct.pack("<H", 6)),
        (4, struct.pack("<I", 6)),
        (5, struct.pack("<II", 6, 1)),
        (11, struct.pack("<f", 6)),
        (12, struct.pack("<d", 6)),
    ],
    ids=["SHORT", "LONG", "RATIONAL", "FLOAT", "DOUBLE"],
)
@pytest.mark.parametrize("resolution", [struct.pack("<ii", 72, 1), struct.pack("<ii", -1, 0)], ids=["72", "-1/0"])
def test_every_kind_of_orientation(kind: int, value: bytes, resolution: bytes) -> None:
    """All that Pillow takes for an orientation turns, in bytes that `datasets` can show."""
    data = image_bytes("ILSVRC2012_val_00016000")
    data = image_files._with_app1(data, b"Exif\0\0" + exif_block(kind, value, resolution))
    with Image.open(io.BytesIO(data)) as image:
        stored = image.convert("RGB")
        assert image.getexif()[0x0112] == 6
    assert orientation_of(data) == 6
    shown = datasets.Image(mode="RGB").decode_example({"bytes": turned(data), "path": None})
    np.testing.assert_array_equal(np.asarray(shown), np.asarray(stored.transpose(Image.Transpose.ROTATE_270)))


def test_xmp_before_exif_that_can_not_be_written() -> None:
    """One EXIF stands in place of both, whatever their order; everything else stays."""
    plain = image_bytes("ILSVRC2012_val_00016000")
    exif = b"Exif\0\0" + exif_block(3, struct.pack("<H", 6), struct.pack("<ii", -1, 0))
    xmp = image_files._XMP_HEADER + image_files._XMP_PACKET
    results = {
        turned(image_files._with_app1(image_files._with_app1(plain, inner), outer))
        for inner, outer in ((exif, xmp), (xmp, exif))
    }
    (result,) = results
    segments = [(start, stop) for marker, start, stop in jpeg_segments(result) if marker == APP1]
    assert len(segments) == 1
    start, stop = segments[0]
    assert result[: start - 4] + result[stop:] == plain


def test_a_png_whose_exif_can_not_be_written_is_named() -> None:
    with Image.open(io.BytesIO(image_bytes("ILSVRC2012_val_00016000"))) as image:
        buffer = io.BytesIO()
        image.save(buffer, "PNG", exif=exif_block(3, struct.pack("<H", 6), struct.pack("<ii", -1, 0)))
    assert orientation_of(buffer.getvalue()) == 6
    with pytest.raises(imagenet_s.ImageNetSError, match=r"x\.JPEG: damaged .*; fetch it again"):
        inspect_bytes(buffer.getvalue(), "x.JPEG").turned()


def test_turned_bytes(caplog: pytest.LogCaptureFixture) -> None:
    """EXIF that says it stays as it is; XMP alone, or EXIF that can't be written, is replaced by EXIF that says it."""
    caplog.set_level(logging.ERROR)
    for image_id, odd in UPRIGHT.items():
        if odd.mask != "upright":
            continue
        data = odd_image(image_id)
        assert orientation_of(data) == odd.orientation
        result = turned(data)
        assert (result is data) == (odd.metadata == "exif"), image_id
        assert orientation_of(result) == odd.orientation
        assert turned(result) is result
        pixels = expected_pair(image_id, "50")[0]
        shown = datasets.Image(mode="RGB").decode_example({"bytes": result, "path": None})
        np.testing.assert_array_equal(np.asarray(shown), pixels)


def test_usable_is_what_is_left() -> None:
    assert {split: len(images_of("50", split)) - len(usable("50", split)) for split in SPLITS} == {
        split: COUNTS[split]["unusable"] for split in SPLITS
    }
