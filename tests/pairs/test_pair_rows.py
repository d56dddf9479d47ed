"""Rows of pairs that disagree: both upright where the mask is, one message for what can't be used, in every layout."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest
from datasets import load_dataset
from http_files import FileServer
from odd_pairs import COUNTS, ODD, UNUSABLE, UPRIGHT, assert_odd_rows, expected_pair, odd_image, usable
from PIL import Image

import imagenet_s
from imagenet_s.conversion.exif import orientation_of, turned
from imagenet_s.conversion.synthetic import LAYOUTS, images_of

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
        said = messages(caplog)
        of = len(images_of("50", split))
        upright, unusable = COUNTS[split]["upright"], COUNTS[split]["unusable"]
        assert sum(f"{split}: {upright} of {of} masks fit their image only after" in one for one in said) == 1
        left_out = [one for one in said if f"{split}: {unusable} of {of} masks can't be used" in one]
        assert len(left_out) == 1
        for image in images_of("50", split):
            assert (image.image_id in left_out[0].rsplit("Left out (")[1]) == (image.image_id in UNUSABLE)
    for split, rows in load_dataset("imagenet_s", "50", streaming=True, **options).items():
        assert_odd_rows(rows, "50", split)


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
    assert text.endswith('\non_missing="skip" leaves them out.')


def test_a_stream_that_reads_from_front_to_back_names_the_pair(
    odd_miniature: Layout, upright_annotations: Path
) -> None:
    """The sizes of its images can't be known before they are read."""
    from odd_pairs import Odd, write_odd_annotations

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
    from imagenet_s.conversion import pairs

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
