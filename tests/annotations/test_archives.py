"""Archives and masks that are damaged, incomplete, of another configuration, or not to be trusted."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from annotation_files import (
    check_masks,
    damage_member,
    expected,
    masks,
    members,
    opened,
    rgb_png,
    rows,
    stamp_files,
    write_archive,
    write_lists,
    write_tree,
)

from imagenet_s.conversion.annotations import open_masks
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import OFFICIAL
from imagenet_s.conversion.mask_codec import encode_png16

Pin = Callable[[Path, str], None]


def test_another_md5_in_a_whole_archive_is_a_warning(
    given: Path, tmp_path: Path, pinned: Pin, caplog: pytest.LogCaptureFixture
) -> None:
    pinned(given, "50")
    with zipfile.ZipFile(given / OFFICIAL.archives["50"].file, "a") as archive:
        archive.comment = b"packed again"
    check_masks(opened(given, tmp_path), "validation")
    [record] = caplog.records
    assert record.name == "imagenet_s"
    assert "has the md5" in record.getMessage()
    assert "every CRC holds" in record.getMessage()
    [stamp] = stamp_files(tmp_path / "cache")
    assert stamp["md5"] != OFFICIAL.archives["50"].md5
    check_masks(opened(given, tmp_path), "train_semi")
    assert len(caplog.records) == 1, "an archive is checked once, and remembered"


def test_an_archive_that_was_checked_is_not_read_again(
    given: Path, tmp_path: Path, pinned: Pin, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned(given, "50")
    opened(given, tmp_path).masks("validation")
    calls = []
    monkeypatch.setattr(
        "imagenet_s.conversion.annotations.official_files.md5_of", lambda path: calls.append(path) or ""
    )
    opened(given, tmp_path).masks("train_semi")
    assert calls == []
    os.utime(given / OFFICIAL.archives["50"].file, ns=(1, 1))
    opened(given, tmp_path).masks("train_semi")
    assert len(calls) == 1


@pytest.mark.parametrize("verify", [True, False])
def test_a_truncated_archive(given: Path, tmp_path: Path, pinned: Pin, verify: bool) -> None:
    pinned(given, "50")
    path = given / OFFICIAL.archives["50"].file
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ImageNetSError, match=r"ImageNetS50-.*\.zip is not a whole zip"):
        opened(given, tmp_path, verify=verify).masks("validation")


@pytest.mark.parametrize("verify", [True, False])
def test_a_damaged_member_is_named(given: Path, tmp_path: Path, pinned: Pin, verify: bool) -> None:
    pinned(given, "50")
    image_id, wnid = expected("50", "validation")[3]
    name = f"ImageNetS50/validation-segmentation/{wnid}/{image_id}.png"
    damage_member(given / OFFICIAL.archives["50"].file, name)
    with pytest.raises(ImageNetSError, match=rf"{image_id}\.png"):
        opened(given, tmp_path, verify=verify).masks("validation")
    cache = tmp_path / "cache"
    assert [path for path in cache.rglob("*") if path.suffix in (".arrow", ".incomplete", ".json")] == []


def test_of_many_damaged_masks_the_first_are_named(tmp_path: Path) -> None:
    contents = {name: png if i % 2 else png[:40] for i, (name, png) in enumerate(masks("50").items())}
    write_archive(tmp_path, "50", contents)
    with pytest.raises(ImageNetSError, match=r"6 masks .* cannot be used.*\n- .*\.png is not a readable PNG") as error:
        opened(tmp_path, tmp_path, verify=False).masks("validation")
    assert str(error.value).count("\n- ") == 5


BAD_MASKS = {
    "ids of another configuration": (
        rgb_png(np.full((4, 4), 919)),
        "mask id 919 .*has 0..50 and 1000; was it made for 919",
    ),
    "a 16-bit mask": (encode_png16(np.zeros((4, 4), np.uint16)), "mode I;16"),
    "text": (b"not found", "its 9 bytes are no image"),
    "empty": (b"", "it is empty"),
}


@pytest.mark.parametrize("kind", BAD_MASKS)
@pytest.mark.parametrize("form", ["archive", "tree"])
def test_a_mask_that_is_none(tmp_path: Path, kind: str, form: str) -> None:
    content, message = BAD_MASKS[kind]
    image_id, wnid = members("50", "train_semi")[5]
    name = f"ImageNetS50/train-semi-segmentation/{wnid}/{image_id}.png"
    (write_archive if form == "archive" else write_tree)(tmp_path, "50", {**masks("50"), name: content})
    annotations = opened(tmp_path, tmp_path, verify=False)
    with pytest.raises(ImageNetSError, match=message) as error:
        annotations.masks("train_semi")
    assert f"{image_id}.png" in str(error.value)
    assert "\n" not in str(error.value)
    check_masks(annotations, "validation")


@pytest.mark.parametrize("form", ["archive", "tree"])
def test_a_missing_mask_is_named(tmp_path: Path, pinned: Pin, form: str, caplog: pytest.LogCaptureFixture) -> None:
    contents = masks("50")
    missing = [name for name in contents if "validation" in name][2:5]
    for name in missing:
        del contents[name]
    write_lists(tmp_path, "50")
    (write_archive if form == "archive" else write_tree)(tmp_path, "50", contents)
    pinned(tmp_path, "50")
    names = sorted(name.rsplit("/", 1)[1][:-4] for name in missing)
    with pytest.raises(ImageNetSError, match="lacks 3 of the 12 masks of validation") as error:
        opened(tmp_path, tmp_path).masks("validation")
    assert all(name in str(error.value) for name in names)
    # Without verification they have no row; the images are still listed.
    caplog.clear()
    annotations = opened(tmp_path, tmp_path, verify=False)
    there = [image_id for image_id, _ in expected("50", "validation") if image_id not in names]
    assert open_masks(annotations.masks("validation"))["image_id"].to_pylist() == there
    assert rows(annotations, "validation") == expected("50", "validation")
    assert "lacks 3 of the 12" in caplog.text
    # And what was prepared without it does not pass for the whole.
    with pytest.raises(ImageNetSError, match="lacks 3 of the 12"):
        opened(tmp_path, tmp_path).masks("validation")


def link(target: str) -> tuple[zipfile.ZipInfo, str]:
    info = zipfile.ZipInfo("ImageNetS50/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target


UNSAFE = {
    "absolute": (zipfile.ZipInfo("/etc/x.png"), "x", "absolute path"),
    "upwards": (zipfile.ZipInfo("ImageNetS50/../../x.png"), "x", "leads out of the archive"),
    "drive": (zipfile.ZipInfo("C:/x.png"), "x", "absolute path"),
    "backslash": (zipfile.ZipInfo("..\\x.png"), "x", "backslash"),
    "link upwards": (*link("../../etc/passwd"), "link that leads out"),
    "link to the root": (*link("/etc/passwd"), "link that leads out"),
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_an_archive_with_a_member_that_points_outside_is_refused(given: Path, tmp_path: Path, kind: str) -> None:
    info, content, message = UNSAFE[kind]
    with zipfile.ZipFile(given / OFFICIAL.archives["50"].file, "a") as archive:
        archive.writestr(info, content)
    with pytest.raises(ImageNetSError, match=rf"is refused: its member .*{message}"):
        opened(given, tmp_path, verify=False).masks("validation")


def test_links_within_the_archive_are_harmless(given: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(given / OFFICIAL.archives["50"].file, "a") as archive:
        archive.writestr(*link("validation-segmentation"))
    check_masks(opened(given, tmp_path, verify=False), "validation")


def test_a_mask_twice_in_the_archive(given: Path, tmp_path: Path) -> None:
    image_id, _ = members("50", "validation")[0]
    with zipfile.ZipFile(given / OFFICIAL.archives["50"].file, "a") as archive:
        archive.writestr(f"validation-segmentation/n01491361/{image_id}.png", b"")
    with pytest.raises(ImageNetSError, match=f"two masks of {image_id}"):
        opened(given, tmp_path, verify=False).masks("validation")
