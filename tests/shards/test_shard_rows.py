"""The rows of the shards are the builder's, pixel for pixel, however the source lies and whatever the format."""

import json
from pathlib import Path

import pytest
from datasets import Image, load_dataset, load_from_disk
from same_rows import assert_rows

import imagenet_s
from imagenet_s.conversion.facts import split_names
from imagenet_s.conversion.shards import verify
from imagenet_s.conversion.synthetic import IMAGES
from imagenet_s.conversion.synthetic.catalog import STORED_SIDEWAYS


@pytest.mark.parametrize("config", ["50", "300", "919"])
def test_every_split_is_as_the_builder_gives_it(config, convert_miniature, miniature, annotations, tmp_path: Path):
    index = convert_miniature(tmp_path, config, splits=split_names(config))
    assert tuple(index.configs[config].splits) == split_names(config)
    built = load_dataset(
        "imagenet_s", config, data_dir=str(miniature("folders")), annotations_dir=str(annotations), verify=False
    )
    loaded = load_dataset(str(tmp_path), config)
    assert set(loaded) == set(built)
    for split in built:
        assert loaded[split].features == built[split].features
        assert assert_rows(loaded[split], config, split) == built[split]["image_id"][:]
        streamed = load_dataset(str(tmp_path), config, split=split, streaming=True)
        assert assert_rows(streamed, config, split) == built[split]["image_id"][:]


@pytest.mark.parametrize("layout", ["flat", "tars", "webdataset", "parquet", "hub-tars", "tree-919"])
def test_every_kind_of_source_gives_the_same_rows(layout, convert_miniature, miniature, annotations, tmp_path: Path):
    convert_miniature(tmp_path, "919", layout)
    loaded = load_dataset(str(tmp_path), "919")
    for split in loaded:
        assert_rows(loaded[split], "919", split)


def test_sources_with_files_give_the_same_bytes(convert_miniature, tmp_path: Path):
    """Where any image can be reached at once, nothing of how they lie is left in the shards."""
    shards = []
    for layout in ("folders", "flat", "tars"):
        index = convert_miniature(tmp_path / layout, layout=layout)
        shards.append([(shard.file, shard.sha256) for _, _, shard in index.shards()])
    assert shards[0] == shards[1] == shards[2]
    assert len(shards[0]) > 5


def test_arrow_is_read_by_load_from_disk(convert_miniature, tmp_path: Path):
    convert_miniature(tmp_path, form="arrow")
    verify(tmp_path)
    for loaded in (load_from_disk(str(tmp_path / "50")), load_dataset(str(tmp_path), "50")):
        assert set(loaded) == {"train_semi", "validation", "test"}
        for split in loaded:
            assert_rows(loaded[split], "50", split)
    assert load_from_disk(str(tmp_path / "50" / "test")).split == "test"


def test_upright_bytes_differ_from_the_file_only_where_they_must(convert_miniature, miniature, tmp_path: Path):
    """Image bytes are those of the file, and as long where an orientation was set aside."""
    convert_miniature(tmp_path, "919")
    files = {path.stem: path for path in miniature("folders").rglob("*.JPEG")}
    changed = set()
    for split in ("train_semi", "validation", "test"):
        loaded = load_dataset(str(tmp_path), "919", split=split)
        for row in loaded.cast_column("image", Image(decode=False)):
            before = files[row["image_id"]].read_bytes()
            assert len(before) == len(row["image"]["bytes"])
            assert row["image"]["path"] == f"{row['image_id']}.JPEG"
            if before != row["image"]["bytes"]:
                changed.add(row["image_id"])
    assert {IMAGES[image_id].kind for image_id in changed} == set(STORED_SIDEWAYS)


def test_labels_are_the_root_configurations_and_each_ones(convert_miniature, tmp_path: Path):
    for config in ("300", "50"):
        convert_miniature(tmp_path, config)
    for file, config in (("id2label.json", "300"), ("50/id2label.json", "50"), ("300/id2label.json", "300")):
        labels = json.loads((tmp_path / file).read_text())
        assert {int(k): v for k, v in labels.items()} == imagenet_s.categories(config).id2label
