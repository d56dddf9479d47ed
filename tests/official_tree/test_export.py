"""`prepare_tree`: exactly the official tree, from every layout; run again, it completes what is missing."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from datasets import load_dataset
from tree_files import Prepare, contents, snapshot

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import split_names
from imagenet_s.conversion.official_tree import prepare_tree
from imagenet_s.conversion.official_tree.linking import Linker
from imagenet_s.conversion.synthetic import LAYOUTS

CONFIGS = ("50", "300", "919")
Layouts = Callable[[str], Path]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_exactly_the_official_tree(
    layout: str, miniature: Layouts, prepare: Prepare, tmp_path: Path
) -> None:
    source = snapshot(miniature(layout))
    for config in CONFIGS:
        prepared = prepare(config, layout)
        want = contents(miniature(f"tree-{config}") / f"ImageNetS{config}")
        assert contents(tmp_path / f"ImageNetS{config}") == want
        assert [split.folder for split in prepared] == [split.replace("_", "-") for split in split_names(config)]
        for split in prepared:
            assert split.images == sum(name.startswith(f"{split.folder}/") for name in want)
            masks = sum(name.startswith(f"{split.folder}-segmentation/") for name in want)
            assert (split.masks or 0) == masks
            assert (split.new, split.kept, split.replaced, split.strangers) == (split.images + masks, 0, 0, ())
    assert snapshot(miniature(layout)) == source, "the source is only read"
    assert sorted(os.listdir(tmp_path)) == ["ImageNetS300", "ImageNetS50", "ImageNetS919"]


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param(layout, marks=[] if layout in ("folders", "tars", "parquet") else pytest.mark.slow)
        for layout in LAYOUTS
    ],
)
def test_the_builder_gives_the_same_rows_from_the_tree(
    layout: str, miniature: Layouts, annotations: Path, prepare: Prepare, tmp_path: Path
) -> None:
    """Also of images with an orientation in their EXIF."""
    prepare("919", layout)
    source = load_dataset(
        "imagenet_s", "919", data_dir=str(miniature(layout)), annotations_dir=str(annotations), verify=False
    )
    tree = load_dataset("imagenet_s", "919", data_dir=str(tmp_path), verify=False)
    assert list(tree) == list(source)
    for split in tree:
        assert tree[split].features == source[split].features
        ours = {row["image_id"]: row for row in tree[split]}
        assert len(ours) == len(source[split])
        for row in source[split]:
            other = ours[row["image_id"]]
            assert (other["category"], other["wnid"]) == (row["category"], row["wnid"])
            np.testing.assert_array_equal(np.asarray(other["image"]), np.asarray(row["image"]))
            if row["annotation"] is None:
                assert other["annotation"] is None
            else:
                np.testing.assert_array_equal(np.asarray(other["annotation"]), np.asarray(row["annotation"]))


def test_links(miniature: Layouts, prepare: Prepare, tmp_path: Path) -> None:
    """A folder link a class where a folder of ImageNet is the class; file links for a class made of two."""
    prepare("919", "folders")
    tree = tmp_path / "ImageNetS919"
    train = miniature("folders").resolve() / "train"
    for name in ("train", "train-full"):
        for folder in (tree / name).iterdir():
            if name == "train" and folder.name == "n15075141":
                assert not folder.is_symlink()
                assert {os.path.dirname(os.readlink(path)) for path in folder.iterdir()} == {
                    str(train / "n15075141"),
                    str(train / "n03887697"),
                }
            else:
                assert os.readlink(folder) == str(train / folder.name)
    for name in ("train-semi", "validation", "test"):
        images = [*(tree / name).glob("*/*")]
        assert images
        assert all(image.is_symlink() and os.path.isabs(os.readlink(image)) for image in images)
    assert not any(path.is_symlink() for path in (tree / "validation-segmentation").rglob("*"))


def test_a_folder_with_more_than_images_is_not_linked_to(miniature: Layouts, prepare: Prepare, tmp_path: Path) -> None:
    source = tmp_path / "imagenet"
    shutil.copytree(miniature("folders"), source)
    (source / "train" / "n01443537" / "Thumbs.db").write_bytes(b"no image")
    prepare("50", source, splits=["train"])
    train = tmp_path / "ImageNetS50" / "train"
    assert not (train / "n01443537").is_symlink()
    assert (train / "n01644373").is_symlink()
    want = {k: v for k, v in contents(miniature("tree-50") / "ImageNetS50").items() if k.startswith("train/")}
    assert contents(tmp_path / "ImageNetS50") == want


@pytest.mark.parametrize("layout", ["folders", "tars", "parquet", "hub-tars", "hub-tars-extracted"])
@pytest.mark.parametrize("copy", [False, True])
def test_again_does_nothing(layout: str, copy: bool, prepare: Prepare, tmp_path: Path) -> None:
    first = prepare("919", layout, copy=copy)
    before = snapshot(tmp_path)
    again = prepare("919", layout, copy=copy)
    assert [(item.new, item.kept) for item in again] == [(0, item.new) for item in first]
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("layout", ["tars", "hub-tars", "parquet"])
def test_again_reads_no_image(layout: str, prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """138 GB are not read again to find that there is nothing to do; but a file with another time is compared."""
    prepare("919", layout, splits=["validation"])
    read = []
    original = Linker.write

    def write(self: Linker, data: bytes, folder: str, name: str, *mtime_ns: int) -> None:
        if name.endswith(".JPEG"):
            read.append(f"{folder}/{name}")
        original(self, data, folder, name, *mtime_ns)

    monkeypatch.setattr(Linker, "write", write)
    prepare("919", layout, splits=["validation"])
    assert read == []
    touched = next((tmp_path / "ImageNetS919" / "validation").glob("*/*.JPEG"))
    os.utime(touched, (0, 0))
    (again,) = prepare("919", layout, splits=["validation"])
    assert read == [str(touched)]
    assert (again.new, again.replaced) == (0, 0)


def test_copies(miniature: Layouts, prepare: Prepare, tmp_path: Path) -> None:
    prepare("919", "folders", copy=True)
    tree = tmp_path / "ImageNetS919"
    assert not any(path.is_symlink() for path in tree.rglob("*"))
    assert contents(tree) == contents(miniature("tree-919") / "ImageNetS919")
    # Links would do where copies are already.
    linked = prepare("919", "folders")
    assert not any(item.new or item.replaced for item in linked)


@pytest.mark.parametrize("layout", ["folders", "tars", "parquet"])
def test_resumes_after_an_interruption(
    layout: str, miniature: Layouts, prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = contents(miniature("tree-919") / "ImageNetS919")
    tree = tmp_path / "ImageNetS919"
    original = Linker._replace
    left = [0]

    def stops(self: Linker, path: str, *how: Callable) -> object:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return original(self, path, *how)

    for left[0] in (0, 1, 30, 70, 120):
        with monkeypatch.context() as patch:
            patch.setattr(Linker, "_replace", stops)
            with pytest.raises(KeyboardInterrupt):
                prepare("919", layout, copy=True)
        there = contents(tree)
        assert there.items() <= want.items(), "every file is complete"
    prepare("919", layout, copy=True)
    assert contents(tree) == want


def test_temporary_files_of_a_killed_run_are_removed(miniature: Layouts, prepare: Prepare, tmp_path: Path) -> None:
    temporary = tmp_path / "ImageNetS50" / f".incomplete-{socket.gethostname()}"
    temporary.mkdir(parents=True)
    (temporary / "0").write_bytes(b"half")
    prepare("50", "tars")
    assert contents(tmp_path / "ImageNetS50") == contents(miniature("tree-50") / "ImageNetS50")


def test_from_an_official_tree(miniature: Layouts, prepare: Prepare, tmp_path: Path) -> None:
    """A tree of links made into one of files, to take along."""
    prepare("919", "folders", tmp_path / "a")
    prepare_tree("919", tmp_path / "a", tmp_path / "b", verify=False, copy=True)
    assert contents(tmp_path / "b" / "ImageNetS919") == contents(miniature("tree-919") / "ImageNetS919")
    assert not any(path.is_symlink() for path in (tmp_path / "b").rglob("*"))


def test_an_incomplete_imagenet(miniature: Layouts, prepare: Prepare, tmp_path: Path) -> None:
    source = tmp_path / "imagenet"
    shutil.copytree(miniature("folders"), source)
    gone = next(source.glob("val/*/ILSVRC2012_val_00000206.JPEG"))
    gone.unlink()
    with pytest.raises(ImageNetSError, match=r"validation: 9 images expected, 8 found.*ILSVRC2012_val_00000206"):
        prepare("50", source)
    assert not (tmp_path / "ImageNetS50").exists(), "reported before anything is written"
    prepared = prepare("50", source, on_missing="skip")
    assert [(split.images, split.masks) for split in prepared if split.folder == "validation"] == [(8, 8)]
    want = contents(miniature("tree-50") / "ImageNetS50")
    missing = want.keys() - contents(tmp_path / "ImageNetS50").keys()
    assert {Path(item).stem for item in missing} == {"ILSVRC2012_val_00000206"}


def test_a_split_that_the_configuration_lacks(prepare: Prepare) -> None:
    with pytest.raises(ImageNetSError, match=r"ImageNet-S-50 has no split 'train_full'"):
        prepare("50", "folders", splits=["train_full"])
