"""Shards and exports of pairs that disagree: the same rows again, and masks that say what the rows say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest
from odd_pairs import COUNTS, ODD, assert_odd_rows, expected_pair, odd_ids, odd_image, usable
from PIL import Image, ImageOps

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.converted.dataset_index import parse_index
from imagenet_s.conversion.export import Coco, Foreground, RleCsv, Yolo, export_masks
from imagenet_s.conversion.shards import Options, convert, verify
from imagenet_s.conversion.synthetic import IMAGES

Layout = Callable[[str], Path]
SPLITS = ("train_semi", "validation")


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@pytest.mark.parametrize("layout", ["folders", "parquet"])
def test_shards(layout: str, form: str, odd_miniature: Layout, odd_annotations: Path, tmp_path: Path) -> None:
    """Read by plain datasets; the card and the index say how many masks are upright."""
    out, source = tmp_path / "out", odd_miniature(layout)
    options = Options(splits=SPLITS, form=form, on_missing="skip", verify=False, max_shard_size="20KB")
    index = convert(source, out, "50", odd_annotations, options)
    verify(out)
    for split in SPLITS:
        assert index.configs["50"].splits[split].upright == COUNTS[split]["upright"]
        assert index.configs["50"].splits[split].rows == len(usable("50", split))
        if form == "parquet":
            plain = datasets.load_dataset(str(out), "50", split=split, cache_dir=str(tmp_path / "cache"))
        else:
            plain = datasets.load_from_disk(str(out / "50"))[split]
        assert_odd_rows(plain, "50", split)
        for row in plain.cast_column("image", datasets.Image(decode=False)):
            odd = ODD.get(row["image_id"])
            if odd and odd.mask == "upright" and odd.metadata == "exif":
                assert row["image"]["bytes"] == odd_image(row["image_id"]), "the orientation simply stays"
    card = " ".join((out / "README.md").read_text(encoding="utf-8").split())
    assert "Except for these rows: 4 of `train_semi` of 50, 3 of `validation` of 50." in card
    assert parse_index((out / "index.json").read_bytes(), "index.json") == index
    again = imagenet_s.load_dataset("50", data_dir=out, splits=SPLITS)
    for split in SPLITS:
        assert_odd_rows(again[split], "50", split)


def test_without_images_no_sizes_are_compared(odd_miniature: Layout, odd_annotations: Path, tmp_path: Path) -> None:
    options = Options(splits=["validation"], images=False, on_missing="skip", verify=False)
    index = convert(odd_miniature("folders"), tmp_path / "masks", "50", odd_annotations, options)
    assert index.configs["50"].splits["validation"].rows == 7
    rows = imagenet_s.load_dataset(
        "50",
        data_dir=odd_miniature("folders"),
        annotations_dir=tmp_path / "masks",
        split="validation",
        on_missing="skip",
        verify=False,
    )
    assert_odd_rows(rows, "50", "validation")


def test_a_conversion_of_some_images(odd_miniature: Layout, odd_annotations: Path, tmp_path: Path) -> None:
    chosen = ["ILSVRC2012_val_00016000", "n02165456_98"]
    options = Options(splits=(*SPLITS, "test"), verify=False, image_ids=chosen)
    index = convert(odd_miniature("folders"), tmp_path / "out", "50", odd_annotations, options)
    splits = index.configs["50"].splits
    assert {name: (split.rows, split.upright) for name, split in splits.items()} == {
        "train_semi": (1, 1),
        "validation": (1, 1),
    }
    with pytest.raises(imagenet_s.ImageNetSError, match=r"1 of 1 image_ids \(--ids\) are no images of train_semi"):
        convert(
            odd_miniature("folders"), tmp_path / "b", "50", odd_annotations, Options(verify=False, image_ids=["n1_1"])
        )


@pytest.mark.parametrize("source", ["folders", "parquet", "converted"])
def test_exports(source: str, odd_miniature: Layout, odd_annotations: Path, tmp_path: Path) -> None:
    place = odd_miniature("folders" if source == "converted" else source)
    options = {"annotations_dir": odd_annotations, "on_missing": "skip", "verify": False}
    if source == "converted":
        convert(place, tmp_path / "out", "50", odd_annotations, Options(SPLITS, on_missing="skip", verify=False))
        place, options = tmp_path / "out", {"verify": False}
    for form in (Coco("50"), Foreground("50"), RleCsv("50"), Yolo("50")):
        done = export_masks(place, tmp_path / form.name, form, SPLITS, **options)
        assert [item.images for item in done] == [len(usable("50", split)) for split in SPLITS]
    coco = json.loads((tmp_path / "coco" / "validation" / "instances.json").read_text(encoding="utf-8"))
    assert sorted(item["image_id"] for item in coco["images"]) == usable("50", "validation")
    for item in coco["images"]:
        assert (item["height"], item["width"]) == odd_ids(item["image_id"], "50").shape
    for split in SPLITS:
        for image_id in usable("50", split):
            name = f"{IMAGES[image_id].class_wnid}/{image_id}"
            with Image.open(tmp_path / "foreground" / split / f"{name}.png") as image:
                ids = odd_ids(image_id, "50")
                expected = np.where(ids == 1000, 128, np.where(ids > 0, 255, 0))
                np.testing.assert_array_equal(np.asarray(image), expected)
            with Image.open(tmp_path / "yolo" / split / "images" / f"{image_id}.JPEG") as image:
                shown = ImageOps.exif_transpose(image).convert("RGB")
                np.testing.assert_array_equal(np.asarray(shown), expected_pair(image_id, "50")[0])


def test_an_export_names_all_that_is_wrong(odd_miniature: Layout, odd_annotations: Path, tmp_path: Path) -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match=r"(?s)validation: 3 of 9 masks can't be used:.*on_missing"):
        export_masks(
            odd_miniature("folders"), tmp_path / "out", Coco("50"), annotations_dir=odd_annotations, verify=False
        )
    assert not (tmp_path / "out" / "validation").exists()


def test_masks_alone(odd_annotations: Path, tmp_path: Path) -> None:
    """Without images, what is wrong with a mask is all that can be wrong."""
    with pytest.raises(imagenet_s.ImageNetSError, match=r"(?s)validation: 2 of 9 masks can't be used:.*on_missing"):
        export_masks(odd_annotations, tmp_path / "out", Coco("50"), verify=False)
    (done,) = export_masks(odd_annotations, tmp_path / "out", Coco("50"), verify=False, on_missing="skip")
    assert done.images == 7


def test_a_tree_has_the_official_masks(odd_miniature: Layout, odd_annotations: Path, tmp_path: Path) -> None:
    """It is what the official scripts make, and is checked and loaded as what it was made from."""
    where = ["--annotations-dir", str(odd_annotations), "--no-verify", "--config", "50"]
    assert main(["prepare", str(odd_miniature("flat")), str(tmp_path), *where, "--splits", *SPLITS]) == 0
    tree = tmp_path / "ImageNetS50"
    rows = imagenet_s.load_dataset("50", data_dir=tree, splits=SPLITS, on_missing="skip", verify=False)
    for split in SPLITS:
        assert_odd_rows(rows[split], "50", split)
    command = [sys.executable, "-m", "imagenet_s", "check", str(tree), "--config", "50", "--no-verify"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert "validation: 1 of 9 masks can't be used: the mask of ILSVRC2012_val_00040675" in checked.stdout
    assert "3 of 9 masks fit their image only after" in checked.stderr
