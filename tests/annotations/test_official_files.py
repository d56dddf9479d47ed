"""Annotations are downloaded from the pinned addresses, or the error says where to get them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from annotation_files import check_masks, expected, masks, rows, write_archive
from http_files import FileServer

from imagenet_s.conversion.annotations import Annotations, open_annotations
from imagenet_s.conversion.annotations.official_files import LIST_ROLES, archive_file, list_file
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import CONFIG_NAMES, OFFICIAL


def online(tmp_path: Path, **arguments: bool) -> Annotations:
    return open_annotations("50", cache_dir=tmp_path / "cache", **arguments)


def archive_path() -> str:
    return OFFICIAL.archives["50"].url_path


def list_path(split: str) -> str:
    return OFFICIAL.lists["50"][split].url_path


def test_only_what_is_asked_for_is_fetched_and_only_once(mirror: FileServer, tmp_path: Path) -> None:
    annotations = online(tmp_path)
    assert mirror.seen == []
    for _ in range(2):
        assert rows(annotations, "test") == expected("50", "test")
    assert [request.path for request in mirror.seen] == [list_path("test")]
    for split in ("validation", "train_semi"):
        check_masks(annotations, split)
    wanted = [list_path("test"), list_path("validation"), archive_path(), list_path("train_semi")]
    assert [request.path for request in mirror.seen] == wanted


def test_a_broken_download_resumes(mirror: FileServer, tmp_path: Path) -> None:
    contents = {**masks("50"), "ImageNetS50/notes.bin": random.Random(0).randbytes(200_000)}
    archive = write_archive(tmp_path / "longer", "50", contents).read_bytes()
    mirror.files[archive_path()] = archive
    mirror.cut_after = [None, 1 << 16]
    check_masks(online(tmp_path), "validation")
    assert [request.range for request in mirror.seen] == [None, None, "bytes=65536-"]
    assert sum(request.sent for request in mirror.seen[1:]) == len(archive)


def test_a_list_that_is_not_the_official_one_is_not_kept(mirror: FileServer, tmp_path: Path) -> None:
    good = mirror.files[list_path("test")]
    mirror.files[list_path("test")] = b"<html>please log in</html>"
    with pytest.raises(ImageNetSError, match=r"What came from http://127.* is not the official file and was deleted"):
        online(tmp_path).members("test")
    assert [path for path in (tmp_path / "cache").rglob("*.txt*") if not path.name.endswith(".lock")] == []
    mirror.files[list_path("test")] = good
    assert rows(online(tmp_path), "test") == expected("50", "test")


def test_a_changed_list_in_the_cache_is_fetched_again(mirror: FileServer, tmp_path: Path) -> None:
    online(tmp_path).members("test")
    [path] = (tmp_path / "cache").rglob("*_test.txt")
    path.write_text("n01443537/x.JPEG n01443537/x.JPEG")
    assert online(tmp_path, verify=False).members("test").num_rows == 1
    assert rows(online(tmp_path), "test") == expected("50", "test")
    assert len(mirror.seen) == 2


def test_an_undamaged_archive_with_another_md5_is_used(
    mirror: FileServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # A zip's comment is at its end, with its length before it.
    archive = mirror.files[archive_path()]
    mirror.files[archive_path()] = archive[:-2] + b"\x05\x00again"
    check_masks(online(tmp_path), "validation")
    assert "every CRC in it is right" in caplog.text


@pytest.mark.parametrize("damage", ["truncated", "no zip", "a flipped byte"])
def test_a_damaged_archive_is_refused_and_not_kept(mirror: FileServer, tmp_path: Path, damage: str) -> None:
    archive = mirror.files[archive_path()]
    flipped = bytearray(archive)
    flipped[200] ^= 0xFF  # within the data of the first mask
    damaged = {"truncated": archive[:-99], "no zip": b"404", "a flipped byte": bytes(flipped)}
    mirror.files[archive_path()] = damaged[damage]
    with pytest.raises(
        ImageNetSError, match=r"not the official file and was deleted: .*(not a complete zip|is damaged)"
    ):
        online(tmp_path).masks("validation")
    assert [path for path in (tmp_path / "cache").rglob("*.zip*") if not path.name.endswith(".lock")] == []
    mirror.files[archive_path()] = archive
    check_masks(online(tmp_path), "validation")


@pytest.mark.parametrize("what", ["a list", "an archive"])
def test_a_login_page_is_not_kept_either_without_verification(mirror: FileServer, tmp_path: Path, what: str) -> None:
    """Kept in the cache, it would be in the way of every later run."""
    path = list_path("validation") if what == "a list" else archive_path()
    sound, mirror.files[path] = mirror.files[path], b"\n<!DOCTYPE html><html>log in</html>"
    with pytest.raises(ImageNetSError, match=rf"was deleted: expected {what}, and it begins with '<!DOC.*a login page"):
        online(tmp_path, verify=False).masks("validation")
    mirror.files[path] = sound
    check_masks(online(tmp_path, verify=False), "validation")


def check_message(error: ImageNetSError, config: str) -> None:
    """All there is to fetch, from where, and how to tell the program of it."""
    text = str(error)
    for remote in (archive_file(config), *(list_file(config, split) for split in ("train_semi", "validation", "test"))):
        assert f"{remote.name} from {remote.url}" in text
    assert f"imagenet-s download --config {config} --annotations-dir DIR" in text
    assert "as annotations_dir" in text
    assert "$IMAGENET_S_ANNOTATIONS_DIR" in text


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"])
@pytest.mark.parametrize("config", CONFIG_NAMES)
def test_offline_the_message_lists_what_to_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, config: str
) -> None:
    monkeypatch.setenv(variable, "1")
    annotations = open_annotations(config, cache_dir=tmp_path)
    for ask in (lambda: annotations.members("test"), lambda: annotations.masks("validation")):
        with pytest.raises(ImageNetSError, match="HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set") as error:
            ask()
        check_message(error.value, config)
    assert "https://github.com/LUSSeg/ImageNet-S/releases/download/ImageNet-S/ImageNetS" in str(error.value)


def test_offline_what_was_fetched_before_is_enough(
    mirror: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_masks(online(tmp_path), "validation")
    seen = len(mirror.seen)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    check_masks(online(tmp_path), "validation")
    assert len(mirror.seen) == seen
    with pytest.raises(ImageNetSError) as error:
        online(tmp_path).members("test")
    # Only what is still missing is listed.
    assert OFFICIAL.lists["50"]["test"].file in str(error.value)
    assert OFFICIAL.lists["50"]["validation"].file not in str(error.value)


def test_without_a_connection_the_message_lists_what_to_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FileServer() as gone:
        monkeypatch.setenv("IMAGENET_S_ENDPOINT", gone.url)
    with pytest.raises(ImageNetSError, match="could not be fetched") as error:
        online(tmp_path).masks("validation")
    check_message(error.value, "50")


def test_nothing_is_fetched_where_that_was_forbidden(
    mirror: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ImageNetSError) as error:
        online(tmp_path).members("test")
    check_message(error.value, "50")
    assert mirror.seen == []


def test_the_addresses_are_pinned() -> None:
    for config in CONFIG_NAMES:
        archive = archive_file(config)
        base = "https://github.com/LUSSeg/ImageNet-S/releases/download/ImageNet-S"
        assert archive.url == f"{base}/ImageNetS{config}-{OFFICIAL.archives[config].md5}.zip"
        for role in LIST_ROLES:
            url = list_file(config, role).url
            assert url.startswith(f"https://raw.githubusercontent.com/LUSSeg/ImageNet-S/{OFFICIAL.revision}/data/")


def test_the_endpoint_replaces_scheme_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for endpoint in ("http://mirror.example:8080/github", "http://mirror.example:8080/github/"):
        monkeypatch.setenv("IMAGENET_S_ENDPOINT", endpoint)
        assert archive_file("50").url == f"http://mirror.example:8080/github{archive_path()}"
        assert list_file("50", "test").url == f"http://mirror.example:8080/github{list_path('test')}"
    monkeypatch.setenv("IMAGENET_S_ENDPOINT", "")
    assert archive_file("50").url == f"https://github.com{archive_path()}"
