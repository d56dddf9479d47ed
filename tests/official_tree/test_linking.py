"""What differs in a tree is not overwritten unless asked to, and the source is never written to."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tree_files import Prepare, contents

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.synthetic import write_imagenet

Layouts = Callable[[str], Path]
MASK = "validation-segmentation/n01644373/ILSVRC2012_val_00000206.png"
IMAGE = "validation/n01644373/ILSVRC2012_val_00000206.JPEG"


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"mine")
    return path


@pytest.mark.parametrize("layout", ["folders", "tars"])
@pytest.mark.parametrize("name", [IMAGE, MASK])
def test_a_file_that_differs(layout: str, name: str, miniature: Layouts, prepare: Prepare, tmp_path: Path) -> None:
    mine = put(tmp_path / "ImageNetS50" / name)
    with pytest.raises(ImageNetSError, match=rf"something else .* in 1 place, not touched: {name}\..*--overwrite"):
        prepare("50", layout)
    assert mine.read_bytes() == b"mine"
    want = contents(miniature("tree-50") / "ImageNetS50")
    assert contents(tmp_path / "ImageNetS50") == want | {name: b"mine"}, "everything else is complete"
    prepared = prepare("50", layout, overwrite=True)
    assert sum(split.replaced for split in prepared) == 1
    assert contents(tmp_path / "ImageNetS50") == want


def test_a_link_that_leads_elsewhere(miniature: Layouts, prepare: Prepare, tmp_path: Path) -> None:
    """As after ImageNet has moved."""
    link = tmp_path / "ImageNetS50" / IMAGE
    link.parent.mkdir(parents=True)
    link.symlink_to("/gone/ILSVRC2012_val_00000206.JPEG")
    folder_link = tmp_path / "ImageNetS50" / "train" / "n01443537"
    folder_link.parent.mkdir(parents=True)
    folder_link.symlink_to("/gone/train/n01443537")
    with pytest.raises(ImageNetSError, match=r"in 2 places"):
        prepare("50", "folders")
    assert os.readlink(link) == "/gone/ILSVRC2012_val_00000206.JPEG"
    assert os.readlink(folder_link) == "/gone/train/n01443537"
    prepare("50", "folders", overwrite=True)
    assert link.read_bytes() == (miniature("tree-50") / "ImageNetS50" / IMAGE).read_bytes()
    assert os.readlink(folder_link) == str(miniature("folders").resolve() / "train" / "n01443537")


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_is_written_through_a_link(overwrite: bool, prepare: Prepare, tmp_path: Path) -> None:
    """A class folder that is a link to somebody's folder: files must not end up there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = tmp_path / "ImageNetS50" / "validation" / "n01644373"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(elsewhere)
    if overwrite:
        prepare("50", "folders", overwrite=True)
        assert not folder.is_symlink()
        assert (tmp_path / "ImageNetS50" / IMAGE).exists()
    else:
        with pytest.raises(ImageNetSError, match=r"validation/n01644373\."):
            prepare("50", "folders")
        assert folder.is_symlink()
    assert not list(elsewhere.iterdir())


def test_copies_in_place_of_links(prepare: Prepare, tmp_path: Path) -> None:
    """Links are no copies; the folders that were linked to keep their files."""
    source = Path(write_imagenet(tmp_path / "imagenet", "folders"))
    before = sorted(source.rglob("*"))
    prepare("50", source)
    with pytest.raises(ImageNetSError, match=r"holds something else"):
        prepare("50", source, copy=True)
    prepare("50", source, copy=True, overwrite=True)
    assert not any(path.is_symlink() for path in (tmp_path / "ImageNetS50").rglob("*"))
    assert sorted(source.rglob("*")) == before


def test_a_folder_is_never_replaced(prepare: Prepare, tmp_path: Path) -> None:
    folder = tmp_path / "ImageNetS50" / IMAGE
    put(folder / "something")
    with pytest.raises(ImageNetSError, match=r"a folder is never replaced"):
        prepare("50", "folders", overwrite=True)
    assert (folder / "something").read_bytes() == b"mine"


def test_unexpected_files_are_named_and_stay(
    prepare: Prepare, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = put(tmp_path / "ImageNetS50" / "validation" / "n01644373" / "ILSVRC2012_val_00000001.JPEG")
    two = put(tmp_path / "ImageNetS50" / "train-semi-segmentation" / "n99999999" / "x.png")
    prepared = {split.folder: split.strangers for split in prepare("50", "folders")}
    assert prepared["validation"] == ("n01644373/ILSVRC2012_val_00000001.JPEG",)
    assert prepared["train-semi"] == ("train-semi-segmentation/n99999999",)
    assert "n01644373/ILSVRC2012_val_00000001.JPEG" in caplog.text
    assert one.exists()
    assert two.exists()


def test_the_source_is_not_written_into(prepare: Prepare, tmp_path: Path) -> None:
    source = Path(write_imagenet(tmp_path / "imagenet", "folders"))
    before = sorted(source.rglob("*"))
    link = tmp_path / "link"
    link.symlink_to(source)
    inner = tmp_path / "inner" / "ImageNetS50"
    inner.mkdir(parents=True)
    (inner / "train").symlink_to(source / "train")
    for save in (source, source / "train", link, link / "new", inner.parent):
        with pytest.raises(ImageNetSError, match=r"SAVE_DIR outside"):
            prepare("50", source, save)
    assert sorted(source.rglob("*")) == before
    around = tmp_path / "around" / "ImageNetS50" / "imagenet"
    write_imagenet(around, "folders")
    with pytest.raises(ImageNetSError, match=r"holds the source"):
        prepare("50", around, tmp_path / "around")
    # Beside the source is fine: /data/imagenet and /data/ImageNetS50.
    prepare("50", source)
    assert sorted(source.rglob("*")) == before


def test_a_file_system_without_links(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    with pytest.raises(ImageNetSError, match=r"no link could be made.*--copy"):
        prepare("50", "folders")
