"""Where the data is: the arguments, and the environment variables that stand for them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from imagenet_s import load_dataset
from imagenet_s.cli.main import main
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.imagenet.data_dir import VARIABLE, DataDir, resolve_data_dir
from imagenet_s.conversion.synthetic import write_annotations

Layouts = Callable[[str], Path]


def test_it_is_resolved_once(miniature: Layouts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(miniature("folders"))
    data_dir = resolve_data_dir(tmp_path / "link")
    assert data_dir == DataDir(str(miniature("folders").resolve()))
    assert data_dir.is_local
    assert resolve_data_dir(data_dir) is data_dir
    monkeypatch.setenv(VARIABLE, "~/link")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve_data_dir(None) == data_dir


def test_an_address_is_not_local() -> None:
    data_dir = resolve_data_dir(Path("hf://datasets/ILSVRC/imagenet-1k"))
    assert data_dir == DataDir("hf://datasets/ILSVRC/imagenet-1k")
    assert not data_dir.is_local
    assert data_dir.tree("50") is data_dir.converted is None


def test_what_is_there(miniature: Layouts) -> None:
    tree = resolve_data_dir(miniature("tree-50"))
    assert tree.tree("50") == str(miniature("tree-50").resolve() / "ImageNetS50")
    with pytest.raises(ImageNetSError, match="is an official ImageNet-S tree of 50, not of 300"):
        tree.tree("300")
    assert resolve_data_dir(miniature("folders")).tree("50") is None


@pytest.mark.parametrize("by", ["argument", "variable"])
def test_annotations_beside_an_official_tree(
    by: str, miniature: Layouts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Masks that are given stand for those of the tree, however they are given."""
    write_annotations(tmp_path / "a", "extracted")
    gone = next((tmp_path / "a" / "ImageNetS50" / "validation-segmentation").rglob("*.png"))
    gone.unlink()
    given = {"annotations_dir": tmp_path / "a"} if by == "argument" else {}
    if by == "variable":
        monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(tmp_path / "a"))
    rows = load_dataset("50", data_dir=miniature("tree-50"), split="validation", verify=False, **given)
    assert len(rows) == 8
    assert gone.stem not in rows["image_id"][:]
    options = ["--annotations-dir", str(tmp_path / "a")] if by == "argument" else []
    main(["check", str(miniature("tree-50")), "--config", "50", "--no-verify", "--splits", "validation", *options])
    assert "fewer masks" in capsys.readouterr().out
