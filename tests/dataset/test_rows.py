"""The rows are the same from every layout, in every configuration and split, map-style and streaming."""

from pathlib import Path

import numpy as np
import pytest
from datasets import ClassLabel, Image
from same_rows import assert_rows

import imagenet_s
from imagenet_s.conversion.facts import split_names
from imagenet_s.conversion.synthetic import LAYOUTS, expected_rows

CONFIGS = ("50", "300", "919")
# All layouts with the largest configuration, all configurations with one layout; the other combinations are slow.
COMBINATIONS = [
    pytest.param(layout, config, marks=[] if config == "919" or layout == "folders" else pytest.mark.slow)
    for layout in LAYOUTS
    for config in CONFIGS
]
RANDOM_ACCESS = [item for item in LAYOUTS if item not in ("parquet", "hub-cache", "hub-tars")]


@pytest.mark.parametrize(("layout", "config"), COMBINATIONS)
def test_every_layout_gives_the_same_rows(layout: str, config: str, load_miniature) -> None:
    built, streamed = load_miniature(layout, config), load_miniature(layout, config, streaming=True)
    assert tuple(built) == tuple(streamed) == split_names(config)
    for split in built:
        order = assert_rows(built[split], config, split)
        assert assert_rows(streamed[split], config, split) == order


@pytest.mark.parametrize("config", CONFIGS)
def test_the_official_tree_gives_the_same_rows(config: str, load_miniature) -> None:
    """Without lists or archives, and in the same order as the ImageNet it was made from.

    Its folders don't say ImageNet's own label of a validation image; the lists do, where they are at hand.
    """
    tree, source = load_miniature(f"tree-{config}", config, annotations_dir=None), load_miniature("folders", config)
    assert tuple(tree) == split_names(config)
    for split in tree:
        assert assert_rows(tree[split], config, split, labels=False) == source[split]["image_id"][:]
    listed = load_miniature(f"tree-{config}", config)
    for split in listed:
        assert assert_rows(listed[split], config, split) == source[split]["image_id"][:]


@pytest.mark.parametrize("layout", [item for item in RANDOM_ACCESS if item != "folders"])
def test_order_does_not_depend_on_the_layout(layout: str, load_miniature) -> None:
    """Except where a layout can only be read from front to back."""
    here, there = (load_miniature(item, "919", split="train", splits=["train"]) for item in ("folders", layout))
    assert here["image_id"][:] == there["image_id"][:]


@pytest.mark.parametrize("layout", ["folders", "tars", "parquet"])
def test_two_processes_build_the_same_rows(layout: str, load_miniature) -> None:
    ids = []
    for num_proc in (1, 2):
        loaded = load_miniature(layout, num_proc=num_proc, download_mode="force_redownload")
        ids.append({split: assert_rows(loaded[split], "50", split) for split in loaded})
    assert ids[0] == ids[1]


def test_columns(load_miniature) -> None:
    features = load_miniature()["train"].features
    assert list(features) == ["image_id", "image", "annotation", "category", "wnid", "imagenet_label"]
    assert type(features["image"]) is Image
    assert features["image"] == Image(mode="RGB")
    assert features["annotation"] == Image()
    assert isinstance(features["category"], ClassLabel)
    table = imagenet_s.categories("50")
    assert features["category"].names == table.names == list(table.id2label.values())
    assert len(set(table.names)) == 51


def test_rows_from_folders_hold_paths(load_miniature) -> None:
    """No image is copied, except those that have to be made upright."""
    loaded = load_miniature(config="919")
    for split in loaded:
        stored = loaded[split].cast_column("image", Image(decode=False))["image"][:]
        assert all(Path(item["path"]).is_file() for item in stored if item["bytes"] is None)
        upright = sum(item["bytes"] is not None for item in stored)
        assert upright <= 0.5 * len(stored)
        assert upright > 0 or split != "train"


def test_annotations_as_numpy_are_height_x_width(load_miniature) -> None:
    """As PyTorch tensors they are 1 x H x W, see test_dataloader.py; loading.md and transforms.md say both."""
    expected = {row.image_id: row.ids for row in expected_rows("50", "validation")}
    for row in load_miniature(split="validation").with_format("numpy"):
        np.testing.assert_array_equal(row["annotation"], expected[row["image_id"]])
