"""Members and masks from everything that may hold them, and what is said where nothing does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from annotation_files import (
    SPLIT_FOLDERS,
    check_masks,
    expected,
    masks,
    members,
    opened,
    rows,
    write_archive,
    write_lists,
    write_tree,
)

from imagenet_s.conversion.annotations import open_annotations
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import CONFIG_NAMES, OFFICIAL, categories

SPLITS = tuple(SPLIT_FOLDERS)
Pin = Callable[[Path, str], None]


@pytest.mark.parametrize("config", CONFIG_NAMES)
@pytest.mark.parametrize("form", ["archive", "tree beside the lists", "the tree itself", "renamed tree"])
def test_every_form_gives_the_same(tmp_path: Path, pinned: Pin, config: str, form: str) -> None:
    given = tmp_path / "given"
    write_lists(given, config)
    if form == "archive":
        write_archive(given, config)
    else:
        tree = write_tree(given, config)
        if form == "renamed tree":
            tree = tree.rename(given / "masks of mine")
    pinned(given, config)
    at = given if form in ("archive", "tree beside the lists") else tree
    annotations = opened(at, tmp_path, config)
    for split in (*SPLITS, "test"):
        assert rows(annotations, split) == expected(config, split)
    for split in SPLITS:
        check_masks(annotations, split)
    assert sorted(path.name for path in given.iterdir() if path.suffix == ".lock") == []


@pytest.mark.parametrize("write", [write_archive, write_tree])
def test_official_masks_come_as_they_are(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path, "919")
    annotations = opened(tmp_path, tmp_path, "919", verify=False)
    for split in SPLITS:
        found = {
            f"ImageNetS919/{SPLIT_FOLDERS[split]}/{wnid}/{image_id}.png": content
            for (image_id, wnid), content in annotations.official_masks(split)
        }
        assert found == {name: content for name, content in masks("919").items() if SPLIT_FOLDERS[split] in name}
        assert [member for member, _ in annotations.official_masks(split)] == expected("919", split)


def test_a_merged_image_is_in_the_folder_of_its_target(tmp_path: Path) -> None:
    write_lists(tmp_path / "given", "919")
    found = dict(rows(opened(tmp_path / "given", tmp_path, "919", verify=False), "train_semi"))
    merged = categories("919").merged_wnids
    assert len(merged) == 5
    assert {source: found[f"{source}_123"] for source in merged} == dict(merged)


@pytest.mark.parametrize("form", ["archive", "tree"])
@pytest.mark.parametrize("where", ["target", "source"])
def test_without_lists_the_folders_of_the_masks_tell(tmp_path: Path, form: str, where: str) -> None:
    contents = masks("919")
    if where == "source":
        # An archive that keeps merged images under their own wnid says the same.
        merged = categories("919").merged_wnids
        ids = {f"{source}_123.png": source for source in merged}
        contents = {
            name if (base := name.rsplit("/", 1)[1]) not in ids else f"{name.rsplit('/', 2)[0]}/{ids[base]}/{base}": png
            for name, png in contents.items()
        }
        assert contents.keys() != masks("919").keys()
    (write_archive if form == "archive" else write_tree)(tmp_path / "given", "919", contents)
    annotations = opened(tmp_path / "given", tmp_path, "919", verify=False)
    for split in SPLITS:
        assert rows(annotations, split) == expected("919", split)
        check_masks(annotations, split)
    with pytest.raises(ImageNetSError, match=r"ImageNetS_im919_mapping_test\.txt from https://raw"):
        annotations.members("test")


def test_an_official_tree_tells_all_by_its_folders(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, "50")
    for image_id, wnid in members("50", "test"):
        image = tree / "test" / wnid / f"{image_id}.JPEG"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
    annotations = opened(tmp_path, tmp_path, verify=False)
    assert rows(annotations, "test") == expected("50", "test")


def test_the_variable_names_the_folder_too(given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(given))
    annotations = open_annotations("50", cache_dir=tmp_path / "cache", verify=False)
    assert rows(annotations, "test") == expected("50", "test")
    monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(given / "gone"))
    with pytest.raises(ImageNetSError, match=r"\$IMAGENET_S_ANNOTATIONS_DIR: .*gone does not exist"):
        open_annotations("50", cache_dir=tmp_path / "cache")
    assert rows(opened(given, tmp_path, verify=False), "test") == expected("50", "test")


def test_what_was_given_is_only_read(given: Path, tmp_path: Path, pinned: Pin) -> None:
    pinned(given, "50")
    before = {path.name: path.stat().st_mtime_ns for path in given.iterdir()}
    check_masks(opened(given, tmp_path), "validation")
    assert {path.name: path.stat().st_mtime_ns for path in given.iterdir()} == before


def test_of_another_split_nothing_is_read(given: Path, tmp_path: Path) -> None:
    for role, facts in OFFICIAL.lists["50"].items():
        if role != "test":
            (given / facts.file).write_text("broken")
    (given / OFFICIAL.archives["50"].file).write_bytes(b"broken")
    assert rows(opened(given, tmp_path, verify=False), "test") == expected("50", "test")


@pytest.mark.parametrize("write", [write_archive, write_tree])
def test_the_litter_of_macos_is_no_mask(tmp_path: Path, write: Callable[..., Path]) -> None:
    contents = masks("50")
    above, base = next(iter(contents)).rsplit("/", 1)
    contents |= {f"__MACOSX/{above}/._{base}": b"litter", f"{above}/._{base}": b"litter"}
    write(tmp_path, "50", contents)
    annotations = opened(tmp_path, tmp_path, verify=False)
    assert rows(annotations, "train_semi") == expected("50", "train_semi")
    check_masks(annotations, "train_semi")


def test_an_archive_may_have_folders_above(tmp_path: Path) -> None:
    contents = {f"a/b/{name}": png for name, png in masks("50").items()} | {"a/readme.txt": b"hello"}
    write_archive(tmp_path, "50", contents)
    check_masks(opened(tmp_path, tmp_path, verify=False), "train_semi")


def test_a_folder_without_anything_says_what_to_do(tmp_path: Path) -> None:
    annotations = opened(tmp_path, tmp_path)
    with pytest.raises(ImageNetSError) as error:
        annotations.masks("validation")
    text = str(error.value)
    assert f"imagenet-s download --config 50 --annotations-dir {tmp_path}" in text
    assert "$IMAGENET_S_ANNOTATIONS_DIR" in text
    assert f"from https://raw.githubusercontent.com{OFFICIAL.lists['50']['validation'].url_path}" in text
    write_lists(tmp_path, "50")
    with pytest.raises(ImageNetSError) as error:
        opened(tmp_path, tmp_path, verify=False).masks("validation")
    assert f"from https://github.com{OFFICIAL.archives['50'].url_path}" in str(error.value)


def test_a_folder_of_another_configuration_is_not_mistaken(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, "300")
    for given in (tmp_path, tree):
        with pytest.raises(ImageNetSError, match="has not all the annotations of ImageNet-S-50"):
            opened(given, tmp_path, verify=False).members("validation")


def test_what_cannot_be_asked(given: Path, tmp_path: Path) -> None:
    annotations = opened(given, tmp_path, verify=False)
    with pytest.raises(ImageNetSError, match="'train': expected one of train_semi, validation, test"):
        annotations.members("train")
    with pytest.raises(ImageNetSError, match=r"'test': expected one of train_semi, validation\."):
        annotations.masks("test")
    with pytest.raises(ImageNetSError, match="no configuration '51'"):
        open_annotations("51", given, cache_dir=tmp_path)
    with pytest.raises(ImageNetSError, match="is a file; give the folder"):
        open_annotations("50", given / OFFICIAL.archives["50"].file, cache_dir=tmp_path)
