"""`imagenet-s prepare`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from imagenet_s.cli.main import main

Layouts = Callable[[str], Path]


def test_all(miniature: Layouts, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--annotations-dir", str(annotations), "--no-verify"]
    assert main(["prepare", str(miniature("flat")), str(tmp_path), "--config", "all", *options]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["tree", "split", "images", "masks", "new", "kept", "replaced"]
    assert "ImageNetS919  train-full      97          97     0         0" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ImageNetS300", "ImageNetS50", "ImageNetS919"]


def test_splits_as_the_official_tree_spells_them(
    miniature: Layouts, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--annotations-dir", str(annotations), "--no-verify", "--json", "-"]
    arguments = ["prepare", str(miniature("folders")), str(tmp_path), "--mode", "all", *options]
    assert main([*arguments, "--splits", "train-semi", "train-full"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [(split["config"], split["folder"]) for split in result["splits"]] == [
        ("50", "train-semi"),
        ("300", "train-semi"),
        ("919", "train-semi"),
        ("919", "train-full"),
    ]
    assert not (tmp_path / "ImageNetS919" / "validation").exists()


def test_an_error_is_one_paragraph(
    miniature: Layouts, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = miniature("folders")
    options = ["--annotations-dir", str(annotations), "--no-verify", "--config", "50"]
    assert main(["prepare", str(source), str(source), *options]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("imagenet-s: ")
    # The miniature has not the official counts.
    assert main(["prepare", str(source), str(tmp_path), "--annotations-dir", str(annotations)]) == 1
    assert not list(tmp_path.iterdir())
