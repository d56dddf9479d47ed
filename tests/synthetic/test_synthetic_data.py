"""The synthetic data agree: lists, masks, images and expected rows, read independently of the code under test."""

import csv
import hashlib
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

from imagenet_s.conversion import facts
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import MASK_FOLDERS, OFFICIAL, SPLIT_FOLDERS, split_names
from imagenet_s.conversion.synthetic import (
    IMAGES,
    expected_rows,
    image_bytes,
    images_of,
    mask_ids,
    write_annotations,
    write_imagenet,
    write_official_tree,
)
from imagenet_s.conversion.synthetic.scene import render

CONFIGS = ("50", "300", "919")
CLASSES_CSV = Path(facts.__file__).parent / "classes.csv"


@pytest.fixture(scope="module")
def ids_of_classes() -> dict[str, dict[str, int]]:
    with CLASSES_CSV.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {c: {row["wnid"]: int(row[f"id_{c}"]) for row in rows if row[f"id_{c}"]} for c in CONFIGS}


def read_list(folder: Path, config: str, role: str) -> list[list[str]]:
    text = (folder / OFFICIAL.lists[config][role].file).read_text()
    assert not text.endswith("\n"), "the real lists have no newline at the end"
    return [line.split(" ") for line in text.split("\n")]


def read_mask(png: bytes | Path) -> np.ndarray:
    rgb = np.asarray(Image.open(BytesIO(png) if isinstance(png, bytes) else png)).astype(int)
    assert rgb.shape[2:] == (3,)
    assert not rgb[..., 2].any()
    return rgb[..., 0] + 256 * rgb[..., 1]


def read_masks(folder: Path, config: str) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(folder / OFFICIAL.archives[config].file) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return {name: read_mask(archive.read(name)) for name in names}


DIGESTS = """if True:
    import hashlib
    from imagenet_s.conversion.synthetic import IMAGES, image_bytes, mask_ids
    for image_id in sorted(IMAGES, reverse=True):
        masks = b"".join(mask_ids(IMAGES[image_id], config).tobytes() for config in ("919", "50", "300"))
        print(image_id, hashlib.sha256(image_bytes(image_id) + masks).hexdigest())
"""


def test_the_same_bytes_in_every_process(capsys: pytest.CaptureFixture[str]) -> None:
    """In the opposite order, with other hashes of strings, and here."""
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    there = subprocess.check_output([sys.executable, "-c", DIGESTS], env=environment, text=True)
    exec(DIGESTS.replace(", reverse=True", ""), {})
    here = capsys.readouterr().out
    assert sorted(there.splitlines()) == here.splitlines()
    assert len(here.splitlines()) == len(IMAGES)


def test_no_two_images_are_alike() -> None:
    assert len({hashlib.sha256(render(image).pixels.tobytes()).digest() for image in IMAGES.values()}) == len(IMAGES)


def test_the_numbers_of_images() -> None:
    numbers = {config: {split: len(images_of(config, split)) for split in split_names(config)} for config in CONFIGS}
    assert numbers == {
        "50": {"train": 52, "train_semi": 10, "validation": 9, "test": 10},
        "300": {"train": 70, "train_semi": 14, "validation": 12, "test": 12},
        "919": {"train": 91, "train_semi": 18, "validation": 16, "test": 14, "train_full": 97},
    }


@pytest.mark.parametrize("config", CONFIGS)
def test_the_lists_have_the_official_format(annotations: Path, config: str, ids_of_classes: dict) -> None:
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


def test_the_lists_contain_the_odd_cases_of_the_official_ones(annotations: Path, ids_of_classes: dict) -> None:
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
    merged = [second for first, second in listed["919", "train_semi"].values() if first[:9] != first[10:19]]
    assert merged == ["n15075141/n03887697_346.png"]
    both = {**listed["919", "validation"], **listed["919", "test"]}
    differ = {first[:9] for first, second in both.values() if first[:9] != second[:9]}
    assert "n03887697" in differ, "a merged class"
    assert "n09472597" in differ - set(ids_of_classes["919"]), "an ImageNet class outside the 919"
    assert differ & set(ids_of_classes["50"]), "another class of ImageNet-S"
    unlisted = {image.file_name for image in IMAGES.values() if image.part == "val" and not image.split}
    assert unlisted
    assert not unlisted & set(both)


@pytest.mark.parametrize("config", CONFIGS)
def test_masks_agree_with_lists_and_images(annotations: Path, config: str, ids_of_classes: dict) -> None:
    ids, masks = ids_of_classes[config], read_masks(annotations, config)
    listed = {"train_semi": "train_semi", "validation": "validation_names"}
    assert set(masks) == {
        f"ImageNetS{config}/{MASK_FOLDERS[split]}/{second}"
        for split, role in listed.items()
        for _, second in read_list(annotations, config, role)
    }
    for name, mask in masks.items():
        wnid, image_id = name.removesuffix(".png").split("/")[-2:]
        with Image.open(BytesIO(image_bytes(image_id))) as picture:
            assert picture.size == mask.shape[::-1], "the stored size"
        assert ids[wnid] in mask
        assert set(np.unique(mask)) <= {0, 1000, *ids.values()}
    present = set().union(*(np.unique(mask).tolist() for mask in masks.values()))
    assert {"50": {0, 1, 50, 1000}, "300": {0, 255, 300, 1000}, "919": {0, 255, 919, 1000}}[config] <= present


def test_masks_lie_where_the_picture_has_the_object(ids_of_classes: dict) -> None:
    """Goldfish are the only orange things: what is orange in the stored pixels must be where the mask says so."""
    kinds = set()
    goldfish = ids_of_classes["919"]["n01443537"]
    for image in IMAGES.values():
        ids = mask_ids(image, "919")
        if image.kind in ("grey", "cmyk") or (ids == goldfish).sum() <= 300 or image.class_wnid == "n12144580":
            continue
        with Image.open(BytesIO(image_bytes(image.image_id))) as picture:
            red, _, blue = np.moveaxis(np.asarray(picture.convert("RGB")).astype(int), 2, 0)
        seen, masked = (red - blue > 95) & ((ids == 0) | (ids == goldfish)), ids == goldfish
        assert (seen & masked).sum() / (seen | masked).sum() > 0.7, image.image_id
        kinds.add(image.kind)
    assert {"rgb", "orientation6"} <= kinds


@pytest.mark.parametrize("config", ["50", "300"])
def test_masks_of_the_subsets_are_those_of_919_renumbered(config: str, ids_of_classes: dict) -> None:
    table = np.zeros(1001, int)
    for wnid, class_id in ids_of_classes[config].items():
        table[ids_of_classes["919"][wnid]] = class_id
    table[1000] = 1000
    for image in [*images_of(config, "validation"), *images_of(config, "train_semi"), *images_of(config, "test")]:
        np.testing.assert_array_equal(mask_ids(image, config), table[mask_ids(image, "919")])


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("split", ["validation", "test"])
def test_objects_of_all_four_sizes(config: str, split: str) -> None:
    """S, MS, ML and L of the benchmark: at most 5, 25, 50 and 100 % of the pixels that count."""
    sizes = set()
    for image in images_of(config, split):
        counts = np.bincount(mask_ids(image, config).ravel(), minlength=1001)
        shares = counts[1:1000][counts[1:1000] > 0] / (counts.sum() - counts[1000])
        sizes |= set(np.digitize(shares, [0.05, 0.25, 0.5], right=True).tolist())
    assert sizes == {0, 1, 2, 3}


@pytest.mark.parametrize("config", CONFIGS)
def test_expected_rows_agree_with_the_official_tree(tmp_path: Path, config: str, ids_of_classes: dict) -> None:
    ids = ids_of_classes[config]
    tree = write_official_tree(tmp_path, config)
    assert tree == tmp_path / f"ImageNetS{config}"
    folders = {SPLIT_FOLDERS[split] for split in split_names(config)} | set(MASK_FOLDERS.values())
    assert {path.name for path in tree.iterdir()} == folders
    for split in split_names(config):
        files = {path.stem: path for path in (tree / SPLIT_FOLDERS[split]).glob("*/*.JPEG")}
        rows = expected_rows(config, split)
        assert [row.image_id for row in rows] == sorted(files)
        for row in rows:
            folder = files[row.image_id].parent.name
            target = OFFICIAL.merged_wnids.get(folder, folder) if split == "train_full" else folder
            assert (row.wnid, row.category) == (target, ids.get(target, 0))
            assert row.category or split == "train_full"
            with Image.open(files[row.image_id]) as picture:
                np.testing.assert_array_equal(row.pixels, np.asarray(picture.convert("RGB")))
            mask = tree / f"{SPLIT_FOLDERS[split]}-segmentation" / folder / f"{row.image_id}.png"
            assert mask.is_file() == (row.ids is not None)
            if row.ids is not None:
                np.testing.assert_array_equal(row.ids, read_mask(mask))


def test_extracted_annotations_are_the_content_of_the_archives(annotations: Path, tmp_path: Path) -> None:
    extracted = write_annotations(tmp_path, "extracted")
    files = {str(path.relative_to(extracted)): path.read_bytes() for path in extracted.rglob("*") if path.is_file()}
    wanted = {path.name: path.read_bytes() for path in annotations.glob("*.txt")}
    for path in annotations.glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            wanted |= {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    assert files == wanted


def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(ImageNetSError, match="no split 'train_full'; it has train"):
        images_of("50", "train_full")
    with pytest.raises(ImageNetSError, match="archives, extracted, not 'zip'"):
        write_annotations(tmp_path, "zip")
    with pytest.raises(ImageNetSError, match="folders, flat, kaggle"):
        write_imagenet(tmp_path, "lmdb")
    assert not list(tmp_path.iterdir())
