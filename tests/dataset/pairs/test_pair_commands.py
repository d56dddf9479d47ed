"""What commands say of pairs that disagree, and that their pictures and sizes follow the masks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from odd_pairs import COUNTS, ODD, UNUSABLE, UPRIGHT, expected_pair, odd_ids
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion import check_loader
from imagenet_s.conversion.annotations import open_annotations, read_notes
from imagenet_s.conversion.export import EXPORT_FORMATS
from imagenet_s.conversion.masks import codec as mask_codec
from imagenet_s.conversion.masks.codec import decode_mask
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.submission.image_sizes import image_sizes
from imagenet_s.conversion.synthetic import images_of, write_annotations, write_imagenet
from imagenet_s.report.images_by_id import ImagesById

Layout = Callable[[str], Path]
SPLITS = ("train_semi", "validation")


@pytest.mark.parametrize("layout", ["folders", "tars", "parquet", "tree-50"])
def test_check(
    layout: str,
    odd_miniature: Layout,
    odd_annotations: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By the headers: no mask is decoded for it."""
    where = ["--annotations-dir", str(odd_annotations), "--config", "50", "--no-verify", "--splits", *SPLITS]
    assert main(["check", str(odd_miniature(layout)), *where, "--json", "-"]) == 1
    out = capsys.readouterr().out
    for split, one in json.loads(out)["splits"].items():
        other_size = {image_id for image_id, odd in UNUSABLE.items() if odd.mask == "size"}
        assert set(one["unusable"]) == {image.image_id for image in images_of("50", split)} & other_size
        assert one["expected"] == len(images_of("50", split))
        assert one["found"] == one["expected"] - len(one["unusable"])
        assert one["state"] == ("incomplete" if one["unusable"] else "ok")
        assert (
            caplog.text.count(
                f"{split}: {COUNTS[split]['upright']} of {one['expected']} masks fit their image only after"
            )
            == 1
        )


def test_check_of_upright_masks(
    odd_miniature: Layout, upright_annotations: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--annotations-dir", str(upright_annotations), "--config", "50", "--no-verify"]
    assert main(["check", str(odd_miniature("folders")), *where]) == 0
    assert "Complete." in capsys.readouterr().err


def test_check_of_a_damaged_image(
    miniature: Layout, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(miniature("folders"), tmp_path / "imagenet")
    path = next(root.rglob("ILSVRC2012_val_00016000.JPEG"))
    path.write_bytes(path.read_bytes()[:900])
    where = ["--annotations-dir", str(annotations), "--config", "50", "--no-verify", "--splits", "validation"]
    assert main(["check", str(root), *where]) == 1
    assert "validation: 1 damaged images (ILSVRC2012_val_00016000)" in capsys.readouterr().out


@pytest.fixture(scope="module")
def resized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy under the official names whose images are smaller, as some on Kaggle are."""
    root = write_imagenet(tmp_path_factory.mktemp("resized") / "imagenet")
    for path in root.rglob("*.JPEG"):
        with Image.open(path) as image:
            image.convert("RGB").resize((64, 48)).save(path, "JPEG")
    return root


DATA = ["--config", "50", "--no-verify", "--annotations-dir"]
KINDS = {"composites": ("--kinds", "object")}
DOORS = {
    "check": lambda root, out: ["check", root, *DATA],
    **{
        f"export {form}": lambda root, out, form=form: [
            *("export", root, out / "new", "--format", form, *KINDS.get(form, ()), *DATA)
        ]
        for form in EXPORT_FORMATS
    },
    "prepare": lambda root, out: ["prepare", root, out / "new", *DATA],
    "convert": lambda root, out: ["convert", root, out / "new", *DATA],
    "show": lambda root, out: ["show", root, "--output", out / "new", *DATA],
    "submit, test": lambda root, out: [
        *("submit", out / "masks", out / "new", "--protocol", "free", "--imagenet", root, *DATA),
    ],
    "submit, validation": lambda root, out: [
        *("submit", out / "masks", out / "new", "--protocol", "free", "--split", "validation"),
        *("--imagenet", root, *DATA),
    ],
    "submit --check": lambda root, out: ["submit", "--check", out / "masks", "--imagenet", root, *DATA],
}


@pytest.mark.parametrize("door", DOORS)
def test_a_resized_copy_is_called_one(
    door: str, resized: Path, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Right names are not taken for right pixels, also where no image is opened."""
    (tmp_path / "masks").mkdir()
    command = [*map(str, DOORS[door](resized, tmp_path)), str(annotations)]
    assert main(command) == 1
    told = capsys.readouterr()
    assert "this is a resized copy of ImageNet" in told.out + told.err
    assert not list((tmp_path / "new").rglob("[!.]*.*")), "nothing is written"


def test_a_picture_of_another_size_is_not_drawn_behind_its_mask(resized: Path) -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match="its image 64 x 48: the image or the mask was resized"):
        ImagesById(str(resized), "50").read({"ILSVRC2012_val_00016000": odd_ids("ILSVRC2012_val_00016000", "50")})


def test_test_alone_is_measured_as_it_is(resized: Path, miniature: Layout, tmp_path: Path) -> None:
    """Without masks at hand, nothing says that images were resized; nothing is fetched to find out."""
    lists = write_annotations(tmp_path / "lists")
    for archive in lists.glob("*.zip"):
        archive.unlink()
    assert set(image_sizes("50", "test", resized, lists, verify=False).values()) == {(64, 48)}
    assert image_sizes("50", "test", miniature("folders"), lists, verify=False)


def test_the_masks_of_validation_are_enough(miniature: Layout, annotations: Path, tmp_path: Path) -> None:
    """An ImageNet without its images has nothing to compare."""
    (tmp_path / "train").symlink_to(miniature("folders") / "train")
    sizes = image_sizes("50", "validation", tmp_path, annotations, verify=False)
    assert sizes == image_sizes("50", "validation", None, annotations, verify=False)


def test_download_prepares_what_can_be_used(
    odd_annotations: Path, mirror: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["download", "--annotations-dir", str(tmp_path / "into"), "--config", "50"]) == 0
    assert "validation of 50: 2 of 9 masks can't be used:" in capsys.readouterr().err
    opened = open_annotations("50", tmp_path / "into")
    notes = read_notes(opened.prepared_masks("validation"))
    assert notes.unusable.keys() == {"ILSVRC2012_val_00020818", "ILSVRC2012_val_00045977"}
    assert notes.blue == ["ILSVRC2012_val_00033506"]
    with pytest.raises(imagenet_s.ImageNetSError, match="validation: 2 of 9 masks can't be used"):
        opened.masks("validation")


def test_a_blue_channel_of_a_file_is_not_read(odd_annotations: Path, tmp_path: Path, caplog) -> None:
    """Of an array it is refused: it may be the red of swapped channels."""
    from odd_pairs import odd_png

    mask_codec._warn_of_blue.cache_clear()
    path = tmp_path / "blue.png"
    path.write_bytes(odd_png("ILSVRC2012_val_00033506", "50"))
    for _ in range(2):
        np.testing.assert_array_equal(decode_mask(path), odd_ids("ILSVRC2012_val_00033506", "50"))
        with Image.open(path) as image:
            np.testing.assert_array_equal(decode_mask(image), odd_ids("ILSVRC2012_val_00033506", "50"))
    assert sum("blue channel" in record.getMessage() for record in caplog.records) == 1
    with Image.open(path) as image, pytest.raises(imagenet_s.ImageNetSError, match="were the channels swapped"):
        decode_mask(np.asarray(image))


def test_predictions_have_the_size_of_the_mask(odd_miniature: Layout, upright_annotations: Path) -> None:
    for place in (None, odd_miniature("folders"), odd_miniature("tree-50")):
        sizes = image_sizes("50", "validation", place, upright_annotations, verify=False)
        for image in images_of("50", "validation"):
            if image.image_id not in UNUSABLE:
                assert sizes[image.image_id] == odd_ids(image.image_id, "50").shape[::-1]


@pytest.mark.parametrize("layout", ["folders", "tars", "parquet"])
def test_pictures_follow_the_masks(layout: str, odd_miniature: Layout) -> None:
    """Those of `evaluate --images`, `compare` and `evaluate-maps`."""
    masks = {image_id: odd_ids(image_id, "50") for image_id in UPRIGHT}
    images = ImagesById(str(odd_miniature(layout)), "50").read(masks)
    assert images.keys() == masks.keys()
    for image_id, picture in images.items():
        np.testing.assert_array_equal(np.asarray(picture), expected_pair(image_id, "50")[0], err_msg=image_id)


@pytest.mark.parametrize("source", ["folders", "parquet", "arrow"])
def test_show(source: str, odd_miniature: Layout, upright_annotations: Path, tmp_path: Path) -> None:
    """An overlay of another size than its image is an error."""
    place, where = odd_miniature("folders"), ["--annotations-dir", str(upright_annotations), "--no-verify"]
    if source != "folders":
        options = Options(["validation"], form=source, verify=False)
        convert(place, tmp_path / "out", "50", upright_annotations, options)
        place, where = tmp_path / "out", []
    assert main(["show", str(place), "--output", str(tmp_path / "sheets"), "--config", "50", *where]) == 0
    assert list((tmp_path / "sheets").glob("*.png"))


def test_our_own_rows_are_right(odd_miniature: Layout, upright_annotations: Path) -> None:
    """check-loader compares with images and masks that are both upright."""
    rows = imagenet_s.load_dataset(
        "50",
        data_dir=odd_miniature("folders"),
        annotations_dir=upright_annotations,
        split="validation",
        verify=False,
    )
    report = check_loader(rows, upright_annotations, "50", imagenet=odd_miniature("folders"))
    assert not report.findings, report


def test_the_odd_pairs_are_odd() -> None:
    assert {odd.mask for odd in ODD.values()} == {"upright", "turned", "size", "id", "blue", "palette"}
    assert {odd.orientation for odd in ODD.values() if odd.mask in ("upright", "turned")} == {3, 6, 8}
    assert {odd.metadata for odd in ODD.values()} == {"exif", "xmp", "kind"}
