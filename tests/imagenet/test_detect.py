"""What is recognised, and what is said where nothing is."""

import os
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.dataset.source import open_source
from imagenet_s.conversion.imagenet.detect import open_imagenet
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.synthetic import images_of_imagenet

FORMS = {
    "folders": ("class folders", "class folders"),
    "flat": ("class folders", "a flat folder"),
    "kaggle": ("class folders", "a flat folder"),
    "tars": ("the official tar", "the official tar"),
    "class-tars": ("a tar a class", "the official tar"),
    "parquet": ("Parquet files", "Parquet files"),
    "hub-tars": ("the Hub's compressed tars", "the Hub's compressed tars"),
    "hub-tars-extracted": ("extracted tars", "a flat folder"),
    "webdataset": ("WebDataset tars", "WebDataset tars"),
    "nested": ("class folders", "class folders"),
    "class-names": ("class folders", "class folders"),
    "partly-unpacked": ("class folders", "the official tar"),
    "hub-cache": ("Parquet files", "Parquet files"),
}


def ids_of(name: str) -> list[str]:
    return sorted(image.image_id for image in images_of_imagenet({"validation": "val"}.get(name, name)))


@pytest.mark.parametrize("layout", FORMS)
def test_each_layout_is_recognised_and_whole(layout: str, miniature: Callable[[str], Path]) -> None:
    imagenet = open_imagenet(miniature(layout))
    for name, form in zip(("train", "validation"), FORMS[layout]):
        part = imagenet.reader(name)
        assert repr(part).startswith(form)
        assert sorted(part.index()["image_id"].to_pylist()) == ids_of(name)


def test_parts_may_come_in_different_forms(miniature: Callable[[str], Path], tmp_path: Path) -> None:
    shutil.copytree(miniature("folders") / "train", tmp_path / "train")
    shutil.copy(next(miniature("tars").rglob("ILSVRC2012_img_val.tar")), tmp_path)
    imagenet = open_imagenet(tmp_path)
    assert repr(imagenet.train).startswith("class folders")
    assert repr(imagenet.validation).startswith("the official tar")


def test_a_missing_part_is_said(miniature: Callable[[str], Path], tmp_path: Path) -> None:
    shutil.copytree(miniature("folders") / "val", tmp_path / "val")
    with pytest.raises(ImageNetSError, match=r"holds class folders at .*val, but no train images: expected train/"):
        open_imagenet(tmp_path).reader("train")


def test_the_folder_below_is_noticed(miniature: Callable[[str], Path]) -> None:
    root = miniature("folders")
    with pytest.raises(ImageNetSError, match=rf"looks like the train/ or val/ folder .*above it, {root}"):
        open_imagenet(root / "train")


def test_nothing_known(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(ImageNetSError, match=r"no ImageNet in .*it holds notes.txt"):
        open_imagenet(tmp_path)
    with pytest.raises(ImageNetSError, match=r"notes.txt is a file"):
        open_imagenet(tmp_path / "notes.txt")
    with pytest.raises(ImageNetSError, match=r"gone is no folder"):
        open_imagenet(tmp_path / "gone")


def test_an_image_that_occurs_twice(miniature: Callable[[str], Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(miniature("folders"), tmp_path / "imagenet"))
    image = next((root / "val").rglob("*.JPEG"))
    (root / "val" / "n00000001").mkdir()
    shutil.copy(image, root / "val" / "n00000001")
    with pytest.raises(ImageNetSError, match=rf"occur more than once; {image.stem}, for instance, is in .* and "):
        open_imagenet(root).reader("validation").index()


def test_a_missing_parquet_file(miniature: Callable[[str], Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(miniature("parquet"), tmp_path / "imagenet"))
    next(root.rglob("train-00001-of-*.parquet")).unlink()
    with pytest.raises(ImageNetSError, match=r"holds 2 of 3 train Parquet files; fetch the others"):
        open_imagenet(root).reader("train").index()
    assert sorted(open_imagenet(root).reader("validation").index()["image_id"].to_pylist()) == ids_of("validation")


@pytest.mark.parametrize("layout", ["tars", "webdataset", "hub-tars"])
def test_a_tar_that_was_cut_off(layout: str, miniature: Callable[[str], Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(miniature(layout), tmp_path / "imagenet"))
    tar = sorted(root.rglob("*val*.tar*"))[0]
    tar.write_bytes(tar.read_bytes()[: tar.stat().st_size // 3 * 2])
    with pytest.raises(ImageNetSError, match=rf"{tar.name} (ends within|is not a complete tar).*fetch it again"):
        open_imagenet(root).reader("validation").index()


def test_a_changed_tar_is_looked_into_again(miniature: Callable[[str], Path], tmp_path: Path) -> None:
    """An index is remembered for a file as it is, not for its name."""
    root = Path(shutil.copytree(miniature("webdataset"), tmp_path / "imagenet"))
    tars = sorted(root.rglob("*train*.tar"))
    before = open_imagenet(root).reader("train").index().num_rows
    tars[0].unlink()
    fewer = open_imagenet(root).reader("train").index().num_rows
    assert fewer < before
    with tarfile.open(tars[1], "w"):
        pass
    assert open_imagenet(root).reader("train").index().num_rows < fewer


def test_other_files_are_passed_over(miniature: Callable[[str], Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(miniature("folders"), tmp_path / "imagenet"))
    folder = next(path for path in (root / "train").iterdir() if path.is_dir())
    for name in ("Thumbs.db", "index.txt", ".DS_Store"):
        (folder / name).write_text("x")
        (root / "train" / name).write_text("x")
    rows = open_imagenet(root).reader("train").index()
    assert sorted(rows["image_id"].to_pylist()) == ids_of("train")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
@pytest.mark.parametrize("converted", [False, True], ids=["the Hub's", "converted"])
def test_parquet_files_are_closed(
    converted: bool,
    miniature: Callable[[str], Path],
    annotations: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By whoever opened them, not when they are collected: here none is, as they are kept."""
    root = miniature("parquet")
    if converted:
        root = tmp_path / "out"
        convert(miniature("folders"), root, "50", annotations, Options(verify=False, max_shard_size="20KB"))
    reader = open_source("50", root, annotations, verify=False).reader("validation")
    kept: list[pq.ParquetFile] = []

    class Kept(pq.ParquetFile):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            kept.append(self)

    monkeypatch.setattr(pq, "ParquetFile", Kept)
    before = os.listdir("/proc/self/fd")
    rows = reader.index()
    assert sum(len(images) for images in reader.read(rows, 3)) == rows.num_rows > 0
    reader.measure(rows)
    assert len(kept) > 2
    assert all(item.closed for item in kept)
    del rows
    assert len(os.listdir("/proc/self/fd")) == len(before)
