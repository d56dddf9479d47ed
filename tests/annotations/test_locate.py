"""Members and masks from everything that may hold them, and the error where nothing does."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from annotation_files import (
    WRITERS,
    Pin,
    check_masks,
    expected,
    mask_name,
    masks,
    members,
    opened,
    rows,
    write_archive,
    write_lists,
    write_tree,
)

from imagenet_s.cli.main import build_parser
from imagenet_s.conversion.annotations import open_annotations
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import ANNOTATED_SPLITS, CONFIG_NAMES, MASK_FOLDERS, OFFICIAL, categories


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
    for split in (*ANNOTATED_SPLITS, "test"):
        assert rows(annotations, split) == expected(config, split)
    for split in ANNOTATED_SPLITS:
        check_masks(annotations, split)


@pytest.mark.parametrize("form", WRITERS)
def test_official_masks_are_the_published_bytes(tmp_path: Path, form: str) -> None:
    WRITERS[form](tmp_path, "919")
    annotations = opened(tmp_path, tmp_path, "919", verify=False)
    for split in ANNOTATED_SPLITS:
        actual = list(annotations.official_masks(split))
        assert [member[:2] for member, _ in actual] == expected("919", split)
        assert all(content == masks("919")[mask_name("919", split, member)] for member, content in actual)


def test_a_merged_image_is_in_the_folder_of_its_target(tmp_path: Path) -> None:
    write_lists(tmp_path / "given", "919")
    actual = dict(rows(opened(tmp_path / "given", tmp_path, "919", verify=False), "train_semi"))
    merged = categories("919").merged_wnids
    assert len(merged) == 5
    assert {source: actual[f"{source}_123"] for source in merged} == dict(merged)


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("where", ["target", "source"])
def test_members_from_the_folders_of_the_masks(tmp_path: Path, form: str, where: str) -> None:
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
    WRITERS[form](tmp_path / "given", "919", contents)
    annotations = opened(tmp_path / "given", tmp_path, "919", verify=False)
    for split in ANNOTATED_SPLITS:
        assert rows(annotations, split) == expected("919", split)
        check_masks(annotations, split)
    with pytest.raises(ImageNetSError, match=r"ImageNetS_im919_mapping_test\.txt from https://raw"):
        annotations.members("test")


def test_members_from_the_folders_of_an_official_tree(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, "50")
    for image_id, wnid in members("50", "test"):
        image = tree / "test" / wnid / f"{image_id}.JPEG"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
    annotations = opened(tmp_path, tmp_path, verify=False)
    assert rows(annotations, "test") == expected("50", "test")


def test_the_environment_variable(given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(given))
    annotations = open_annotations("50", cache_dir=tmp_path / "cache", verify=False)
    assert rows(annotations, "test") == expected("50", "test")
    monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(given / "gone"))
    with pytest.raises(ImageNetSError, match=r"\$IMAGENET_S_ANNOTATIONS_DIR\): .*gone does not exist"):
        open_annotations("50", cache_dir=tmp_path / "cache")
    assert rows(opened(given, tmp_path, verify=False), "test") == expected("50", "test")


def test_a_given_folder_is_only_read(given: Path, tmp_path: Path, pinned: Pin) -> None:
    pinned(given, "50")
    before = {path.name: path.stat().st_mtime_ns for path in given.iterdir()}
    check_masks(opened(given, tmp_path), "validation")
    assert {path.name: path.stat().st_mtime_ns for path in given.iterdir()} == before


def test_files_of_other_splits_are_not_read(given: Path, tmp_path: Path) -> None:
    for role, facts in OFFICIAL.lists["50"].items():
        if role != "test":
            (given / facts.file).write_text("broken")
    (given / OFFICIAL.archives["50"].file).write_bytes(b"broken")
    assert rows(opened(given, tmp_path, verify=False), "test") == expected("50", "test")


def test_an_empty_folder(tmp_path: Path) -> None:
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


def test_a_tree_of_another_configuration(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, "300")
    for given in (tmp_path, tree):
        with pytest.raises(ImageNetSError, match="has not all the annotations of ImageNet-S-50"):
            opened(given, tmp_path, verify=False).members("validation")


def test_wrong_arguments(given: Path, tmp_path: Path) -> None:
    annotations = opened(given, tmp_path, verify=False)
    with pytest.raises(ImageNetSError, match="'train': expected one of train_semi, validation, test"):
        annotations.members("train")
    with pytest.raises(ImageNetSError, match=r"'test': expected one of train_semi, validation\."):
        annotations.masks("test")
    with pytest.raises(ImageNetSError, match="no configuration '51'"):
        open_annotations("51", given, cache_dir=tmp_path)
    with pytest.raises(ImageNetSError, match="is neither a folder nor a zip"):
        open_annotations("50", given / OFFICIAL.lists["50"]["test"].file, cache_dir=tmp_path)


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("above", ["ImageNetS50", "ImageNetS50-abc", "my masks"])
def test_a_folder_more_after_unpacking(tmp_path: Path, form: str, above: str) -> None:
    """As Windows' "extract all" makes it; the lists beside it or in it."""
    WRITERS[form](tmp_path / "given" / above, "50")
    write_lists(tmp_path / "given" / (above if above == "my masks" else ""), "50")
    for given in (tmp_path / "given", tmp_path / "given" / above):
        annotations = opened(given, tmp_path, verify=False)
        for split in ANNOTATED_SPLITS:
            assert rows(annotations, split) == expected("50", split)
            check_masks(annotations, split)


@pytest.mark.parametrize("inner", ["validation-segmentation", "train-semi-segmentation/n01443537"])
def test_the_folder_above_the_masks_is_meant(tmp_path: Path, inner: str) -> None:
    """Where a part of the masks is given, and those of another split are asked for."""
    tree = write_tree(tmp_path / "given", "50")
    part = "train_semi" if inner.startswith("train") else "validation"
    asked = "validation" if part == "train_semi" else "train_semi"
    with pytest.raises(
        ImageNetSError, match=r"is a part of the masks: name the folder that holds .*, (/.*)\.$"
    ) as error:
        opened(tree / inner, tmp_path, verify=False).members(asked)
    named = Path(str(error.value).rsplit(", ", 1)[1].rstrip("."))
    assert rows(opened(named, tmp_path, verify=False), asked) == expected("50", asked)
    if inner == MASK_FOLDERS[part]:
        assert rows(opened(tree / inner, tmp_path, verify=False), part) == expected("50", part)


def test_what_is_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "ImageNetS50" / "a" / "validation-segmentation").mkdir(parents=True)
    with pytest.raises(ImageNetSError, match=r"; it holds ImageNetS50\) .*as ImageNetS50/validation-segmentation/"):
        opened(tmp_path, tmp_path, verify=False).members("validation")
    with pytest.raises(ImageNetSError, match=r"hf:/.* is an address: expected a file or folder of this machine"):
        open_annotations("50", "hf://datasets/me/masks")


def test_masks_with_names_that_are_no_utf8(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, "50")
    for folder in (tree, tree / "validation-segmentation", next((tree / "validation-segmentation").iterdir())):
        Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png")).write_bytes(b"junk")
        Path(os.fsdecode(os.fsencode(folder) + b"/n0144\xe9")).mkdir()
    annotations = opened(tmp_path, tmp_path, verify=False)
    assert rows(annotations, "validation") == expected("50", "validation")
    check_masks(annotations, "validation")


@pytest.mark.parametrize("wrong", ["a list that is another", "no archive"])
def test_the_command_of_a_message_runs_as_it_is_printed(tmp_path: Path, wrong: str) -> None:
    folder = tmp_path / "my annotations"
    folder.mkdir()
    write_lists(folder, "50")
    with pytest.raises(ImageNetSError) as refused:
        opened(folder, tmp_path, verify=wrong != "no archive").masks("validation")
    (command,) = re.findall(r"`imagenet-s (download [^`]+)`", str(refused.value))
    assert build_parser().parse_args(shlex.split(command)).annotations_dir == str(folder)
