"""Two forms of one part read together, by everything that reads images: shards, trees, processes."""

import os
import pickle
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pyarrow.compute as pc
import pytest
from same_rows import assert_rows

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.imagenet.combined_reader import CombinedReader
from imagenet_s.conversion.imagenet.detect import open_imagenet
from imagenet_s.conversion.imagenet.tar import TarReader
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.synthetic import expected_rows, image_bytes


@pytest.fixture
def mixed(miniature: Callable[[str], Path]) -> Path:
    """Class folders beside class tars."""
    return miniature("partly-unpacked")


def test_convert_takes_all_of_it(mixed: Path, annotations: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    convert(mixed, out, "50", annotations, Options(splits=("train", "train_semi"), verify=False, max_shard_size="60KB"))
    for split in ("train", "train_semi"):
        assert_rows(datasets.load_dataset(str(out), "50", split=split), "50", split)


@pytest.mark.parametrize("copy", [[], ["--copy"]])
def test_prepare_links_what_is_a_file_and_writes_the_rest(
    mixed: Path, annotations: Path, tmp_path: Path, copy: list[str]
) -> None:
    options = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify", *copy]
    for _ in range(2):
        assert main(["prepare", str(mixed), str(tmp_path), *options]) == 0
    folder = tmp_path / "ImageNetS50" / "train"
    paths = {path.stem: path for path in folder.glob("*/*.JPEG")}
    assert sorted(paths) == sorted(row.image_id for row in expected_rows("50", "train"))
    assert all(path.read_bytes() == image_bytes(image_id) for image_id, path in paths.items())
    unpacked = {path.stem for path in (mixed / "train").glob("*/*.JPEG")}
    assert {name for name, path in paths.items() if path.is_symlink()} == (set() if copy else unpacked & paths.keys())


def test_bytes_measures_and_pickles(mixed: Path) -> None:
    reader = open_imagenet(mixed).reader("train")
    assert isinstance(reader, CombinedReader)
    rows = reader.index()
    rows = rows.take(np.random.default_rng(0).permutation(rows.num_rows))
    measure = reader.measure(rows)
    assert measure.sizes.tolist() == [len(image_bytes(item)) for item in rows["image_id"].to_pylist()]
    again = pickle.loads(pickle.dumps(reader))
    for given in (rows, rows.append_column("size", [measure.sizes])):
        read = [item["bytes"] for batch in again.read(given, 5, as_bytes=True) for item in batch.to_pylist()]
        assert read == [image_bytes(item) for item in rows["image_id"].to_pylist()]
    file = next((mixed / "train").glob("*/*.JPEG"))
    before = file.stat()
    os.utime(file, (1, 1))
    assert reader.measure(rows).identity != measure.identity
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_labels_of_class_folders_beside_another_form(
    miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    """Without lists nothing else says ImageNet's label of a validation image; the tar doesn't."""
    root = Path(shutil.copytree(miniature("folders"), tmp_path / "imagenet"))
    expected = {row.image_id: row.imagenet_label for row in expected_rows("50", "validation")}
    folders = sorted((root / "val").glob("n*"))
    images = [path for folder in folders for path in folder.iterdir()]
    packed = next(path for path in images if path.stem in expected)
    with tarfile.open(root / "ILSVRC2012_img_val.tar", "w") as tar:
        tar.add(packed, packed.name)
    packed.unlink()
    masks = tmp_path / "masks"
    with zipfile.ZipFile(next(annotations.glob("ImageNetS50-*.zip"))) as archive:
        archive.extractall(masks)
    given = {"data_dir": root, "annotations_dir": masks, "verify": False, "cache_dir": tmp_path / "cache"}
    rows = imagenet_s.load_dataset("50", split="validation", **given)
    labels = dict(zip(rows["image_id"][:], rows["imagenet_label"][:]))
    assert labels == expected | {packed.stem: None}


def test_some_images_are_found(mixed: Path) -> None:
    reader = open_imagenet(mixed).reader("train")
    ids = reader.index()["image_id"].combine_chunks()
    some = ids.filter(pc.starts_with(ids, ids[len(ids) - 1].as_py()[:9]))
    assert sorted(reader.find(some)["image_id"].to_pylist()) == sorted(some.to_pylist())
    assert sorted(reader.index(["n01443537"])["image_id"].to_pylist()) == sorted(
        item for item in ids.to_pylist() if item.startswith("n01443537")
    )


def test_a_complete_form_hides_the_cost_of_the_others(
    miniature: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People keep the tars beside what they unpacked: these are not read through when nothing is missing."""
    root = Path(shutil.copytree(miniature("folders"), tmp_path / "imagenet"))
    (root / "ILSVRC2012_img_train.tar").write_bytes(b"not even a tar")
    reader = open_imagenet(root).reader("train")
    assert isinstance(reader, CombinedReader)
    assert isinstance(reader.readers[1], TarReader)
    first = reader.readers[0].index()
    assert len(reader.find(first["image_id"].combine_chunks())) == len(first)
    monkeypatch.setattr("imagenet_s.conversion.imagenet.combined_reader._official_count", lambda *_: len(first))
    assert len(reader.index()) == len(first)
    assert reader.random_access
