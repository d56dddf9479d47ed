"""The miniature is what it says: lists, masks, rows and pictures agree, checked by reading them independently."""

import csv
import doctest
import hashlib
import importlib
import os
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion import miniature
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import OFFICIAL, categories, split_names
from imagenet_s.conversion.synthetic import IMAGES, expected_rows, image_bytes, images_of, mask_ids
from imagenet_s.conversion.synthetic.scene import render

CONFIGS = ("50", "300", "919")
CLASSES_CSV = Path(miniature.__file__).parent.parent / "facts" / "classes.csv"


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return miniature.write_annotations(tmp_path_factory.mktemp("annotations"))


@pytest.fixture(scope="module")
def ids_of_classes() -> dict[str, dict[str, int]]:
    with CLASSES_CSV.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {c: {row["wnid"]: int(row[f"id_{c}"]) for row in rows if row[f"id_{c}"]} for c in CONFIGS}


def read_list(folder: Path, config: str, role: str) -> list[list[str]]:
    text = (folder / OFFICIAL.lists[config][role].file).read_text()
    assert not text.endswith("\n"), "the real lists have no newline at the end"
    return [line.split(" ") for line in text.split("\n")]


def read_masks(folder: Path, config: str) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(folder / OFFICIAL.archives[config].file) as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if not name.endswith("/")]
        pictures = {name: np.asarray(Image.open(BytesIO(archive.read(name)))) for name in names}
    for name, rgb in pictures.items():
        assert rgb.shape[2:] == (3,), name
        assert not rgb[..., 2].any(), name
    return {name: rgb[..., 0].astype(int) + 256 * rgb[..., 1].astype(int) for name, rgb in pictures.items()}


def test_the_same_bytes_in_another_process_and_another_order() -> None:
    program = """if True:
        import hashlib
        from imagenet_s.conversion.synthetic import IMAGES, image_bytes, mask_ids
        for image_id in sorted(IMAGES, reverse=True):
            image = IMAGES[image_id]
            content = image_bytes(image_id) + b"".join(mask_ids(image, c).tobytes() for c in ("919", "50", "300"))
            print(image_id, hashlib.sha256(content).hexdigest())
    """
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    there = dict(line.split() for line in run.stdout.splitlines())
    for image_id, image in IMAGES.items():
        content = image_bytes(image_id) + b"".join(mask_ids(image, c).tobytes() for c in ("919", "50", "300"))
        assert there.pop(image_id) == hashlib.sha256(content).hexdigest()
    assert not there


def test_no_two_images_are_alike() -> None:
    assert len({hashlib.sha256(render(image).pixels.tobytes()).digest() for image in IMAGES.values()}) == len(IMAGES)


def test_a_mask_is_the_callers_own() -> None:
    image = IMAGES["ILSVRC2012_val_00000206"]
    mask_ids(image, "50")[:] = 7
    assert 7 not in mask_ids(image, "50")
    with pytest.raises(ValueError, match="read-only"):
        render(image).pixels[:] = 0


@pytest.mark.parametrize("config", CONFIGS)
def test_lists_have_the_official_formats(annotations: Path, config: str, ids_of_classes: dict) -> None:
    ids = ids_of_classes[config]
    assert [row[0] for row in read_list(annotations, config, "categories")] == sorted(ids, key=ids.__getitem__)
    val = r"n\d{8}/ILSVRC2012_val_\d{8}"
    train = r"n\d{8}/n\d{8}_\d+"
    formats = {
        "train_semi": rf"{train}\.JPEG {train}\.png",
        "validation": rf"{val}\.JPEG {val}\.JPEG",
        "validation_names": rf"{val}\.JPEG {val}\.png",
        "test": rf"{val}\.JPEG {val}\.JPEG",
    }
    for role, pattern in formats.items():
        rows = read_list(annotations, config, role)
        folders = [second[:9] for _, second in rows]
        assert folders == sorted(folders), "the official lists go class by class"
        for first, second in rows:
            assert re.fullmatch(pattern, f"{first} {second}")
            assert first.split("/")[1].split(".")[0] == second.split("/")[1].split(".")[0]
            assert second[:9] in ids, "a class of the configuration"
            # Only the mapping lists know ImageNet's own folders.
            assert role in ("validation", "test") or first[:9] == second[:9]
    names = [row[0] for row in read_list(annotations, config, "validation_names")]
    assert names == [row[1] for row in read_list(annotations, config, "validation")]


def test_lists_relate_as_the_official_ones_do(annotations: Path, ids_of_classes: dict) -> None:
    """Measured on the official lists: subsets nest, but for images that changed from validation to test."""
    listed = {
        (config, role): {first.split("/")[1]: (first, second) for first, second in read_list(annotations, config, role)}
        for config in CONFIGS
        for role in ("train_semi", "validation", "test")
    }
    for config in ("50", "300"):
        for role in ("train_semi", "validation"):
            assert set(listed[config, role]) < set(listed["919", role])
        moved = set(listed[config, "test"]) - set(listed["919", "test"])
        assert moved == {"ILSVRC2012_val_00000281.JPEG"} <= set(listed["919", "validation"])
        assert not set(listed[config, "test"]) & set(listed[config, "validation"])
    semi_folders = [second[:9] for _, second in listed["919", "train_semi"].values()]
    assert {semi_folders.count(wnid) for wnid in semi_folders} == {2}
    merged = [second for first, second in listed["919", "train_semi"].values() if first[:9] != first[10:19]]
    assert merged == ["n15075141/n03887697_346.png"]
    both = {**listed["919", "validation"], **listed["919", "test"]}
    differ = {first[:9] for first, second in both.values() if first[:9] != second[:9]}
    assert "n09472597" in differ, "an ImageNet class outside the 919"
    assert "n09472597" not in ids_of_classes["919"]
    assert "n03887697" in differ, "a merged class"
    assert differ & set(ids_of_classes["50"]), "another class of ImageNet-S"
    for role in ("validation", "test"):
        assert any(first[:9] != second[:9] for first, second in listed["50", role].values())
    in_no_list = [image.image_id for image in IMAGES.values() if image.part == "val" and not image.split]
    assert len(in_no_list) >= 4
    assert not {f"{one}.JPEG" for one in in_no_list} & set(both)


@pytest.mark.parametrize("config", CONFIGS)
def test_masks_and_lists_and_images_agree(annotations: Path, config: str, ids_of_classes: dict) -> None:
    ids, masks = ids_of_classes[config], read_masks(annotations, config)
    expected = {f"train-semi-segmentation/{second}" for _, second in read_list(annotations, config, "train_semi")}
    expected |= {
        f"validation-segmentation/{second}" for _, second in read_list(annotations, config, "validation_names")
    }
    assert set(masks) == {f"ImageNetS{config}/{name}" for name in expected}, "and so none of test"
    for name, mask in masks.items():
        wnid, image_id = name.removesuffix(".png").split("/")[-2:]
        with Image.open(BytesIO(image_bytes(image_id))) as picture:
            assert picture.size == mask.shape[::-1], "the stored size"
        assert ids[wnid] in mask
        assert set(np.unique(mask)) <= {0, 1000, *ids.values()}
    assert any((mask == 1000).any() for mask in masks.values())
    assert any(len(set(np.unique(mask)) - {0, 1000}) > 1 for mask in masks.values())


@pytest.mark.parametrize("config", ["50", "300"])
def test_masks_of_the_subsets_are_those_of_919_renumbered(config: str, ids_of_classes: dict) -> None:
    table = np.zeros(1001, int)
    for wnid, one in ids_of_classes[config].items():
        table[ids_of_classes["919"][wnid]] = one
    table[1000] = 1000
    lost = 0
    for image in [*images_of(config, "validation"), *images_of(config, "train_semi"), *images_of(config, "test")]:
        of_919 = mask_ids(image, "919")
        np.testing.assert_array_equal(mask_ids(image, config), table[of_919])
        lost += bool(((of_919 > 0) & (table[of_919] == 0)).any())
    assert lost, "somewhere a class of 919 becomes `other`"


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("split", ["validation", "test"])
def test_classes_come_in_all_four_sizes(config: str, split: str) -> None:
    """S, MS, ML and L of the benchmark: at most 5, 25, 50 and 100 % of the pixels that count."""
    buckets = set()
    for image in images_of(config, split):
        counts = np.bincount(mask_ids(image, config).ravel(), minlength=1001)
        for count in counts[1:1000][counts[1:1000] > 0]:
            percent = 100 * count / (counts.sum() - counts[1000])
            buckets.add("S" if percent <= 5 else "MS" if percent <= 25 else "ML" if percent <= 50 else "L")
    assert buckets == {"S", "MS", "ML", "L"}


def test_extreme_ids_occur() -> None:
    present = {
        c: {int(i) for image in images_of(c, "train_semi") for i in np.unique(mask_ids(image, c))} for c in CONFIGS
    }
    assert {1, 50} <= present["50"]
    assert {255, 300} <= present["300"]
    assert {255, 919} <= present["919"]


def test_masks_lie_where_the_picture_has_the_thing() -> None:
    """Goldfish are the only orange things: what is orange in the stored pixels must be where the mask says so."""
    checked = set()
    goldfish = categories("919").label2id["goldfish"]
    for image in IMAGES.values():
        ids = mask_ids(image, "919")
        if image.kind in ("grey", "cmyk") or not (ids == goldfish).sum() > 300 or "n12144580" in image.class_wnid:
            continue
        with Image.open(BytesIO(image_bytes(image.image_id))) as picture:
            red, _, blue = np.moveaxis(np.asarray(picture.convert("RGB")).astype(int), 2, 0)
        seen, told = (red - blue > 95) & ((ids == 0) | (ids == goldfish)), ids == goldfish
        overlap = (seen & told).sum() / (seen | told).sum()
        assert overlap > 0.7, (image.image_id, overlap)
        checked.add(image.kind)
    assert {"rgb", "orientation6"} <= checked


@pytest.mark.parametrize("config", CONFIGS)
def test_expected_rows_agree_with_the_official_tree(tmp_path: Path, config: str, ids_of_classes: dict) -> None:
    ids = ids_of_classes[config]
    tree = miniature.write_official_tree(tmp_path, config)
    assert tree == tmp_path / f"ImageNetS{config}"
    folders = {p.name for p in tree.iterdir()}
    names = {"train", "train-semi", "train-semi-segmentation", "validation", "validation-segmentation", "test"}
    assert folders == names | ({"train-full"} if config == "919" else set())
    for split in split_names(config):
        files = {p.stem: p for p in (tree / split.replace("_", "-")).glob("*/*.JPEG")}
        rows = expected_rows(config, split)
        assert [row.image_id for row in rows] == sorted(files)
        for row in rows:
            folder = files[row.image_id].parent.name
            target = OFFICIAL.merged_wnids.get(folder, folder) if split == "train_full" else folder
            assert (row.wnid, row.category) == (target, ids.get(target, 0))
            with Image.open(files[row.image_id]) as picture:
                np.testing.assert_array_equal(row.pixels, np.asarray(picture.convert("RGB")))
            mask = tree / f"{split.replace('_', '-')}-segmentation" / folder / f"{row.image_id}.png"
            assert mask.is_file() == (row.ids is not None)
            if row.ids is not None:
                rgb = np.asarray(Image.open(mask)).astype(int)
                np.testing.assert_array_equal(row.ids, rgb[..., 0] + 256 * rgb[..., 1])
                assert row.ids.dtype == np.uint16
                assert row.ids.shape == row.pixels.shape[:2]
        assert all(row.category for row in rows) or split == "train_full"


def test_numbers_of_images_in_every_split() -> None:
    numbers = {(c, s): len(images_of(c, s)) for c in CONFIGS for s in split_names(c)}
    assert numbers == {
        ("50", "train"): 52,
        ("50", "train_semi"): 10,
        ("50", "validation"): 9,
        ("50", "test"): 10,
        ("300", "train"): 70,
        ("300", "train_semi"): 14,
        ("300", "validation"): 12,
        ("300", "test"): 12,
        ("919", "train"): 91,
        ("919", "train_semi"): 18,
        ("919", "validation"): 16,
        ("919", "test"): 14,
        ("919", "train_full"): 97,
    }
    for config in CONFIGS:
        assert {i.image_id for i in images_of(config, "train_semi")} < {i.image_id for i in images_of(config, "train")}


def test_extracted_annotations_are_the_archives_content(annotations: Path, tmp_path: Path) -> None:
    extracted = miniature.write_annotations(tmp_path, "extracted")
    found = {str(p.relative_to(extracted)): p.read_bytes() for p in extracted.rglob("*") if p.is_file()}
    for path in annotations.glob("*.txt"):
        assert found.pop(path.name) == path.read_bytes()
    for path in annotations.glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                assert name.endswith("/") or found.pop(name) == archive.read(name)
    assert not found


@pytest.mark.parametrize("module", ["contents", "scene", "expected"])
def test_docstring_examples(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"{miniature.__name__}.{module}"))
    assert result.attempted
    assert not result.failed


def test_what_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageNetSError, match="no split 'train_full'; it has train"):
        images_of("50", "train_full")
    with pytest.raises(ImageNetSError, match="no split 'val'"):
        expected_rows("919", "val")
    with pytest.raises(ImageNetSError, match="archives, extracted, not 'zip'"):
        miniature.write_annotations(tmp_path, "zip")
    with pytest.raises(ImageNetSError, match="folders, flat, kaggle"):
        miniature.write_imagenet(tmp_path, "lmdb")
    assert not list(tmp_path.iterdir())
