"""Names on a disk are bytes, a path is whatever has no `://`, and an address has one of a few forms."""

import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion import PredictionWriter
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.imagenet.data_dir import resolve_data_dir
from imagenet_s.conversion.imagenet.detect import open_imagenet
from imagenet_s.conversion.synthetic import expected_rows, images_of_imagenet

JUNK = (b"caf\xe9.txt", b"\xff\xfe.JPEG", b"\xe9_10026.JPEG")


@pytest.fixture
def copy(miniature: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(miniature("folders"), tmp_path / "imagenet"))


def junk(folder: Path) -> None:
    """Files and a folder whose names are no UTF-8."""
    for name in JUNK:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"junk")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xc3(")).mkdir()


@pytest.mark.parametrize("below", ["", "train", "val", "train/n01443537", "val/n01443537"])
def test_files_with_names_that_are_no_utf8(
    below: str, copy: Path, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    junk(copy / below)
    given = {"annotations_dir": annotations, "verify": False}
    assert len(imagenet_s.load_dataset("50", data_dir=copy, split="train", **given)) == 52
    options = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    assert main(["check", str(copy), *options]) == 0
    assert main(["prepare", str(copy), str(tmp_path / "tree"), *options]) == 0
    capsys.readouterr()


@pytest.mark.parametrize("below", ["", "n01443537"])
def test_predictions_beside_names_that_are_no_utf8(below: str, annotations: Path, tmp_path: Path, capsys) -> None:
    """Scored and packed as if the others were not there."""
    predictions = tmp_path / "predictions"
    with PredictionWriter(predictions, "50") as writer:
        for row in expected_rows("50", "validation"):
            writer.write(row.image_id, np.where(row.ids == 1000, 0, row.ids), row.wnid)
    junk(predictions / below)
    Path(os.fsdecode(os.fsencode(predictions / below) + b"/\xff.png")).write_bytes(b"junk")
    count = ["--predict-dir", str(predictions), "--gt-dir", str(annotations), "--config", "50", "--workers", "1"]
    assert main(["evaluate", *count, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["num_images"] == 9
    data = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    packed = ["submit", str(predictions), str(tmp_path / "o.zip"), "--split", "validation", "--protocol", "free"]
    assert main([*packed, *data]) == 0
    assert len(zipfile.ZipFile(tmp_path / "o.zip").namelist()) == 9 + 1


@pytest.mark.parametrize("kind", ["tars", "webdataset", "class-tars"])
def test_members_with_names_that_are_no_utf8(kind: str, miniature: Callable[[str], Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(miniature(kind), tmp_path / kind))
    for path in root.rglob("*.tar"):
        with tarfile.open(path, "a", format=tarfile.GNU_FORMAT, encoding="latin-1") as tar:
            for name in ("caf\xe9.txt", "caf\xe9.JPEG", "\xe9/notes"):
                tar.addfile(tarfile.TarInfo(name))
    imagenet = open_imagenet(root)
    for part, name in (("train", "train"), ("validation", "val")):
        ids = imagenet.reader(part).index()["image_id"].to_pylist()
        assert sorted(ids) == sorted(image.image_id for image in images_of_imagenet(name))


def test_images_in_a_folder_whose_name_is_no_utf8(copy: Path) -> None:
    """They can't be in a table of paths, and are not lost without a word."""
    odd = os.fsdecode(os.fsencode(copy) + b"/train/p\xe9lican")
    os.rename(copy / "train" / "n01443537", odd)
    with pytest.raises(ImageNetSError, match=r"train/p\\xe9lican holds \d+ images, but its name is not UTF-8.*rename"):
        open_imagenet(copy).reader("train").index()


def test_a_data_dir_whose_name_is_no_utf8(copy: Path, annotations: Path, tmp_path: Path, capsys) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/donn\xe9es")
    os.rename(copy, odd)
    with pytest.raises(ImageNetSError, match=r"donn\\xe9es: its name is not UTF-8"):
        imagenet_s.load_dataset("50", data_dir=odd, split="test", annotations_dir=annotations, verify=False)
    assert main(["check", odd]) == 1
    assert "donn\\xe9es: its name is not UTF-8" in capsys.readouterr().err
    os.rename(odd, copy)
    masks = os.fsdecode(os.fsencode(tmp_path) + b"/masqu\xe9s")
    shutil.copytree(annotations, masks)
    assert main(["check", str(copy), "--annotations-dir", masks]) == 1
    assert "masqu\\xe9s: its name is not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["x::y", "zip::x", "s3:bucket", "a b", "50%", "c#d?e", "[x]*"])
def test_any_path_is_a_path(name: str, copy: Path, annotations: Path) -> None:
    given = {"annotations_dir": annotations, "verify": False}
    moved = copy.rename(copy.with_name(name))
    loaded = imagenet_s.load_dataset("50", data_dir=moved, split="validation", **given)
    assert isinstance(loaded[0]["image"], Image.Image)
    assert len(loaded) == 9


def test_file_addresses_are_paths(copy: Path) -> None:
    spaced = copy.rename(copy.with_name("a b"))
    for address in (f"file://{spaced}", spaced.as_uri(), f"FILE://localhost{spaced}", f"file://{spaced}/"):
        assert resolve_data_dir(address).root == str(spaced)
        ids = open_imagenet(address).reader("validation").index()["image_id"].to_pylist()
        assert sorted(ids) == sorted(image.image_id for image in images_of_imagenet("val"))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https://huggingface.co/datasets/ILSVRC/imagenet-1k", "is written hf://datasets/ILSVRC/imagenet-1k"),
        ("https://hf.co/datasets/me/x/tree/v2/data", "is written hf://datasets/me/x@v2"),
        ("https://image-net.org/download.php", "pages of the web are not read"),
        ("hf://ILSVRC/imagenet-1k", "is written hf://datasets/ILSVRC/imagenet-1k"),
        ("hf://datasets/imagenet-1k", "is written hf://datasets/ILSVRC/imagenet-1k"),
        ("hf:datasets/ILSVRC/imagenet-1k", "is written hf://datasets/ILSVRC/imagenet-1k"),
        ("datasets/ILSVRC/imagenet-1k", "is written hf://datasets/ILSVRC/imagenet-1k"),
        ("nfs://server/imagenet", "nfs:// is no kind of address that is known here"),
    ],
)
def test_addresses_of_other_forms(address: str, message: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(ImageNetSError, match=message):
        resolve_data_dir(address)
    assert main(["check", address]) == 1
    assert message in capsys.readouterr().err
