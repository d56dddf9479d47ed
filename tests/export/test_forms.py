"""What is exported, read back by other means, is the miniature's formula."""

import csv
import io
import itertools
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from read_exports import decode_rle, fill

from imagenet_s.cli.main import main
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.export import AlphaClip, Coco, Foreground, RleCsv, Yolo, export_masks
from imagenet_s.conversion.export.mask_set import MaskRow
from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.synthetic import ExpectedRow, expected_rows, image_bytes

Layout = Callable[[str], Path]


def by_id(config: str, split: str = "validation") -> dict[str, ExpectedRow]:
    return {row.image_id: row for row in expected_rows(config, split)}


def ids_of(row: ExpectedRow) -> NDArray[np.uint16]:
    assert row.ids is not None
    return row.ids


def coco_ids(data: dict, image: dict) -> NDArray[np.int64]:
    ids = np.zeros((image["height"], image["width"]), np.int64)
    for annotation in data["annotations"]:
        if annotation["image_id"] != image["id"]:
            continue
        shape = annotation["segmentation"]
        mask = decode_rle(shape) if isinstance(shape, dict) else fill(shape, *ids.shape)
        assert not ids[mask].any(), "regions do not overlap"
        assert annotation["area"] == mask.sum()
        x, y, width, height = annotation["bbox"]
        assert mask[y : y + height, x : x + width].sum() == mask.sum()
        assert mask[y].any()
        assert mask[y + height - 1].any()
        assert mask[:, x].any()
        assert mask[:, x + width - 1].any()
        ids[mask] = 1000 if annotation["iscrowd"] else annotation["category_id"]
        assert annotation.get("ignore", 0) == annotation["iscrowd"]
    return ids


@pytest.mark.parametrize("polygons", [False, True])
@pytest.mark.parametrize("config", ["50", "919"])
def test_coco(miniature: Layout, annotations: Path, tmp_path: Path, config: str, polygons: bool) -> None:
    form = Coco(config, polygons=polygons)
    export_masks(miniature("folders"), tmp_path, form, annotations_dir=annotations, verify=False)
    data = json.loads((tmp_path / "validation" / "instances.json").read_text())
    table = categories(config)
    assert [(category["id"], category["name"], category["wnid"]) for category in data["categories"]] == [
        (category.id, category.name, category.wnid) for category in table.rows[1:]
    ]
    assert (
        len({annotation["id"] for annotation in data["annotations"]}) == len(data["annotations"]) > len(data["images"])
    )
    expected = by_id(config)
    for image in data["images"]:
        row = expected.pop(image["image_id"])
        np.testing.assert_array_equal(coco_ids(data, image), ids_of(row))
        assert (miniature("folders") / image["file_name"]).is_file()
    assert not expected
    crowds = [annotation for annotation in data["annotations"] if annotation["iscrowd"]]
    assert crowds, "the miniature has ignored pixels"
    class_of = {image["id"]: table.id_of(image["wnid"]) for image in data["images"]}
    assert all(annotation["category_id"] == class_of[annotation["image_id"]] for annotation in crowds)


def test_what_waits_lies_where_there_is_room(annotations: Path, tmp_path: Path, monkeypatch) -> None:
    """Gigabytes of annotations: not in the system's temporary folder, which is often small."""
    temporary, folders = tempfile.TemporaryFile, []

    def in_folder(mode: str, dir: Path) -> Any:
        folders.append(dir)
        return temporary(mode, dir=dir)

    monkeypatch.setattr(tempfile, "TemporaryFile", in_folder)
    export_masks(annotations, tmp_path, Coco("50"), verify=False)
    assert [tmp_path in folder.parents for folder in folders] == [True]
    assert [path.name for path in (tmp_path / "validation").iterdir() if "instances" not in path.name] == [
        "export.json"
    ]


def test_coco_is_read_by_pycocotools(miniature: Layout, annotations: Path, tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    for polygons in (False, True):
        out = tmp_path / str(polygons)
        export_masks(
            miniature("folders"), out, Coco("50", polygons), ["train_semi"], annotations_dir=annotations, verify=False
        )
        data = coco.COCO(out / "train_semi" / "instances.json")
        for image in data.loadImgs(data.getImgIds()):
            ids = np.zeros((image["height"], image["width"]), np.int64)
            for annotation in data.loadAnns(data.getAnnIds(image["id"])):
                ids[data.annToMask(annotation).astype(bool)] = (
                    1000 if annotation["iscrowd"] else annotation["category_id"]
                )
            np.testing.assert_array_equal(ids, ids_of(by_id("50", "train_semi")[image["image_id"]]))


def test_alphaclip(miniature: Layout, tmp_path: Path) -> None:
    tree = miniature("tree-919")
    export_masks(tree, tmp_path, AlphaClip("919"), verify=False)
    entries = json.loads((tmp_path / "validation" / "regions.json").read_text())
    expected = by_id("919")
    seen: list[str] = []
    for entry in entries:
        assert set(entry) == {"image_pth", "category_word", "mask"}
        row = expected.pop(Path(entry["image_pth"]).stem)
        np.testing.assert_array_equal(decode_rle(entry["mask"]), ids_of(row) == row.category)
        assert (tree / entry["image_pth"]).is_file()
        assert entry["image_pth"] == f"ImageNetS919/validation/{row.wnid}/{row.image_id}.JPEG"
        # The reader gives an entry the number of the class that came last: classes must not come back.
        if entry["category_word"] not in seen:
            seen.append(entry["category_word"])
        assert entry["category_word"] == seen[-1] == row.wnid
    for row in expected.values():
        assert not (ids_of(row) == row.category).any()
    assert seen == sorted(seen)


def test_rle_csv(annotations: Path, tmp_path: Path) -> None:
    """From a folder of annotations alone."""
    export_masks(annotations, tmp_path, RleCsv("300"), verify=False)
    decoded: dict[str, NDArray[np.int64]] = {}
    with open(tmp_path / "validation" / "masks.csv", newline="") as file:
        for line in csv.DictReader(file):
            size = [int(line["height"]), int(line["width"])]
            ids = decoded.setdefault(line["image_id"], np.zeros(size, np.int64))
            mask = decode_rle({"size": size, "counts": line["rle"]})
            assert mask.sum() == int(line["area"])
            assert mask.all() or line["class_id"] != "0", "0 has no line beside others"
            ids[mask] = int(line["class_id"])
    expected = by_id("300")
    assert set(decoded) == set(expected)
    for image_id, ids in decoded.items():
        np.testing.assert_array_equal(ids, ids_of(expected[image_id]))


def test_a_mask_of_0_alone_has_a_line_like_any_other() -> None:
    row = MaskRow(1, "ILSVRC2012_val_00000206", "n01644373", 3, "x.JPEG", 0)
    (line,) = RleCsv("50").encode(row, np.zeros((4, 6), np.uint16))
    *_, height, width, class_id, area, rle = line
    assert (height, width, class_id, area) == (4, 6, 0, 24)
    assert decode_rle({"size": [4, 6], "counts": rle}).all()


@pytest.mark.parametrize("own_class", [False, True])
def test_foreground(annotations: Path, tmp_path: Path, own_class: bool) -> None:
    export_masks(annotations, tmp_path, Foreground("50", own_class), ["train_semi"], verify=False)
    expected = by_id("50", "train_semi")
    paths = sorted((tmp_path / "train_semi").glob("*/*.png"))
    assert {path.stem for path in paths} == set(expected)
    voids = 0
    for path in paths:
        row = expected[path.stem]
        with Image.open(path) as image:
            assert image.mode == "L"
            pixels = np.asarray(image)
        ids = ids_of(row)
        assert path.parent.name == row.wnid
        np.testing.assert_array_equal(pixels == 128, ids == 1000)
        object_ = (ids == row.category) if own_class else (ids > 0) & (ids < 1000)
        np.testing.assert_array_equal(pixels == 255, object_)
        voids += (pixels == 128).sum()
    assert voids


@pytest.mark.parametrize("layout", ["folders", "parquet"])
def test_yolo(miniature: Layout, annotations: Path, tmp_path: Path, layout: str) -> None:
    source, splits = miniature(layout), ["train_semi", "validation"]
    export_masks(source, tmp_path, Yolo("50"), splits, annotations_dir=annotations, verify=False)
    yaml = (tmp_path / "data.yaml").read_text().splitlines()
    assert "train: train_semi/images" in yaml
    assert "val: validation/images" in yaml
    names = {int(key): json.loads(value) for key, value in (line.split(": ") for line in yaml if line.startswith("  "))}
    assert names == {category.id - 1: category.name for category in categories("50").rows[1:]}
    for split in splits:
        images = sorted((tmp_path / split / "images").glob("*.JPEG"))
        assert {path.stem for path in images} == set(by_id("50", split))
        for path in images:
            row = by_id("50", split)[path.stem]
            with Image.open(path) as image:
                assert image.size == ids_of(row).shape[::-1]
                assert image.getexif().get(0x112, 1) in (0, 1), "nobody rotates it"
            label = Path(str(path).replace("/images/", "/labels/")).with_suffix(".txt")
            ids = np.zeros(ids_of(row).shape, np.int64)
            for line in label.read_text().splitlines():
                class_id, *points = line.split()
                assert all(0 <= float(coordinate) <= 1 for coordinate in points)
                size = np.tile(ids.shape[::-1], len(points) // 2)
                ids[fill([(np.array(points, float) * size).tolist()], *ids.shape)] = int(class_id) + 1
            np.testing.assert_array_equal(ids, np.where(ids_of(row) == 1000, 0, ids_of(row)))


@pytest.mark.parametrize("layout", ["folders", "tars", "parquet"])
def test_no_image_of_yolo_can_be_written_through(
    miniature: Layout, annotations: Path, tmp_path: Path, layout: str
) -> None:
    """Ultralytics saves a JPEG that does not end with the end marker again: through a link, into ImageNet."""
    source = tmp_path / "imagenet"
    shutil.copytree(miniature(layout), source)
    images = sorted(source.rglob("*.JPEG"))
    for path, more in zip(images, itertools.cycle([b"", b"\0", b"bytes behind \xff\xd9 the marker"])):
        path.write_bytes(path.read_bytes() + more)
    before = {path: path.read_bytes() for path in images}
    splits = ["train_semi", "validation"]
    export_masks(source, tmp_path / "out", Yolo("50"), splits, annotations_dir=annotations, verify=False)
    links = 0
    for path in (tmp_path / "out").rglob("*.JPEG"):
        data = path.read_bytes()
        links += path.is_symlink()
        assert not data.startswith(b"\xff\xd8") or data.endswith(b"\xff\xd9")
        with Image.open(path) as image, Image.open(io.BytesIO(image_bytes(path.stem))) as stored:
            np.testing.assert_array_equal(np.asarray(image), np.asarray(stored))
    assert (links > 0) == (layout == "folders"), "the others are links"
    assert before == {path: path.read_bytes() for path in images}


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@pytest.mark.parametrize("images", [True, False])
def test_from_a_converted_data_set(
    miniature: Layout, annotations: Path, tmp_path: Path, form: str, images: bool
) -> None:
    out = tmp_path / "converted"
    convert(
        miniature("folders"),
        out,
        "50",
        annotations,
        Options(splits=("validation",), form=form, images=images, verify=False),  # type: ignore[arg-type]
    )
    export_masks(out, tmp_path / "yolo", Yolo("50"), verify=False)
    assert len(list((tmp_path / "yolo" / "validation" / "labels").glob("*.txt"))) == len(by_id("50"))
    assert len(list((tmp_path / "yolo").rglob("*.JPEG"))) == (len(by_id("50")) if images else 0)
    with pytest.raises(ImageNetSError, match="converted without train_semi of 50"):
        export_masks(out, tmp_path / "more", Yolo("50"), ["train_semi"], verify=False)


def test_any_number_of_workers_writes_the_same(miniature: Layout, tmp_path: Path) -> None:
    written = []
    for workers in ("1", "2"):
        out = tmp_path / workers
        options = ["--format", "foreground", "--config", "50", "--no-verify", "--workers", workers]
        assert main(["export", str(miniature("tree-50")), str(out), *options]) == 0
        written.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*.png")})
    assert len(written[0]) == len(by_id("50"))
    assert written[0] == written[1]
