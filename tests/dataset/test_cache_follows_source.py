"""A build is used again only while what it was made from is the same; what changed is built again by itself."""

import logging
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from PIL import Image

import imagenet_s
from imagenet_s.conversion.core import version
from imagenet_s.conversion.facts import OFFICIAL
from imagenet_s.conversion.masks.codec import encode_official_png
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.synthetic import expected_rows, write_annotations

Load = Callable[..., Any]


@pytest.fixture
def copy(miniature: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(miniature("folders"), tmp_path / "imagenet"))


@pytest.fixture
def extracted(tmp_path: Path) -> Path:
    write_annotations(tmp_path / "annotations", "extracted")
    return tmp_path / "annotations"


@pytest.fixture(params=["ours", "datasets"])
def load(request: pytest.FixtureRequest, annotations: Path, tmp_path: Path) -> Load:
    """By our function and by that of `datasets`, into one cache."""

    def run(data_dir: Path, split: str, **options: Any) -> Any:
        given = {"annotations_dir": str(annotations), "verify": False, "cache_dir": str(tmp_path / "cache"), **options}
        if request.param == "ours":
            return imagenet_s.load_dataset("50", data_dir=data_dir, split=split, **given)
        return datasets.load_dataset("imagenet_s", "50", data_dir=str(data_dir), split=split, **given)

    return run


def builds(cache: Path) -> list[Path]:
    return sorted(path.parent for path in cache.rglob("dataset_info.json"))


def add_image(root: Path) -> str:
    """One more training image of the first class; its id."""
    first = next(root.rglob(f"{expected_rows('50', 'train')[0].image_id}.JPEG"))
    added = first.with_name(f"{first.parent.name}_999999.JPEG")
    shutil.copy(first, added)
    return added.stem


def test_the_same_source_is_built_once(copy: Path, load: Load, tmp_path: Path) -> None:
    files = []
    for _ in range(2):
        load(copy, "train")
        files.append({path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.arrow")})
    assert files[0] == files[1]


@pytest.mark.parametrize("mode", [None, "force_redownload", "reuse_cache_if_exists"])
def test_images_that_came_and_went(mode: str | None, copy: Path, load: Load) -> None:
    assert len(load(copy, "train", download_mode=mode)) == 52
    added = add_image(copy)
    loaded = load(copy, "train", download_mode=mode)
    assert added in loaded["image_id"][:]
    assert len(loaded) == 53
    next(copy.rglob(f"{added}.JPEG")).unlink()
    assert len(load(copy, "train", download_mode=mode)) == 52


@pytest.mark.parametrize("layout", ["tars", "parquet", "webdataset"])
def test_files_that_hold_images_and_change(
    layout: str, miniature: Callable[[str], Path], tmp_path: Path, load: Load
) -> None:
    root = Path(shutil.copytree(miniature(layout), tmp_path / layout))
    load(root, "test")
    before = builds(tmp_path / "cache")
    for file in root.rglob("*val*"):
        if file.is_file():
            os.utime(file, ns=(1, 1))
    load(root, "test")
    assert len(builds(tmp_path / "cache")) == len(before) + 1


def test_another_split_is_not_built_again(copy: Path, load: Load, tmp_path: Path) -> None:
    load(copy, "validation")
    before = builds(tmp_path / "cache")
    add_image(copy)
    load(copy, "validation")
    assert builds(tmp_path / "cache") == before


def test_a_forced_build_counts_anew(copy: Path, load: Load) -> None:
    """Where nothing seems to have changed, and yet the counts differ: what the earlier build recorded is no truth."""
    assert len(load(copy, "train")) == 52
    folder = next(copy.rglob(f"{expected_rows('50', 'train')[0].image_id}.JPEG")).parent
    about = folder.stat()
    add_image(copy)
    os.utime(folder, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert len(load(copy, "train")) == 52, "not to be seen: the folder has the time it had"
    assert len(load(copy, "train", download_mode="force_redownload")) == 53


def test_a_file_replaced_in_place_needs_a_forced_build(copy: Path, load: Load) -> None:
    image_id = next(row.image_id for row in expected_rows("50", "train"))
    path = next(copy.rglob(f"{image_id}.JPEG"))
    exif = Image.Exif()
    exif[0x0112] = 6

    def row(**options: Any) -> np.ndarray:
        loaded = load(copy, "train", **options)
        return np.asarray(loaded[loaded["image_id"][:].index(image_id)]["image"])

    row()
    picture = Image.new("RGB", (30, 20), (200, 10, 10))
    with path.open("wb") as file:
        picture.save(file, "JPEG", exif=exif)
    assert row(download_mode="force_redownload").shape == (20, 30, 3), "its header was looked at again, too"


def test_a_changed_list(copy: Path, extracted: Path, load: Load) -> None:
    assert len(load(copy, "validation", annotations_dir=str(extracted))) == 9
    path = extracted / OFFICIAL.lists["50"]["validation"].file
    path.write_text("\n".join(path.read_text().splitlines()[:4]))
    assert len(load(copy, "validation", annotations_dir=str(extracted))) == 4


def test_a_changed_mask(copy: Path, extracted: Path, load: Load) -> None:
    loaded = load(copy, "validation", annotations_dir=str(extracted))
    image_id, shape = loaded[0]["image_id"], np.asarray(loaded[0]["annotation"]).shape
    assert np.asarray(loaded[0]["annotation"]).any()
    path = next((extracted / "ImageNetS50").rglob(f"{image_id}.png"))
    path.write_bytes(encode_official_png(np.zeros(shape, np.uint16)))
    assert not np.asarray(load(copy, "validation", annotations_dir=str(extracted))[0]["annotation"]).any()


def test_a_changed_archive(copy: Path, tmp_path: Path, load: Load) -> None:
    write_annotations(tmp_path / "archives", "archives")
    load(copy, "validation", annotations_dir=str(tmp_path / "archives"))
    before = builds(tmp_path / "cache")
    with zipfile.ZipFile(tmp_path / "archives" / OFFICIAL.archives["50"].file, "a") as archive:
        archive.writestr("note.txt", "another")
    load(copy, "validation", annotations_dir=str(tmp_path / "archives"))
    assert len(builds(tmp_path / "cache")) == len(before) + 1
    load(copy, "test", annotations_dir=str(tmp_path / "archives"))


def test_an_image_that_was_missing_came(copy: Path, load: Load, tmp_path: Path) -> None:
    """Built without it, and the note of that says so; once it is there, neither is used."""
    gone = next(copy.rglob(f"{expected_rows('50', 'validation')[0].image_id}.JPEG"))
    gone.rename(tmp_path / gone.name)
    assert len(load(copy, "validation", on_missing="skip")) == 8
    (tmp_path / gone.name).rename(gone)
    assert len(load(copy, "validation", on_missing="skip")) == 9
    assert len(load(copy, "validation")) == 9


@pytest.mark.parametrize("kind", ["tree", "converted"])
def test_sources_with_their_own_masks_that_change(
    kind: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, load: Load
) -> None:
    """A row less in each split: by taking the image and its mask away, or by converting again."""
    root = tmp_path / "source"

    def write(splits: Any) -> None:
        shutil.rmtree(root, ignore_errors=True)
        options = Options(verify=False, splits=["validation"], on_missing="skip")
        convert(splits, root, "50", annotations, options)

    own = {"annotations_dir": None}
    if kind == "tree":
        shutil.copytree(miniature("tree-50"), root)
        assert len(load(root, "validation", **own)) == 9
        for path in root.rglob(f"{expected_rows('50', 'validation')[0].image_id}.*"):
            path.unlink()
    else:
        write(miniature("folders"))
        assert len(load(root, "validation", **own)) == 9
        less = Path(shutil.copytree(miniature("folders"), tmp_path / "less"))
        next(less.rglob(f"{expected_rows('50', 'validation')[0].image_id}.JPEG")).unlink()
        write(less)
    assert len(load(root, "validation", **own)) == 8


@pytest.mark.parametrize("how", ["variable", "link", "converted"])
def test_other_annotations_by_the_same_name(
    how: str, copy: Path, extracted: Path, annotations: Path, tmp_path: Path, load: Load, monkeypatch
) -> None:
    """Nothing that was given has changed; what it leads to has."""
    path = extracted / OFFICIAL.lists["50"]["validation"].file
    path.write_text("\n".join(path.read_text().splitlines()[:4]))
    given = tmp_path / "given"

    def lead_to(place: Path) -> None:
        if how == "variable":
            monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(place))
        elif how == "link":
            given.unlink(missing_ok=True)
            given.symlink_to(place, target_is_directory=True)
        else:
            shutil.rmtree(given, ignore_errors=True)
            convert(copy, given, "50", place, Options(verify=False, images=False, splits=["validation"]))

    options = {"annotations_dir": None if how == "variable" else str(given)}
    for place, rows in ((annotations, 9), (extracted, 4), (annotations, 9)):
        lead_to(place)
        assert len(load(copy, "validation", **options)) == rows


def test_a_new_release_builds_anew(copy: Path, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(copy, "validation")
    monkeypatch.setattr(version, "__version__", "99.0")
    load(copy, "validation")
    assert len(builds(tmp_path / "cache")) == 2


def test_an_incomplete_build_says_so_each_time(copy: Path, load: Load, caplog: pytest.LogCaptureFixture) -> None:
    gone = sorted(row.image_id for row in expected_rows("50", "validation"))[0]
    next(copy.rglob(f"{gone}.JPEG")).unlink()
    for _ in range(3):
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="imagenet_s"):
            assert len(load(copy, "validation", on_missing="skip")) == 8
        warnings = [record.getMessage() for record in caplog.records if record.name == "imagenet_s"]
        assert len(warnings) == 1
        assert f"first missing: {gone}" in warnings[0]


def test_maps_of_an_earlier_build_are_not_used(copy: Path, load: Load) -> None:
    """`datasets` keeps what map makes under a fingerprint of the rows."""

    def mapped() -> int:
        return len(load(copy, "train").map(lambda row: {"length": len(row["image_id"])}))

    assert mapped() == 52
    add_image(copy)
    assert mapped() == 53
