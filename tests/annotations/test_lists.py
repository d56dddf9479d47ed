"""The official lists: their format, checksums and counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from annotation_files import Pin, expected, opened, rows, write_lists, write_tree
from counted_names import Counted

from imagenet_s.conversion.annotations.lists import Member, in_order
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import OFFICIAL


def test_a_list_that_is_not_the_official_one(given: Path, tmp_path: Path, pinned: Pin) -> None:
    pinned(given, "50")
    path = given / OFFICIAL.lists["50"]["validation"].file
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(
        ImageNetSError, match=r"is not the official ImageNetS_im50_mapping_validation\.txt.*--no-verify"
    ):
        opened(given, tmp_path).members("validation")
    assert rows(opened(given, tmp_path, verify=False), "validation") == expected("50", "validation")
    assert rows(opened(given, tmp_path), "test") == expected("50", "test")


@pytest.mark.parametrize("ends", ["", "\n", "\n\n", "\r\n"])
def test_line_endings(tmp_path: Path, ends: str) -> None:
    write_lists(tmp_path, "50")
    path = tmp_path / OFFICIAL.lists["50"]["test"].file
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n" if "\r" in ends else b"\n") + ends.encode())
    assert rows(opened(tmp_path, tmp_path, verify=False), "test") == expected("50", "test")


@pytest.mark.parametrize(
    "line", ["n01443537/x.JPEG", "a/x.JPEG a/x.JPEG", "one two three", "n01443537/x n01443537/x.gif"]
)
def test_a_line_of_another_format(tmp_path: Path, line: str) -> None:
    write_lists(tmp_path, "50")
    path = tmp_path / OFFICIAL.lists["50"]["test"].file
    path.write_text("n01443537/y.JPEG n01443537/y.JPEG\n" + line)
    with pytest.raises(ImageNetSError, match=r"mapping_test\.txt, line 2: got '.*', expected two columns"):
        opened(tmp_path, tmp_path, verify=False).members("test")


def test_an_image_twice(tmp_path: Path) -> None:
    path = tmp_path / OFFICIAL.lists["50"]["test"].file
    path.write_text("n01443537/y.JPEG n01443537/y.JPEG\nn01491361/y.JPEG n01491361/y.JPEG")
    with pytest.raises(ImageNetSError, match="has y more than once"):
        opened(tmp_path, tmp_path, verify=False).members("test")


def test_an_image_twice_among_very_many_is_found_at_once() -> None:
    """Sorting compares each name some ten times; each with all others would be a million times."""
    names = [*range(1000), 7]
    members = [Member(Counted(f"ILSVRC2012_val_{number:08}"), "n01440764") for number in names]
    with pytest.raises(ImageNetSError, match="has ILSVRC2012_val_00000007 more than once"):
        in_order(members, "a list")
    assert 0 < Counted.compared < 50 * len(names)


def test_classes_of_another_configuration(tmp_path: Path) -> None:
    write_lists(tmp_path, "919")
    (tmp_path / OFFICIAL.lists["919"]["test"].file).rename(tmp_path / OFFICIAL.lists["50"]["test"].file)
    with pytest.raises(ImageNetSError, match=r"that ImageNet-S-50 does not have: n01440764.*another configuration"):
        opened(tmp_path, tmp_path, verify=False).members("test")


def test_the_official_counts_without_lists(tmp_path: Path) -> None:
    write_tree(tmp_path, "50")
    with pytest.raises(
        ImageNetSError, match=r"validation of ImageNet-S-50: 752 images expected, 12 found in .*ImageNetS50"
    ):
        opened(tmp_path, tmp_path).members("validation")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_list_as_windows_saves_it(tmp_path: Path, encoding: str) -> None:
    """With a mark at its beginning, and other line ends."""
    write_lists(tmp_path, "50")
    path = tmp_path / OFFICIAL.lists["50"]["test"].file
    path.write_bytes(path.read_text().replace("\n", "\r\n").encode(encoding))
    assert rows(opened(tmp_path, tmp_path, verify=False), "test") == expected("50", "test")


@pytest.mark.parametrize(("encoding", "message"), [("utf-16-le", "line 1: got"), ("utf-32", "line 1: got")])
def test_a_list_in_another_encoding(tmp_path: Path, encoding: str, message: str) -> None:
    write_lists(tmp_path, "50")
    path = tmp_path / OFFICIAL.lists["50"]["test"].file
    path.write_bytes(path.read_text().encode(encoding))
    with pytest.raises(ImageNetSError, match=rf"mapping_test\.txt, {message}"):
        opened(tmp_path, tmp_path, verify=False).members("test")


def test_a_byte_that_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / OFFICIAL.lists["50"]["test"].file
    path.write_bytes(b"n01443537/y.JPEG n01443537/y.JPEG\nn01443537/\xffz.JPEG n01443537/z.JPEG")
    with pytest.raises(ImageNetSError, match=r"mapping_test\.txt, line 2: the byte 0xff is not UTF-8"):
        opened(tmp_path, tmp_path, verify=False).members("test")
