"""`imagenet-s download` as a person runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from annotation_files import Pin, check_masks, masks, opened, served, write_archive
from http_files import FileServer

from imagenet_s.cli.main import main
from imagenet_s.conversion.facts import OFFICIAL, split_names

Download = Callable[..., Any]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "into"


@pytest.fixture
def download(target: Path, capsys: pytest.CaptureFixture[str]) -> Download:
    """Runs the command; returns what it prints, as JSON or as stdout and stderr."""

    def download(*arguments: str, code: int = 0, as_json: bool = False) -> Any:
        command = ["download", "--annotations-dir", str(target), *arguments, *(["--json", "-"] if as_json else [])]
        assert main(command) == code
        out, err = capsys.readouterr()
        return json.loads(out) if as_json else (out, err)

    return download


def names(config: str) -> set[str]:
    return {OFFICIAL.archives[config].file, *(facts.file for facts in OFFICIAL.lists[config].values())}


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def test_it_fetches_everything_once(mirror: FileServer, download: Download, target: Path, tmp_path: Path) -> None:
    out, err = download("--config", "50")
    assert visible(target) == names("50")
    assert all(name in out for name in names("50"))
    assert out.count("fetched") == 6
    assert f"annotations_dir='{target}'" in err
    assert f"IMAGENET_S_ANNOTATIONS_DIR={target}" in err
    assert download("--config", "50")[0].count("there") == 6
    assert len(mirror.seen) == 6
    for split in ("train_semi", "validation"):
        check_masks(opened(target, tmp_path), split)


def test_next_steps(
    miniature: Callable[[str], Path],
    annotations: Path,
    pinned: Pin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Both lines are run as they are printed, but for the word in capitals."""
    pinned(annotations, "50")
    target = tmp_path / "it's here"
    with FileServer(served(annotations, "50")) as server:
        monkeypatch.setenv("IMAGENET_S_ENDPOINT", f"{server.url}/")
        assert main(["download", "--config", "50", "--annotations-dir", str(target), "--no-verify"]) == 0
    use, export = capsys.readouterr().err.splitlines()[-2:]
    call = use.removeprefix("To use them: ").replace("IMAGENET", str(miniature("folders")))
    assert len(eval(call, {"load_dataset": datasets.load_dataset})["validation"]) == 9
    shell = f'{export.removeprefix("Or once for all: ")}; printf %s "$IMAGENET_S_ANNOTATIONS_DIR"'
    assert subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True).stdout == str(target)


def test_all_configurations_as_json(mirror: FileServer, download: Download, target: Path) -> None:
    result = download("--config", "all", as_json=True)
    assert result["annotations_dir"] == str(target)
    assert {file["file"] for file in result["files"]} == names("50") | names("300") | names("919") == visible(target)
    for file in result["files"]:
        assert file["bytes"] == (target / file["file"]).stat().st_size
        assert file["state"] == "fetched"
        assert file["url"].startswith(mirror.url)


@pytest.mark.usefixtures("mirror")
def test_a_file_that_is_not_the_official_one_is_replaced(download: Download, target: Path) -> None:
    download("--config", "300")
    archive, test_list = target / OFFICIAL.archives["300"].file, target / OFFICIAL.lists["300"]["test"].file
    complete = archive.read_bytes()
    archive.write_bytes(complete[:-10])
    test_list.write_text("mine")
    files = download("--config", "300", "--no-verify", as_json=True)["files"]
    assert {file["state"] for file in files} == {"there"}
    files = download("--config", "300", as_json=True)["files"]
    assert [file["file"] for file in files if file["state"] == "replaced"] == [test_list.name, archive.name]
    assert archive.read_bytes() == complete


def test_an_archive_without_some_masks_is_refused(mirror: FileServer, download: Download, tmp_path: Path) -> None:
    contents = masks("50")
    missing = next(name for name in contents if "validation" in name)
    del contents[missing]
    archive = write_archive(tmp_path / "poor", "50", contents)
    mirror.files[OFFICIAL.archives["50"].url_path] = archive.read_bytes()
    _, error = download("--config", "50", code=1)
    assert "lacks 1 of the 12 masks of validation" in error
    assert missing.rsplit("/", 1)[1][:-4] in error
    download("--config", "50", "--no-verify")


def test_another_md5_is_a_warning(
    mirror: FileServer, download: Download, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = OFFICIAL.archives["50"].url_path
    mirror.files[path] = mirror.files[path][:-2] + b"\x05\x00again"  # a comment
    assert download("--config", "50", as_json=True)["files"][-1]["state"] == "fetched"
    [record] = caplog.records
    assert str(target / OFFICIAL.archives["50"].file) in record.getMessage()
    assert "every CRC in it is right" in record.getMessage()


def test_a_file_that_the_server_does_not_have(mirror: FileServer, download: Download, target: Path) -> None:
    del mirror.files[OFFICIAL.archives["50"].url_path]
    _, error = download("--config", "50", code=1)
    assert f"{OFFICIAL.archives['50'].file} could not be fetched: the server answers 404" in error
    assert "Traceback" not in error
    # The lists are there already, and stay.
    assert visible(target) == names("50") - {OFFICIAL.archives["50"].file}


@pytest.mark.usefixtures("mirror")
def test_the_folder_from_the_environment(
    target: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["download", "--config", "50"]) == 1
    assert "Give --annotations-dir DIR or set $IMAGENET_S_ANNOTATIONS_DIR" in capsys.readouterr().err
    monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(target))
    assert main(["download", "--config", "50"]) == 0
    assert visible(target) == names("50")


def test_offline(download: Download, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set" in download("--config", "50", code=1)[1]


def test_without_a_connection_it_says_what_to_do(
    mirror: FileServer, download: Download, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del mirror.files[OFFICIAL.archives["50"].url_path]
    _, error = download("--config", "50", code=1)
    assert f"Or fetch them on another machine, under these names, into {target}" in error
    assert f"- {OFFICIAL.archives['50'].file} from {mirror.url}{OFFICIAL.archives['50'].url_path}" in error
    assert f"- {OFFICIAL.lists['50']['test'].file}" not in error, "it is there already"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "fetch them on another machine" in download("--config", "50", code=1)[1]


def test_check_fetches_no_archive(
    mirror: FileServer, miniature: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """It looks; the archive of 919 has half a gigabyte."""
    main(["check", str(miniature("folders")), "--config", "50", "--no-verify"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[2:6]] == list(split_names("50"))
    lists = {facts.url_path for facts in OFFICIAL.lists["50"].values()}
    fetched = {request.path for request in mirror.seen}
    assert fetched
    assert fetched <= lists
