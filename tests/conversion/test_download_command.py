"""`imagenet-s download` as a person runs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from annotation_files import check_masks, masks, opened, served, write_archive, write_lists
from http_files import FileServer

from imagenet_s.cli.main import main
from imagenet_s.conversion.facts import CONFIG_NAMES, OFFICIAL

Pin = Callable[[Path, str], None]


@pytest.fixture
def mirror(tmp_path: Path, pinned: Pin, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The official files of all three configurations."""
    files: dict[str, bytes] = {}
    for config in CONFIG_NAMES:
        write_lists(tmp_path / "official", config)
        write_archive(tmp_path / "official", config)
        pinned(tmp_path / "official", config)
        files |= served(tmp_path / "official", config)
    with FileServer(files) as server:
        monkeypatch.setenv("IMAGENET_S_ENDPOINT", server.url)
        yield server


def names(config: str) -> set[str]:
    return {OFFICIAL.archives[config].file, *(facts.file for facts in OFFICIAL.lists[config].values())}


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def test_it_fetches_everything_once(
    mirror: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], pinned: Pin
) -> None:
    target = tmp_path / "into"
    command = ["download", "--annotations-dir", str(target), "--config", "50"]
    assert main(command) == 0
    assert visible(target) == names("50")
    first = capsys.readouterr()
    assert all(name in first.out for name in names("50"))
    assert first.out.count("fetched") == 6
    assert f"annotations_dir='{target}'" in first.err
    assert f"IMAGENET_S_ANNOTATIONS_DIR={target}" in first.err
    assert len(mirror.seen) == 6
    assert main(command) == 0
    second = capsys.readouterr()
    assert second.out.count("there") == 6
    assert len(mirror.seen) == 6
    # And what it made is what annotations_dir takes.
    for split in ("train_semi", "validation"):
        check_masks(opened(target, tmp_path), split)


def test_all_configurations_as_json(mirror: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "into"
    assert main(["download", "--annotations-dir", str(target), "--config", "all", "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["annotations_dir"] == str(target)
    assert {file["file"] for file in result["files"]} == names("50") | names("300") | names("919") == visible(target)
    for file in result["files"]:
        assert file["bytes"] == (target / file["file"]).stat().st_size
        assert file["state"] == "fetched"
        assert file["url"].startswith(mirror.url)


def test_a_file_that_is_not_the_official_one_is_replaced(
    mirror: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "into"
    command = ["download", "--annotations-dir", str(target), "--config", "300", "--json", "-"]
    main(command)
    archive = target / OFFICIAL.archives["300"].file
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-10])
    (target / OFFICIAL.lists["300"]["test"].file).write_text("mine")
    capsys.readouterr()
    assert main([*command, "--no-verify"]) == 0
    assert {file["state"] for file in json.loads(capsys.readouterr().out)["files"]} == {"there"}
    assert main(command) == 0
    states = {file["file"]: file["state"] for file in json.loads(capsys.readouterr().out)["files"]}
    assert [name for name, state in states.items() if state == "replaced"] == [
        OFFICIAL.lists["300"]["test"].file,
        archive.name,
    ]
    assert archive.read_bytes() == whole


def test_an_archive_without_some_masks_is_refused(
    mirror: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = masks("50")
    missing = next(name for name in contents if "validation" in name)
    del contents[missing]
    archive = write_archive(tmp_path / "poor", "50", contents)
    mirror.files[OFFICIAL.archives["50"].url_path] = archive.read_bytes()
    target = tmp_path / "into"
    assert main(["download", "--annotations-dir", str(target), "--config", "50"]) == 1
    error = capsys.readouterr().err
    assert "lacks 1 of the 12 masks of validation" in error
    assert missing.rsplit("/", 1)[1][:-4] in error
    assert main(["download", "--annotations-dir", str(target), "--config", "50", "--no-verify"]) == 0


def test_another_md5_is_a_warning(
    mirror: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = OFFICIAL.archives["50"].url_path
    mirror.files[path] = mirror.files[path][:-2] + b"\x05\x00again"  # a comment
    target = tmp_path / "into"
    assert main(["download", "--annotations-dir", str(target), "--config", "50", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][-1]["state"] == "fetched"
    [record] = caplog.records
    assert str(target / OFFICIAL.archives["50"].file) in record.getMessage()
    assert "every CRC holds" in record.getMessage()


def test_a_file_that_the_server_does_not_have(
    mirror: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del mirror.files[OFFICIAL.archives["50"].url_path]
    assert main(["download", "--annotations-dir", str(tmp_path / "into"), "--config", "50"]) == 1
    error = capsys.readouterr().err
    assert f"{OFFICIAL.archives['50'].file} could not be fetched: the server answers 404" in error
    assert "Traceback" not in error
    # The lists are there already, and stay.
    assert visible(tmp_path / "into") == names("50") - {OFFICIAL.archives["50"].file}


def test_where_to(
    mirror: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["download", "--config", "50"]) == 1
    assert "Give --annotations-dir DIR or set $IMAGENET_S_ANNOTATIONS_DIR" in capsys.readouterr().err
    monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(tmp_path / "by variable"))
    assert main(["download", "--config", "50"]) == 0
    assert visible(tmp_path / "by variable") == names("50")


def test_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["download", "--annotations-dir", str(tmp_path), "--config", "50"]) == 1
    assert "HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set" in capsys.readouterr().err
