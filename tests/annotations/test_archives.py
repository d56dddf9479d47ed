"""Archives and masks that are damaged, incomplete, or of another configuration."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
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
    rgb_png,
    rows,
    write_archive,
    write_lists,
)

from imagenet_s.conversion.annotations import cached_masks
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import OFFICIAL
from imagenet_s.conversion.masks.codec import encode_png16

ARCHIVE = OFFICIAL.archives["50"].file


def test_another_md5_of_an_undamaged_archive_is_a_warning(
    given: Path, tmp_path: Path, pinned: Pin, caplog: pytest.LogCaptureFixture
) -> None:
    pinned(given, "50")
    with zipfile.ZipFile(given / ARCHIVE, "a") as archive:
        archive.comment = b"packed again"
    check_masks(opened(given, tmp_path), "validation")
    [record] = caplog.records
    assert record.name == "imagenet_s"
    assert "has the md5" in record.getMessage()
    assert "every CRC in it is right" in record.getMessage()
    check_masks(opened(given, tmp_path), "train_semi")
    assert len(caplog.records) == 1, "an archive is checked once"


def test_an_archive_is_checked_again_when_it_changes(given: Path, tmp_path: Path, pinned: Pin) -> None:
    pinned(given, "50")
    check_masks(opened(given, tmp_path), "validation")
    name = mask_name("50", "train_semi", members("50", "train_semi")[0])
    times = (given / ARCHIVE).stat()
    damage_member(given / ARCHIVE, name)
    os.utime(given / ARCHIVE, ns=(1, times.st_mtime_ns))
    check_masks(opened(given, tmp_path), "validation")  # not read again: size and time are the same
    os.utime(given / ARCHIVE, ns=(1, 1))
    with pytest.raises(ImageNetSError, match=rf"is damaged: {name}"):
        opened(given, tmp_path).masks("validation")


def damage_member(archive: Path, name: str) -> None:
    """Flip bits in the middle of one member's compressed data, which its CRC notices."""
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo(name)
    data = bytearray(archive.read_bytes())
    # A local header has 30 bytes and the name; zipfile writes no extra field.
    data[info.header_offset + 30 + len(name) + info.compress_size // 2] ^= 0xFF
    archive.write_bytes(data)


@pytest.mark.parametrize("verify", [True, False])
def test_a_truncated_archive(given: Path, tmp_path: Path, pinned: Pin, verify: bool) -> None:
    pinned(given, "50")
    path = given / ARCHIVE
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ImageNetSError, match=r"ImageNetS50-.*\.zip is not a complete zip"):
        opened(given, tmp_path, verify=verify).masks("validation")


@pytest.mark.parametrize("verify", [True, False])
def test_a_damaged_member_is_named(given: Path, tmp_path: Path, pinned: Pin, verify: bool) -> None:
    pinned(given, "50")
    name = mask_name("50", "validation", expected("50", "validation")[3])
    damage_member(given / ARCHIVE, name)
    with pytest.raises(ImageNetSError, match=name):
        opened(given, tmp_path, verify=verify).masks("validation")
    kept = {path.name: path for path in (tmp_path / "cache").rglob("*") if path.suffix != ".lock" and path.is_file()}
    if verify:
        assert not kept
    else:  # the others, so that on_missing="skip" need not decode them again
        assert len(cached_masks(kept["50-validation.arrow"])) == len(expected("50", "validation")) - 1


def test_of_many_damaged_masks_the_first_are_named(tmp_path: Path) -> None:
    contents = {name: png if i % 2 else png[:40] for i, (name, png) in enumerate(masks("50").items())}
    write_archive(tmp_path, "50", contents)
    with pytest.raises(
        ImageNetSError, match=r"validation: 6 of 12 masks can't be used:\n- .*\.png is not a readable PNG"
    ) as error:
        opened(tmp_path, tmp_path, verify=False).masks("validation")
    assert str(error.value).count(".png is not a readable PNG") == 5


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
@pytest.mark.parametrize("form", WRITERS)
def test_a_file_that_is_no_mask_is_named(tmp_path: Path, kind: str, form: str) -> None:
    content, message = BAD_MASKS[kind]
    member = members("50", "train_semi")[5]
    WRITERS[form](tmp_path, "50", {**masks("50"), mask_name("50", "train_semi", member): content})
    annotations = opened(tmp_path, tmp_path, verify=False)
    with pytest.raises(ImageNetSError, match=message) as error:
        annotations.masks("train_semi")
    assert f"{member[0]}.png" in str(error.value)
    assert "\n" not in str(error.value)
    check_masks(annotations, "validation")


@pytest.mark.parametrize("form", WRITERS)
def test_missing_masks_are_named(tmp_path: Path, pinned: Pin, form: str, caplog: pytest.LogCaptureFixture) -> None:
    contents = masks("50")
    missing = [name for name in contents if "validation" in name][2:5]
    for name in missing:
        del contents[name]
    write_lists(tmp_path, "50")
    WRITERS[form](tmp_path, "50", contents)
    pinned(tmp_path, "50")
    image_ids = [Path(name).stem for name in missing]
    with pytest.raises(ImageNetSError, match="lacks 3 of the 12 masks of validation") as error:
        opened(tmp_path, tmp_path).masks("validation")
    assert all(image_id in str(error.value) for image_id in image_ids)
    # Without verification they have no row; the images are still listed.
    caplog.clear()
    annotations = opened(tmp_path, tmp_path, verify=False)
    present = [image_id for image_id, _ in expected("50", "validation") if image_id not in image_ids]
    assert cached_masks(annotations.masks("validation"))["image_id"].to_pylist() == present
    assert rows(annotations, "validation") == expected("50", "validation")
    assert "lacks 3 of the 12" in caplog.text
    # Masks that were cached without verification are not used with it.
    with pytest.raises(ImageNetSError, match="lacks 3 of the 12"):
        opened(tmp_path, tmp_path).masks("validation")


def test_two_masks_of_one_image(given: Path, tmp_path: Path) -> None:
    image_id, _ = members("50", "validation")[0]
    with zipfile.ZipFile(given / ARCHIVE, "a") as archive:
        archive.writestr(f"validation-segmentation/n01491361/{image_id}.png", b"")
    with pytest.raises(ImageNetSError, match=f"two masks of {image_id}"):
        opened(given, tmp_path, verify=False).masks("validation")


@pytest.mark.parametrize("form", WRITERS)
def test_files_of_macos_are_no_masks(tmp_path: Path, form: str) -> None:
    contents = masks("50")
    above, base = next(iter(contents)).rsplit("/", 1)
    contents |= {f"__MACOSX/{above}/._{base}": b"metadata", f"{above}/._{base}": b"metadata"}
    WRITERS[form](tmp_path, "50", contents)
    annotations = opened(tmp_path, tmp_path, verify=False)
    assert rows(annotations, "train_semi") == expected("50", "train_semi")
    check_masks(annotations, "train_semi")


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("folder", ["goldfish", ""])
def test_masks_in_other_folders_than_those_of_classes(tmp_path: Path, form: str, folder: str) -> None:
    """The list says the classes; without one it is said that nothing does."""
    changed = {}
    for name, png in masks("50").items():
        above, _, base = name.rsplit("/", 2)
        changed["/".join(filter(None, (above, folder, base)))] = png
    WRITERS[form](tmp_path, "50", changed)
    with pytest.raises(ImageNetSError, match=r"is in no class folder, and the list of validation, .* is not beside it"):
        opened(tmp_path, tmp_path, verify=False).masks("validation")
    write_lists(tmp_path, "50")
    check_masks(opened(tmp_path, tmp_path, verify=False), "validation")


def test_masks_of_other_images_than_the_listed_ones(tmp_path: Path) -> None:
    changed = {name.replace("val_0", "val_9"): png for name, png in masks("50").items()}
    WRITERS["archive"](tmp_path, "50", changed)
    write_lists(tmp_path, "50")
    annotations = opened(tmp_path, tmp_path, verify=False)
    for asked in (annotations.masks, annotations.check_masks):
        with pytest.raises(ImageNetSError, match=r"no masks of the images that validation lists: expected n.*val_0"):
            asked("validation")


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("form", WRITERS)
def test_masks_in_another_case(tmp_path: Path, form: str, listed: bool) -> None:
    """As some disks and tools change names; with a list or by the folders alone."""
    changed = {}
    for number, (name, png) in enumerate(masks("50").items()):
        above, wnid, base = name.rsplit("/", 2)
        stem = (base[:-4].upper(), base[:-4].lower(), base[:-4])[number % 3]
        changed[f"{above}/{wnid.upper()}/{stem}.PNG"] = png
    WRITERS[form](tmp_path, "50", changed)
    if listed:
        write_lists(tmp_path, "50")
        path = tmp_path / OFFICIAL.lists["50"]["validation"].file
        path.write_text(path.read_text().replace("ILSVRC2012_val", "ILSVRC2012_VAL"))
    annotations = opened(tmp_path, tmp_path, verify=False)
    for split in ("train_semi", "validation"):
        assert rows(annotations, split) == expected("50", split)
        check_masks(annotations, split)


def test_an_archive_may_have_folders_above(tmp_path: Path) -> None:
    contents = {f"a/b/{name}": png for name, png in masks("50").items()} | {"a/readme.txt": b"hello"}
    write_archive(tmp_path, "50", contents)
    check_masks(opened(tmp_path, tmp_path, verify=False), "train_semi")


def test_a_zip_whose_names_cannot_be_read(given: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(given / ARCHIVE, "a") as archive:
        archive.writestr("ImageNetS50/caf\u00e9.txt", "x")
    data = (given / ARCHIVE).read_bytes()
    (given / ARCHIVE).write_bytes(data.replace("caf\u00e9".encode(), b"caf\xff\xfe"))
    with pytest.raises(ImageNetSError, match="is not a complete zip"):
        opened(given, tmp_path, verify=False).masks("validation")


def test_what_a_name_in_a_zip_would_do_to_a_terminal_is_escaped(given: Path, tmp_path: Path) -> None:
    name = "\x1b[2J\x1b]0;pwn\x07.png"
    with zipfile.ZipFile(given / ARCHIVE, "a") as archive:
        archive.writestr(name, "x")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(name, "x")
    with pytest.raises(ImageNetSError, match="twice: which of the two") as error:
        opened(given, tmp_path, verify=False).masks("validation")
    assert "\x1b" not in str(error.value)
