"""Only the split that is asked for is built, and only what it is made from is needed."""

import functools
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets import get_dataset_split_names, load_dataset, load_dataset_builder
from same_rows import assert_rows

import imagenet_s
from imagenet_s.conversion.facts import OFFICIAL
from imagenet_s.conversion.synthetic import expected_rows

VALIDATION_SPLITS = ["validation", "test"]


def copy_parts(source: Path, target: Path, *parts: str) -> Path:
    """A miniature that holds only some of its folders."""
    for part in parts:
        shutil.copytree(source / part, target / part)
    return target


@pytest.fixture
def val_alone(miniature: Callable[[str], Path], tmp_path: Path) -> Path:
    return copy_parts(miniature("folders"), tmp_path / "imagenet", "val")


@pytest.fixture
def official_counts_of_the_miniature(monkeypatch: pytest.MonkeyPatch) -> None:
    """verify=True is about counts and checksums: here those of the miniature are the official ones."""
    from types import MappingProxyType

    counts = {
        config: {split: len(expected_rows(config, split)) for split in n} for config, n in OFFICIAL.num_images.items()
    }
    monkeypatch.setitem(OFFICIAL.__dict__, "num_images", MappingProxyType(counts))


LOADERS = {"datasets": functools.partial(load_dataset, "imagenet_s"), "imagenet_s": imagenet_s.load_dataset}


@pytest.fixture
def load(annotations: Path) -> Callable[..., Any]:
    def run(data_dir: Path, function: Callable[..., Any] = LOADERS["datasets"], **options: Any) -> Any:
        given = {"annotations_dir": str(annotations), "verify": False, **options}
        return function("50", data_dir=str(data_dir), **given)

    return run


@pytest.mark.parametrize("split", VALIDATION_SPLITS)
def test_val_alone_is_enough(split: str, val_alone: Path, load) -> None:
    assert_rows(load(val_alone, split=split), "50", split)
    assert_rows(load(val_alone, split=split, streaming=True), "50", split)


def test_val_alone_with_official_counts(
    val_alone: Path, official_counts_of_the_miniature: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """verify=True, from extracted masks: neither archive nor list has to have a checksum then."""
    from imagenet_s.conversion.synthetic import write_official_tree

    write_official_tree(tmp_path / "tree", "50")
    masks = tmp_path / "masks" / "ImageNetS50"
    for folder in ("validation-segmentation", "test"):
        shutil.copytree(tmp_path / "tree" / "ImageNetS50" / folder, masks / folder)
    for streaming in (False, True):
        options = {"annotations_dir": str(masks.parent), "streaming": streaming}
        loaded = load_dataset("imagenet_s", "50", data_dir=str(val_alone), split="validation", **options)
        assert_rows(loaded, "50", "validation")


@pytest.mark.parametrize("streaming", [False, True])
def test_without_a_split_those_that_can_be_had_are_loaded(
    streaming: bool, val_alone: Path, load, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        loaded = load(val_alone, streaming=streaming)
    assert list(loaded) == VALIDATION_SPLITS
    warnings = [record.getMessage() for record in caplog.records if "no train images" in record.getMessage()]
    assert warnings == [f"{val_alone} holds no train images: train, train_semi are left out."]


def test_train_alone(miniature: Callable[[str], Path], tmp_path: Path, load) -> None:
    source = copy_parts(miniature("folders"), tmp_path / "other", "train")
    assert list(load(source)) == ["train", "train_semi"]
    with pytest.raises(imagenet_s.ImageNetSError, match="no validation images"):
        load(source, split="validation")


def test_an_absent_split_that_is_asked_for_is_an_error(val_alone: Path, load) -> None:
    for options in ({"split": "train"}, {"splits": ["train", "validation"]}, {"split": "validation+train_semi"}):
        with pytest.raises(imagenet_s.ImageNetSError, match="no train images"):
            load(val_alone, **options)


def test_a_split_that_is_there_but_incomplete_is_an_error(
    miniature: Callable[[str], Path], tmp_path: Path, load
) -> None:
    source = copy_parts(miniature("folders"), tmp_path / "imagenet", "val", "train")
    gone = expected_rows("50", "train_semi")[0].image_id
    next(source.rglob(f"{gone}.JPEG")).unlink()
    with pytest.raises(imagenet_s.ImageNetSError, match=f"first missing: {gone}"):
        load(source)
    assert_rows(load(source, split="validation"), "50", "validation")


def test_train_parquet_that_is_incomplete_stops_only_train(
    miniature: Callable[[str], Path], tmp_path: Path, load
) -> None:
    source = Path(shutil.copytree(miniature("parquet"), tmp_path / "parquet"))
    next(source.rglob("train-00000-of-*.parquet")).unlink()
    assert_rows(load(source, split="test"), "50", "test")
    with pytest.raises(imagenet_s.ImageNetSError, match="train Parquet files"):
        load(source, split="train")


@pytest.mark.parametrize("streaming", [False, True])
def test_the_other_folder_is_not_scanned(
    streaming: bool, miniature: Callable[[str], Path], load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the calls: of the class folders of train, one at most is listed, to see that it is train."""
    listed: list[str] = []
    for name in ("listdir", "scandir"):
        plain = getattr(os, name)
        monkeypatch.setattr(os, name, lambda path=".", plain=plain: listed.append(os.fspath(path)) or plain(path))
    source = miniature("folders")
    next(iter(load(source, split="validation", streaming=streaming)))
    below_train = [item for item in listed if item.startswith(f"{source}/train/")]
    assert len(below_train) <= 1
    assert [item for item in listed if item.startswith(f"{source}/val")], "the test sees what is listed"


@pytest.mark.parametrize("streaming", [False, True])
def test_nothing_else_is_planned(streaming: bool, miniature: Callable[[str], Path], load) -> None:
    """A train_semi that can't be had, its masks being damaged, does not stop validation."""
    from imagenet_s.conversion.dataset import split_builder

    planned: list[str] = []
    plain = split_builder.plan_split
    try:
        split_builder.plan_split = lambda source, split, *args, **options: (
            planned.append(split) or plain(source, split, *args, **options)
        )
        load(miniature("flat"), split="validation", streaming=streaming)
    finally:
        split_builder.plan_split = plain
    assert planned == ["validation"]


def ids(split: str) -> list[str]:
    return [row.image_id for row in expected_rows("50", split)]


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("validation[:3]", {"validation": 3}),
        ("validation[50%:]", {"validation": 5}),
        (datasets.Split.VALIDATION, {"validation": 9}),
        (datasets.Split("test"), {"test": 10}),
        ("train_semi+validation", {"train_semi": 10, "validation": 9}),
        ("val[:2]+train-semi[-1:]+val[8:]", {"train_semi": 1, "validation": 3}),
        (datasets.ReadInstruction("validation", from_=1, to=4, unit="abs"), {"validation": 3}),
        (datasets.ReadInstruction("test", to=33, unit="%"), {"test": 3}),
        (datasets.ReadInstruction("test", to=1) + datasets.ReadInstruction("validation"), {"test": 1, "validation": 9}),
    ],
    ids=str,
)
@pytest.mark.parametrize("function", LOADERS)
def test_what_split_may_be(
    function: str, split: Any, expected: dict[str, int], miniature: Callable[[str], Path], load
) -> None:
    plain = load(miniature("folders"), function=LOADERS[function], split=split)
    assert len(plain) == sum(expected.values())
    for name, count in expected.items():
        assert len(set(plain["image_id"][:]) & set(ids(name))) == count
    if expected:
        assert set(plain.info.splits) == set(expected), "no other split was built"


@pytest.mark.parametrize("function", LOADERS)
def test_a_list_of_splits(function: str, miniature: Callable[[str], Path], load) -> None:
    for streaming in (False, True):
        options = {"split": ["test", datasets.Split.VALIDATION], "streaming": streaming}
        first, second = load(miniature("folders"), function=LOADERS[function], **options)
        assert sorted(row["image_id"] for row in first) == sorted(ids("test"))
        assert sorted(row["image_id"] for row in second) == sorted(ids("validation"))


def test_all_splits_as_one(val_alone: Path, load) -> None:
    assert sorted(load(val_alone, split="all")["image_id"][:]) == sorted(ids("validation") + ids("test"))


def test_streamed_sums_and_slices(miniature: Callable[[str], Path], load) -> None:
    stream = load(miniature("folders"), split="val+train-semi", streaming=True)
    assert sorted(row["image_id"] for row in stream) == sorted(ids("validation") + ids("train_semi"))
    with pytest.raises(ValueError, match=r"a stream has no slices; use .take"):
        load(miniature("folders"), split="validation[:10%]", streaming=True)


def test_the_names_of_the_splits_cost_nothing(
    val_alone: Path, miniature: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names alone: no list, no mask, no image is looked at, and what is incomplete is no error."""
    names = get_dataset_split_names("imagenet_s", "919", data_dir=str(miniature("folders")))
    assert names == ["train", "train_semi", "validation", "test", "train_full"]
    assert get_dataset_split_names("imagenet_s", "50", data_dir=str(val_alone)) == VALIDATION_SPLITS


def test_a_builder_builds_when_it_is_asked(miniature: Callable[[str], Path], annotations: Path) -> None:
    options = {"data_dir": str(miniature("folders")), "annotations_dir": str(annotations), "verify": False}
    builder = load_dataset_builder("imagenet_s", "50", **options)
    assert builder.info.features["category"].num_classes == 51
    assert len(builder.as_dataset("test")) == 10
    assert set(builder.info.splits) == {"test"}
    builder.download_and_prepare()
    assert set(builder.info.splits) == {"train", "train_semi", "validation", "test"}
    assert {name: len(rows) for name, rows in builder.as_dataset().items()} == {
        name: info.num_examples for name, info in builder.info.splits.items()
    }


def test_a_builder_writes_where_it_is_told(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    options = {"data_dir": str(miniature("folders")), "annotations_dir": str(annotations), "verify": False}
    builder = imagenet_s.ImageNetS("50", splits=["validation", "test"], **options)
    builder.download_and_prepare(str(tmp_path / "parquet"), file_format="parquet")
    files = sorted(path.name for path in (tmp_path / "parquet").glob("*.parquet"))
    assert files == ["imagenet_s-test.parquet", "imagenet_s-validation.parquet"]
    builder.download_and_prepare(str(tmp_path / "arrow"))
    assert_rows(builder.as_dataset("validation"), "50", "validation")


@pytest.mark.parametrize("config", [50, "50", "im50", "ImageNetS50"])
def test_ways_to_name_a_configuration(config: Any, miniature: Callable[[str], Path], load, annotations: Path) -> None:
    options = {"data_dir": str(miniature("folders")), "annotations_dir": str(annotations), "verify": False}
    assert len(load_dataset("imagenet_s", config, split="test", **options)) == 10
    with pytest.raises(ValueError, match="it has 50, 300, 919"):
        load_dataset("imagenet_s", 100, split="test", **options)


def test_log_is_quiet_where_nothing_is_wrong(miniature: Callable[[str], Path], load, caplog) -> None:
    with caplog.at_level(logging.WARNING, logger="imagenet_s"):
        load(miniature("folders"))
    assert not [record for record in caplog.records if record.name == "imagenet_s"]
