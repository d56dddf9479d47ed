"""Subsets: the same everywhere, nested, balanced; and loading them reads little."""

import collections
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hub_parquet import IMAGES, ROW_GROUP, write_hub_parquet, write_test_list

import imagenet_s
from imagenet_s import ImageNetSError
from imagenet_s.conversion.synthetic import LAYOUTS, expected_rows

STORED_ORDER = ("parquet", "hub-cache", "hub-tars")


def brute_force(members: dict[str, str], n: int, seed: int) -> list[str]:
    """One image after the other: of the classes with the fewest so far, the image with the smallest digest."""
    left = {i: hashlib.sha256(f"{seed} {i}".encode()).hexdigest() for i in members}
    chosen: list[str] = []
    while len(chosen) < n:
        taken = collections.Counter(members[item] for item in chosen)
        turn = min(taken[members[image_id]] for image_id in left)
        # In a turn, the next image of each class, in the order of their digests.
        firsts = {}
        for image_id in sorted(left, key=left.__getitem__):
            if taken[members[image_id]] == turn:
                firsts.setdefault(members[image_id], image_id)
        new = sorted(firsts.values(), key=left.__getitem__)
        chosen += new
        for item in new:
            del left[item]
    return chosen[:n]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A test list of 50 with 1,250 of 5,000 images, in classes of very different sizes."""
    folder = tmp_path_factory.mktemp("lists")
    return folder, write_test_list(folder, 5000)


@pytest.mark.parametrize("seed", [0, 7])
def test_subsets_are_those_of_the_rule(many, seed: int) -> None:
    folder, members = many
    for n in (1, 49, 50, 333, 1250):
        drawn = imagenet_s.subset("50", "test", n, seed, annotations_dir=folder, verify=False)
        assert drawn == brute_force(members, n, seed)


def test_subsets_are_nested_and_balanced(many) -> None:
    folder, members = many
    all_of_them = imagenet_s.subset(50, "test", 1250, annotations_dir=folder, verify=False)
    assert sorted(all_of_them) == sorted(members)
    available = collections.Counter(members.values())
    for n in (10, 100, 500, 1000):
        drawn = imagenet_s.subset("50", "test", n, annotations_dir=folder, verify=False)
        assert drawn == all_of_them[:n]
        counts = collections.Counter(members[item] for item in drawn)
        most = max(counts.values())
        assert all(counts[wnid] in (most, most - 1, available[wnid]) for wnid in available)
    assert imagenet_s.subset("50", "test", 100, 1, folder, verify=False) != all_of_them[:100]


def test_published_subsets_stay_what_they_are(many) -> None:
    """Recorded on purpose: people print these digests in papers. A change here is a change of their images."""
    folder, _ = many
    drawn = imagenet_s.subset("50", "test", 100, annotations_dir=folder, verify=False)
    assert imagenet_s.subset_digest(drawn) == imagenet_s.subset_digest(reversed(drawn)) == "8fe4dfc088fcb36e"
    assert imagenet_s.subset_digest(drawn[:-1]) != imagenet_s.subset_digest(drawn)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("config", "split"), [("50", "validation"), ("50", "test"), ("919", "train_semi")])
def test_just_these_images_are_loaded(layout: str, config: str, split: str, load_miniature, annotations) -> None:
    ids = imagenet_s.subset(config, split, 5, annotations_dir=annotations, verify=False)
    rows = {row.image_id: row for row in expected_rows(config, split)}
    for streaming in (False, True):
        loaded = list(load_miniature(layout, config, split=split, image_ids=ids, streaming=streaming))
        actual = [row["image_id"] for row in loaded]
        assert sorted(actual) == sorted(ids) if layout in STORED_ORDER else actual == ids
        for row in loaded:
            expected = rows[row["image_id"]]
            np.testing.assert_array_equal(np.asarray(row["image"]), expected.pixels)
            assert (row["category"], row["wnid"]) == (expected.category, expected.wnid)
            assert (row["annotation"] is None) == (expected.ids is None)
            if expected.ids is not None:
                np.testing.assert_array_equal(np.asarray(row["annotation"]), expected.ids)


@pytest.mark.parametrize("layout", ["folders", "class-tars", "parquet", "tree-919"])
def test_training_images(layout: str, load_miniature, miniature: Callable[[str], Path]) -> None:
    """No list names them: the source does. The ids are the same from every layout."""
    where = {"data_dir": miniature(layout), "verify": False}
    ids = imagenet_s.subset("919", "train", 20, **where)
    assert ids == imagenet_s.subset("919", "train", 30, data_dir=miniature("flat"), verify=False)[:20]
    rows = load_miniature(layout, "919", split="train", image_ids=ids, annotations_dir=None)
    assert sorted(rows["image_id"]) == sorted(ids)
    known = {row.image_id: row.category for row in expected_rows("919", "train")}
    assert [known[i] for i in rows["image_id"]] == list(rows["category"])


@pytest.mark.parametrize("form", [iter, np.array, dict.fromkeys, lambda ids: (item for item in ids), pd.Series])
def test_ids_in_any_form_that_is_iterated(form: Any, load_miniature) -> None:
    ids = [row.image_id for row in expected_rows("50", "validation")[:3]]
    for streaming in (False, True):
        loaded = load_miniature(split="validation", image_ids=form(ids), streaming=streaming)
        assert [row["image_id"] for row in loaded] == ids


def test_without_a_split_the_ids_say_which(load_miniature) -> None:
    validation, test = (sorted(row.image_id for row in expected_rows("50", s)) for s in ("validation", "test"))
    loaded = load_miniature(image_ids=[*test[:2], *validation[:3]])
    assert {split: sorted(rows["image_id"]) for split, rows in loaded.items()} == {
        "validation": validation[:3],
        "test": test[:2],
    }


def test_another_choice_is_another_build(load_miniature) -> None:
    ids = [row.image_id for row in expected_rows("50", "validation")]
    for chosen in (ids[:3], ids[2::-1], ids[1:4]):
        assert load_miniature(split="validation", image_ids=chosen)["image_id"][:] == chosen


@pytest.mark.parametrize(
    ("image_ids", "message"),
    [
        (["ILSVRC2012_val_00000293.JPEG"], r"1 of 1 image_ids \(--ids\) are no images of validation"),
        (["ILSVRC2012_val_00038851", "n01440764_1", "x"], "2 of 3 image_ids .*: n01440764_1, x"),
        (["ILSVRC2012_val_00038851"] * 2, "ILSVRC2012_val_00038851 more than once"),
        ([], "image_ids is empty"),
        ("ILSVRC2012_val_00038851", "several image ids"),
        ([293], "each a string"),
    ],
)
def test_ids_that_are_not_there(image_ids: Any, message: str, load_miniature) -> None:
    for streaming in (False, True):
        with pytest.raises(ImageNetSError, match=message):
            load_miniature(split="validation", image_ids=image_ids, streaming=streaming)


def test_an_image_that_the_copy_lacks(load_miniature) -> None:
    """A training image of a class of ImageNet-S, by its name; nobody knows whether there is one."""
    missing, there = "n01443537_99999999", expected_rows("50", "train")[0].image_id
    options = {"split": "train", "annotations_dir": None}
    with pytest.raises(ImageNetSError, match=missing):
        load_miniature(image_ids=[missing], **options)
    with pytest.raises(ImageNetSError, match=f"2 images expected, 1 found.*{missing}"):
        load_miniature(image_ids=[missing, there], **options)
    assert load_miniature(image_ids=[missing, there], on_missing="skip", **options)["image_id"][:] == [there]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"config": "50", "split": "train_full", "n": 1}, "no split 'train_full'"),
        ({"config": "50", "split": "train", "n": 1}, "data_dir"),
        ({"config": "50", "split": "val", "n": 10**6}, "1,000,000 images asked of validation .* has 9"),
        ({"config": "50", "split": "val", "n": 0}, "0 images asked"),
        ({"config": "50", "split": "val", "n": 5, "compact": True}, "data_dir"),
        ({"config": "50", "split": "val", "n": 5, "compact": True, "data_dir": "folders"}, "compact=True is for"),
    ],
)
def test_what_subset_refuses(arguments: dict[str, Any], message: str, miniature, annotations) -> None:
    if "data_dir" in arguments:
        arguments = {**arguments, "data_dir": miniature(arguments["data_dir"])}
    with pytest.raises(ImageNetSError, match=message):
        imagenet_s.subset(**arguments, annotations_dir=annotations, verify=False)


def test_what_is_nearly_right(annotations) -> None:
    """A seed of 1.0 would draw other images than 1, and the characters of one id have a digest, too."""
    for number, seed in ((2, 1.0), (2.0, 1)):
        with pytest.raises(TypeError, match="float"):
            imagenet_s.subset("50", "validation", number, seed, annotations, verify=False)  # type: ignore[arg-type]
    with pytest.raises(ImageNetSError, match="expected several image ids"):
        imagenet_s.subset_digest("n01440764_10026")


READ = """
import json, sys
import imagenet_s
def read():
    return int(open("/proc/self/io").read().split("rchar:")[1].split()[0])
where = dict(data_dir=sys.argv[1], annotations_dir=sys.argv[2], verify=False)
for streaming in (False, True):  # what is imported on the way is read before
    list(imagenet_s.load_dataset("50", split="test", image_ids=sys.argv[3:], streaming=streaming, **where))
import imagenet_s.conversion.imagenet.container as container
container._VERSION += 1  # the index is built again, as if for the first time
before = read()
ids = imagenet_s.subset("50", "test", 40, compact=True, **where)
for streaming in (False, True):
    rows = imagenet_s.load_dataset("50", split="test", image_ids=ids, streaming=streaming, **where)
    print(json.dumps([sorted(row["image_id"] for row in rows) == sorted(ids), read() - before]))
    before = read()
"""


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="counts what Linux says a process has read")
def test_compact_subsets_read_little(tmp_path: Path) -> None:
    """A twelfth of the images, whole row groups: at most a tenth of the bytes, index and all."""
    total, members = write_hub_parquet(tmp_path / "imagenet"), write_test_list(tmp_path)
    command = [sys.executable, "-c", READ, str(tmp_path / "imagenet"), str(tmp_path), next(iter(members))]
    environment = {**os.environ, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        complete, count = json.loads(line)
        assert complete
        assert 40 * total / IMAGES < count < total / 10


def test_compact_subsets_are_whole_row_groups(tmp_path: Path) -> None:
    """The fullest first, and nested."""
    write_hub_parquet(tmp_path)
    members = write_test_list(tmp_path)
    where = {"data_dir": tmp_path, "annotations_dir": tmp_path, "verify": False, "compact": True}
    ids = imagenet_s.subset("50", "test", 40, **where)
    assert ids[:15] == imagenet_s.subset("50", "test", 15, **where)
    groups = collections.Counter((int(member[-8:]) - 1) // ROW_GROUP for member in members)
    taken = collections.Counter((int(item[-8:]) - 1) // ROW_GROUP for item in ids)
    assert sum(taken[item] < groups[item] for item in taken) <= 1, "only the last row group is cut"
    assert min(groups[item] for item in taken) >= max(groups[group] for group in set(groups) - set(taken))
