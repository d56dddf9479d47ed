"""The files of the miniature: each odd kind is odd in the way it claims, and every layout holds every image."""

import gzip
import io
import json
import re
import struct
import tarfile
from pathlib import Path

import numpy as np
import PIL
import pyarrow.parquet as pq
import pytest
from PIL import Image

from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.synthetic import (
    IMAGES,
    KINDS,
    LAYOUTS,
    image_bytes,
    images_of,
    images_of_imagenet,
    write_annotations,
    write_imagenet,
)
from imagenet_s.conversion.synthetic.scene import render

PILLOW = tuple(map(int, PIL.__version__.split(".")[:2]))
BY_NAME = {f"{image_id}.JPEG": image for image_id, image in IMAGES.items()}


def segments(jpeg: bytes) -> list[tuple[int, bytes]]:
    """(marker, payload) of every segment before the pixels, by the JPEG standard and without Pillow."""
    assert jpeg[:2] == b"\xff\xd8"
    assert jpeg[-2:] == b"\xff\xd9"
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        marker, length = struct.unpack(">xBH", jpeg[at : at + 4])
        found.append((marker, jpeg[at + 4 : at + 2 + length]))
        at += 2 + length
    return found


def exif_entries(payload: bytes) -> dict[int, tuple[int, ...]]:
    """tag -> value of the first directory: SHORTs and RATIONALs."""
    tiff = payload[6:]
    order = {b"MM": ">", b"II": "<"}[tiff[:2]]
    assert struct.unpack(order + "H", tiff[2:4]) == (42,)
    (start,) = struct.unpack(order + "I", tiff[4:8])
    (count,) = struct.unpack(order + "H", tiff[start : start + 2])
    entries = {}
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack(order + "HHI", tiff[at : at + 8])
        assert number == 1
        if kind == 3:
            entries[tag] = struct.unpack(order + "H", tiff[at + 8 : at + 10])
        else:
            assert kind in (5, 10)
            (offset,) = struct.unpack(order + "I", tiff[at + 8 : at + 12])
            entries[tag] = struct.unpack(order + ("II" if kind == 5 else "ii"), tiff[offset : offset + 8])
    return entries


@pytest.mark.parametrize("image_id", IMAGES)
def test_a_file_is_of_its_kind(image_id: str) -> None:
    image, content = IMAGES[image_id], image_bytes(image_id)
    if image.kind == "png":
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", content[16:24]) == image.size
        return
    parts = segments(content)
    (frame,) = [payload for marker, payload in parts if marker in (0xC0, 0xC2)]
    height, width, components = struct.unpack(">xHHB", frame[:6])
    assert (width, height) == image.size
    assert components == {"grey": 1, "cmyk": 4}.get(image.kind, 3)
    app1 = [payload for marker, payload in parts if marker == 0xE1]
    if image.kind in ("orientation6", "orientation0", "bad_exif_rational"):
        (exif,) = app1
        assert exif[:6] == b"Exif\0\0"
        entries = exif_entries(exif)
        assert entries[0x0112] == (0 if image.kind == "orientation0" else 6,)
        assert entries[0x011A] == ((-1, 0) if image.kind == "bad_exif_rational" else (72, 1))
    elif image.kind == "orientation6_xmp":
        (xmp,) = app1
        assert xmp.startswith(b"http://ns.adobe.com/xap/1.0/\0")
        assert re.search(rb'tiff:Orientation="6"', xmp)
    else:
        assert not app1
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.mode == {"grey": "L", "cmyk": "CMYK"}.get(image.kind, "RGB")
        picture.load()


def test_pillow_sees_the_orientations() -> None:
    byte_orders = set()
    for image in IMAGES.values():
        with Image.open(io.BytesIO(image_bytes(image.image_id))) as picture:
            if image.kind == "orientation6_xmp" and PILLOW < (11, 2):
                continue  # it does not look into the XMP of a JPEG yet
            seen = picture.getexif().get(0x0112)
            want = {"orientation6": 6, "orientation6_xmp": 6, "bad_exif_rational": 6, "orientation0": 0}
            assert seen == want.get(image.kind), image.image_id
            if image.kind == "orientation6":
                byte_orders.add(picture.getexif().endian)
                assert image.size[0] != image.size[1], "a wrong turn must show in the size"
    assert byte_orders == {"<", ">"}


@pytest.mark.parametrize("config", ["50", "300", "919"])
def test_odd_kinds_are_in_every_configuration(config: str) -> None:
    kinds = {split: {i.kind for i in images_of(config, split)} for split in ("train_semi", "validation", "test")}
    train_only = {i.kind for i in images_of(config, "train")}
    assert train_only == set(KINDS)
    assert "orientation6" in {i.kind for i in images_of(config, "train") if i.split == "train"}
    for split, found in kinds.items():
        assert {"rgb", "grey", "orientation6", "orientation6_xmp"} <= found, split


def test_pixels_are_close_to_the_formula() -> None:
    """JPEG is lossy and grey is grey, but no file may hold another picture, or one turned."""
    for image in IMAGES.values():
        formula = Image.fromarray(render(image).pixels).convert("L")
        with Image.open(io.BytesIO(image_bytes(image.image_id))) as picture:
            stored = picture.convert("RGB").convert("L")
        difference = np.abs(np.asarray(formula).astype(int) - np.asarray(stored).astype(int)).mean()
        assert difference < 6, (image.image_id, difference)


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
    assert list((root / "ILSVRC/Annotations/CLS-LOC/val").glob("*.xml"))
    data = root / "ILSVRC/Data/CLS-LOC"
    return read_flat(data) + read_files(data, "test/*.JPEG")


def read_tars(root: Path) -> list[tuple[str, bytes]]:
    found = tar_members(root / "ILSVRC2012_img_val.tar")
    for name, content in tar_members(root / "ILSVRC2012_img_train.tar"):
        members = tar_members(content)
        assert {BY_NAME[member].imagenet_wnid for member, _ in members} == {name.removesuffix(".tar")}
        found += members
    return found


def read_class_tars(root: Path) -> list[tuple[str, bytes]]:
    found = tar_members(root / "ILSVRC2012_img_val.tar")
    for path in (root / "train").glob("*.tar"):
        members = tar_members(path)
        assert {BY_NAME[member].imagenet_wnid for member, _ in members} == {path.stem}
        found += members
    return found


def read_parquet(root: Path) -> list[tuple[str, bytes]]:
    found = []
    for path in sorted((root / "data").glob("*.parquet")):
        assert re.fullmatch(r"(train|validation|test)-\d{5}-of-\d{5}\.parquet", path.name)
        file = pq.ParquetFile(path)
        assert file.metadata.row_group(0).num_rows <= 7
        rows = file.read().to_pylist()
        assert len({row["label"] for row in rows}) > 3 or path.name.startswith("test")
        found += [(row["image"]["path"], row["image"]["bytes"]) for row in rows]
    return without_wnid(found)


def read_hub_tars(root: Path) -> list[tuple[str, bytes]]:
    paths = sorted((root / "data").iterdir())
    names = ["test_images", "train_images_0", "train_images_1", "val_images"]
    assert [path.name for path in paths] == [f"{name}.tar.gz" for name in names]
    return without_wnid([member for path in paths for member in tar_members(gzip.decompress(path.read_bytes()))])


def read_extracted_hub_tars(root: Path) -> list[tuple[str, bytes]]:
    return without_wnid(read_files(root, "data/*/*.JPEG"))


def read_webdataset(root: Path) -> list[tuple[str, bytes]]:
    found = []
    for path in root.iterdir():
        assert re.fullmatch(r"imagenet1k-(train-\d{4}|validation-\d{2})\.tar", path.name)
        members = tar_members(path)
        for (cls, label), (jpg, content), (info, fields) in zip(members[::3], members[1::3], members[2::3]):
            key = jpg.removesuffix(".jpg")
            assert (cls, info) == (f"{key}.cls", f"{key}.json")
            assert json.loads(fields)["label"] == int(label)
            found.append((f"{key}.JPEG", content))
    return found


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
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_holds_every_image_once(tmp_path: Path, layout: str) -> None:
    read, has_test = READERS[layout]
    root = write_imagenet(tmp_path / "imagenet", layout)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    members = read(root)
    found = dict(members)
    assert len(members) == len(found)
    wanted = [
        *images_of_imagenet("train"),
        *images_of_imagenet("val"),
        *(images_of_imagenet("test") if has_test else ()),
    ]
    assert found == {image.file_name: image_bytes(image.image_id) for image in wanted}
    write_imagenet(tmp_path / "imagenet", layout)
    assert before == {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_it_is_small(tmp_path: Path) -> None:
    write_imagenet(tmp_path / "imagenet")
    write_annotations(tmp_path / "annotations")
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 1_500_000


def test_datasets_reads_the_parquet_and_the_webdataset(tmp_path: Path) -> None:
    import datasets

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
