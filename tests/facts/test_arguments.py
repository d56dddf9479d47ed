"""One spelling for each configuration, split and policy, wherever it is given: functions and commands alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.export import RleCsv, export_masks
from imagenet_s.conversion.facts import config_name
from imagenet_s.conversion.facts.spellings import on_missing_policy, split_list, split_name, split_text
from imagenet_s.conversion.official_tree import prepare_tree
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.submission.submission_zip import check_submission


@pytest.mark.parametrize("given", [50, "50", " 50 ", np.int64(50), "im50", "ImageNetS50", "imagenet-s-50"])
def test_configurations(given: Any) -> None:
    assert config_name(given) == "50"
    assert imagenet_s.categories(given) is imagenet_s.categories("50")


@pytest.mark.parametrize("given", [100, "", "5", "500", None, 50.0, "50 "[:1], b"50", ["50"]])
def test_no_configurations(given: Any) -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match=r"no configuration .*; it has 50, 300, 919"):
        config_name(given)


@pytest.mark.parametrize(
    ("given", "name"),
    [("val", "validation"), ("train-semi", "train_semi"), ("train-full", "train_full"), (datasets.Split.TEST, "test")],
)
def test_splits(given: Any, name: str) -> None:
    assert split_name(given) == name
    assert split_list([given, name]) == split_list(given) == (name,)


def test_text_of_splits() -> None:
    assert split_text("val[:10%]+train-semi+validation") == "validation[:10%]+train_semi+validation"
    assert split_text("interval+train-semifinal") == "interval+train-semifinal", "whole words only"


@pytest.mark.parametrize("given", ["vali", "", "train_full", None, 3])
def test_no_splits(given: Any) -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match="ImageNet-S-50 has no split"):
        split_name(given, "50")


@pytest.mark.parametrize("given", ["eror", "Skip", None, True, ""])
def test_no_policies(given: Any) -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match='"error" and "skip" are known'):
        on_missing_policy(given)


@pytest.fixture
def source(miniature: Callable[[str], Path], annotations: Path) -> dict[str, Any]:
    return {"data_dir": miniature("folders"), "annotations_dir": annotations}


@pytest.mark.parametrize(
    "splits", ["val", ["train-semi", "val"], datasets.Split.VALIDATION, [datasets.Split.VALIDATION]]
)
def test_export_takes_what_people_write(splits: Any, annotations: Path, tmp_path: Path) -> None:
    for config in (50, "ImageNetS50"):
        done = export_masks(annotations, tmp_path / "out", RleCsv(config), splits, verify=False)
        assert [split.split for split in done] == list(split_list(splits))


def test_export_refuses_a_wrong_policy_whatever_the_source(annotations: Path, tmp_path: Path) -> None:
    """Also where nothing can be missing, as of annotations alone."""
    with pytest.raises(imagenet_s.ImageNetSError, match='"error" and "skip" are known'):
        export_masks(annotations, tmp_path / "out", RleCsv("50"), on_missing="eror", verify=False)
    with pytest.raises(imagenet_s.ImageNetSError, match=r"workers=0 \(--workers\): at least one"):
        export_masks(annotations, tmp_path / "out", RleCsv("50"), workers=0, verify=False)
    assert not (tmp_path / "out").exists()


def test_functions_take_what_people_write(source: dict[str, Any], tmp_path: Path) -> None:
    options = Options(splits=["val"], verify=False)
    index = convert(source["data_dir"], tmp_path / "out", 50, source["annotations_dir"], options)
    assert list(index.configs["50"].splits) == ["validation"]
    prepared = prepare_tree(
        50,
        source["data_dir"],
        tmp_path / "tree",
        splits=["train-semi"],
        annotations_dir=source["annotations_dir"],
        verify=False,
    )
    assert [split.folder for split in prepared] == ["train-semi"]
    with pytest.raises(imagenet_s.ImageNetSError, match="zip"):
        check_submission(
            tmp_path / "gone.zip", 50, split="val", annotations_dir=source["annotations_dir"], verify=False
        )


def test_a_typo_in_on_missing_is_no_skip(source: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match="on_missing='eror'"):
        convert(source["data_dir"], tmp_path / "out", "50", source["annotations_dir"], Options(on_missing="eror"))  # type: ignore[arg-type]
    with pytest.raises(imagenet_s.ImageNetSError, match="on_missing='eror'"):
        prepare_tree("50", source["data_dir"], tmp_path / "tree", on_missing="eror")  # type: ignore[arg-type]
    with pytest.raises(imagenet_s.ImageNetSError, match="on_missing='eror'"):
        imagenet_s.load_dataset("50", data_dir=source["data_dir"], on_missing="eror")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_commands_take_what_people_write(source: dict[str, Any], capsys: pytest.CaptureFixture) -> None:
    options = ["--annotations-dir", str(source["annotations_dir"]), "--no-verify", "--splits", "val", "train-semi"]
    assert main(["check", str(source["data_dir"]), "--config", "im50", *options]) == 0
    out = capsys.readouterr().out
    assert "validation" in out
    assert "train_semi" in out


def test_fewer_masks_than_the_list(miniature: Callable[[str], Path], tmp_path: Path) -> None:
    """verify=False leaves out what has no mask, and means it; check says how many there are."""
    from imagenet_s.conversion.synthetic import expected_rows, write_annotations

    write_annotations(tmp_path / "a", "extracted")
    gone = expected_rows("50", "validation")[0].image_id
    next((tmp_path / "a" / "ImageNetS50").rglob(f"{gone}.png")).unlink()
    for on_missing in ("error", "skip"):
        for streaming in (False, True):
            loaded = imagenet_s.load_dataset(
                "50",
                data_dir=miniature("folders"),
                annotations_dir=tmp_path / "a",
                split="validation",
                verify=False,
                on_missing=on_missing,  # type: ignore[arg-type]
                streaming=streaming,
            )
            ids = [row["image_id"] for row in loaded]
            assert len(ids) == 8
            assert gone not in ids
