"""Every layout holds the same images, each once, under the names of the real one."""

import gzip
import io
import json
import re
import tarfile
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest

from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.synthetic import (
    IMAGES,
    LAYOUTS,
    image_bytes,
    images_of_imagenet,
    write_annotations,
    write_imagenet,
)

BY_NAME = {image.file_name: image for image in IMAGES.values()}


def tar_members(source: Path | bytes) -> list[tuple[str, bytes]]:
    buffer = io.BytesIO(source if isinstance(source, bytes) else source.read_bytes())
    with tarfile.open(fileobj=buffer) as tar:
        members = tar.getmembers()
        assert all(member.isfile() and member.mtime == 0 for member in members)
        return [(member.name, tar.extractfile(member).read()) for member in members]


def read_files(root: Path, pattern: str) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in root.glob(pattern)]


def without_wnid(members: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    for name, _ in members:
        image_id = re.sub(r"_n\d{8}\.JPEG$|\.JPEG$", "", name)
        wnid = IMAGES[image_id].imagenet_wnid
        assert name == (f"{image_id}_{wnid}.JPEG" if wnid else f"{image_id}.JPEG")
    return [(re.sub(r"_n\d{8}\.JPEG$", ".JPEG", name), content) for name, content in members]


def read_folders(root: Path) -> list[tuple[str, bytes]]:
    for path in root.glob("*/*/*"):
        assert path.parent.name == BY_NAME[path.name].imagenet_wnid
    return read_files(root, "train/*/*.JPEG") + read_files(root, "val/*/*.JPEG")


def read_flat(root: Path) -> list[tuple[str, bytes]]:
    return read_files(root, "train/*/*.JPEG") + read_files(root, "val/*.JPEG")


def read_kaggle(root: Path) -> list[tuple[str, bytes]]:
    data = root / "ILSVRC/Data/CLS-LOC"
    return read_flat(data) + read_files(data, "test/*.JPEG")


def read_tars(root: Path) -> list[tuple[str, bytes]]:
    files = tar_members(root / "ILSVRC2012_img_val.tar")
    for name, content in tar_members(root / "ILSVRC2012_img_train.tar"):
        members = tar_members(content)
        assert {BY_NAME[member].imagenet_wnid for member, _ in members} == {name.removesuffix(".tar")}
        files += members
    return files


def read_class_tars(root: Path) -> list[tuple[str, bytes]]:
    files = tar_members(root / "ILSVRC2012_img_val.tar")
    for path in (root / "train").glob("*.tar"):
        members = tar_members(path)
        assert {BY_NAME[member].imagenet_wnid for member, _ in members} == {path.stem}
        files += members
    return files


def read_parquet(root: Path) -> list[tuple[str, bytes]]:
    files = []
    for path in sorted((root / "data").glob("*.parquet")):
        assert re.fullmatch(r"(train|validation|test)-\d{5}-of-\d{5}\.parquet", path.name)
        file = pq.ParquetFile(path)
        assert file.metadata.row_group(0).num_rows <= 7
        rows = file.read().to_pylist()
        assert len({row["label"] for row in rows}) > 3 or path.name.startswith("test")
        files += [(row["image"]["path"], row["image"]["bytes"]) for row in rows]
    return without_wnid(files)


def read_hub_tars(root: Path) -> list[tuple[str, bytes]]:
    paths = sorted((root / "data").iterdir())
    names = ["test_images", "train_images_0", "train_images_1", "val_images"]
    assert [path.name for path in paths] == [f"{name}.tar.gz" for name in names]
    return without_wnid([member for path in paths for member in tar_members(gzip.decompress(path.read_bytes()))])


def read_extracted_hub_tars(root: Path) -> list[tuple[str, bytes]]:
    return without_wnid(read_files(root, "data/*/*.JPEG"))


def read_webdataset(root: Path) -> list[tuple[str, bytes]]:
    files = []
    for path in root.iterdir():
        assert re.fullmatch(r"imagenet1k-(train-\d{4}|validation-\d{2})\.tar", path.name)
        members = tar_members(path)
        for (cls, label), (jpg, content), (info, fields) in zip(members[::3], members[1::3], members[2::3]):
            key = jpg.removesuffix(".jpg")
            assert (cls, info) == (f"{key}.cls", f"{key}.json")
            assert json.loads(fields)["label"] == int(label)
            files.append((f"{key}.JPEG", content))
    return files


def read_nested(root: Path) -> list[tuple[str, bytes]]:
    validation = read_files(root, "VAL/val/*.JPEG")
    assert all(name.startswith("ILSVRC2012_VAL_") for name, _ in validation)
    return read_files(root, "Train/train/*/*.JPEG") + [(name.replace("_VAL_", "_val_"), x) for name, x in validation]


def read_class_names(root: Path) -> list[tuple[str, bytes]]:
    assert all(re.fullmatch(r"class \d+", path.name) for path in root.glob("*/*/*"))
    return read_files(root, "my imagenet/*/*/*.JPEG")


def read_partly_unpacked(root: Path) -> list[tuple[str, bytes]]:
    files, tars = dict(read_files(root, "train/*/*.JPEG")), dict(read_class_tars(root))
    assert files
    assert 0 < len(files.keys() & tars.keys()) < 20, "one class is half unpacked"
    return list({**tars, **files}.items())


def read_hub_cache(root: Path) -> list[tuple[str, bytes]]:
    (snapshot,) = (root / "snapshots").iterdir()
    assert all(path.is_symlink() for path in snapshot.rglob("*.parquet"))
    return read_parquet(snapshot)


READERS = {
    "folders": (read_folders, False),
    "flat": (read_flat, False),
    "kaggle": (read_kaggle, True),
    "tars": (read_tars, False),
    "class-tars": (read_class_tars, False),
    "parquet": (read_parquet, True),
    "hub-tars": (read_hub_tars, True),
    "hub-tars-extracted": (read_extracted_hub_tars, True),
    "webdataset": (read_webdataset, False),
    "nested": (read_nested, False),
    "class-names": (read_class_names, False),
    "partly-unpacked": (read_partly_unpacked, False),
    "hub-cache": (read_hub_cache, True),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_holds_every_image_once(tmp_path: Path, layout: str) -> None:
    read, has_test = READERS[layout]
    members = read(write_imagenet(tmp_path / "imagenet", layout))
    files = dict(members)
    assert len(members) == len(files)
    parts = ("train", "val", "test") if has_test else ("train", "val")
    wanted = [image for part in parts for image in images_of_imagenet(part)]
    assert files == {image.file_name: image_bytes(image.image_id) for image in wanted}


def test_it_is_small(tmp_path: Path) -> None:
    write_imagenet(tmp_path / "imagenet")
    write_annotations(tmp_path / "annotations")
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 1_500_000


def test_datasets_reads_the_parquet_and_the_webdataset(tmp_path: Path) -> None:
    data = write_imagenet(tmp_path / "parquet", "parquet") / "data"
    files = {split: str(data / f"{split}-*.parquet") for split in ("train", "validation", "test")}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 97, "validation": 36, "test": 3}
    assert isinstance(loaded["train"].features["image"], datasets.Image)
    row = loaded["train"].cast_column("image", datasets.Image(decode=False))[0]
    image_id = row["image"]["path"].rsplit("_", 1)[0]
    assert row["image"]["bytes"] == image_bytes(image_id)
    names, wnid = loaded["train"].features["label"].names, IMAGES[image_id].imagenet_wnid
    assert len(names) == 11
    assert names[row["label"]] == {row.wnid: row.name for row in categories("919")}.get(wnid, wnid)
    shards = write_imagenet(tmp_path / "webdataset", "webdataset")
    stream = datasets.load_dataset(
        "webdataset", data_files={"validation": str(shards / "imagenet1k-validation-*.tar")}, streaming=True
    )["validation"]
    stream = stream.cast_column("jpg", datasets.Image(decode=False))
    keys = [sample["__key__"] for sample in stream]
    assert sorted(keys) == sorted(image.image_id for image in images_of_imagenet("val"))
