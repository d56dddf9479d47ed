"""`imagenet-s check --acceptance`: what is believed of the archives beside what is there."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from annotation_files import pin
from http_files import FileServer
from odd_pairs import UNUSABLE

from imagenet_s.cli.existing_files import _ACCEPTANCE_MARK
from imagenet_s.cli.main import main
from imagenet_s.conversion.acceptance import MARK, accept, splits
from imagenet_s.conversion.annotations import mask_cache
from imagenet_s.conversion.facts import OFFICIAL
from imagenet_s.conversion.synthetic import images_of

Layout = Callable[[str], Path]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


@pytest.fixture
def own_counts() -> Iterator[None]:
    """The miniature's number of training images is the official one; those of other splits follow from the lists."""
    counts = {**OFFICIAL.num_images["50"], "train": len(images_of("50", "train"))}
    before = OFFICIAL.num_images
    object.__setattr__(OFFICIAL, "num_images", {**before, "50": counts})
    yield
    object.__setattr__(OFFICIAL, "num_images", before)


@pytest.fixture
def official(annotations: Path) -> Iterator[Path]:
    """The miniature's own annotations, as they are, are the official ones."""
    undo = pin(annotations, "50")
    yield annotations
    undo()


def versionless(text: str) -> str:
    return re.sub(r"^imagenet-s \d.*$", "VERSIONS", text, flags=re.MULTILINE)


def differing(text: str) -> set[str]:
    return {
        line.split("  ", 1)[1].strip().split(": ")[0] + ": " + line.split(": ")[1]
        for line in text.splitlines()
        if line.startswith("DIFFERS")
    }


def test_the_text_on_the_page(
    own_counts: None,
    odd_miniature: Layout,
    mirror: FileServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Downloaded, verified, and a second time from what was kept."""
    monkeypatch.chdir(tmp_path)
    command = ["check", str(odd_miniature("folders")), "--acceptance", "--config", "50"]
    assert main(command) == 1
    out, err = capsys.readouterr()
    text = (tmp_path / "acceptance.txt").read_text(encoding="utf-8")
    assert out.strip() == text.strip()
    assert "Written to acceptance.txt" in err
    (printed,) = re.findall(
        r"^```text\n(imagenet-s acceptance\n.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert versionless(printed).strip() == versionless(text).strip()
    assert "/" not in text.replace("masks/", "").replace("segmentation/", "") or str(tmp_path) not in text
    fetched = len(mirror.seen)
    assert fetched == 6
    monkeypatch.setattr(mask_cache, "transcode", None)
    assert main(command) == 1
    assert len(mirror.seen) == fetched
    assert (tmp_path / "acceptance.txt").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("layout", "workers"), [("folders", 2), ("tars", 1), ("parquet", 1)])
def test_archives_as_they_are_believed_to_be(
    layout: str,
    workers: int,
    own_counts: None,
    official: Path,
    miniature: Layout,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """But for the classes: the miniature has a few of the fifty."""
    monkeypatch.setattr(splits, "_CHUNK", 2)
    seen = accept(["50"], miniature(layout), official, workers=workers)
    wrong = {one.what for one in seen.lines["50"] if one.agrees is False}
    assert wrong == {f"{split}: classes that occur" for split in ("train_semi", "validation")}
    assert seen.differing == 2
    assert str(tmp_path.parent) not in seen.text
    assert str(miniature(layout)) not in seen.text


def test_all_configurations(
    odd_miniature: Layout, odd_annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--annotations-dir", str(odd_annotations), "--no-verify", "--config", "all"]
    results = ["--acceptance", str(tmp_path / "seen.txt"), "--json", str(tmp_path / "seen.json")]
    assert main(["check", str(odd_miniature("parquet")), *where, *results]) == 1
    text = (tmp_path / "seen.txt").read_text(encoding="utf-8")
    assert len(text.encode()) < 20_000
    assert not re.search(r"(?<![\w.])/\w", text), "no path of this machine"
    for image_id in UNUSABLE:
        assert image_id in text
    assert "; believed: 12,419" in text
    seen = json.loads((tmp_path / "seen.json").read_text(encoding="utf-8"))
    assert seen["lines"].keys() == {"50", "300", "919"}
    assert seen["differing"] == text.count("\nDIFFERS ") == int(re.findall(r"(\d+) of \d+ lines differ", text)[0])


def test_a_step_that_fails_is_a_line(own_counts: None, official: Path, miniature: Layout, tmp_path: Path) -> None:
    """A damaged archive stops neither the lists nor what needs no masks."""
    given = shutil.copytree(official, tmp_path / "given")
    archive = given / OFFICIAL.archives["50"].file
    archive.write_bytes(archive.read_bytes()[:-200])
    seen = accept(["50"], miniature("folders"), given)
    lines = {one.what: one for one in seen.lines["50"]}
    assert "is not a complete zip" in lines["validation: masks"].seen
    assert lines["test: first and last 4 rows, map-style and streamed"].agrees
    assert lines["validation: rows"].agrees is False


def test_what_the_copy_lacks(own_counts: None, official: Path, miniature: Layout, tmp_path: Path) -> None:
    """Validation alone: what is not there is no difference."""
    shutil.copytree(miniature("folders") / "val", tmp_path / "val")
    seen = accept(["50"], tmp_path, official)
    lines = {one.what: one for one in seen.lines["50"]}
    assert lines["train: images"].agrees is None
    assert lines["validation: images"].agrees
    assert {what for what, one in lines.items() if one.agrees is False} == {"validation: classes that occur"}


def test_a_file_of_somebody_else(miniature: Layout, annotations: Path, tmp_path: Path, capsys) -> None:
    assert f"{MARK}\n".encode() == _ACCEPTANCE_MARK
    (tmp_path / "notes.txt").write_text("mine")
    command = ["check", str(miniature("folders")), "--acceptance", str(tmp_path / "notes.txt"), "--config", "50"]
    assert main(command) == 1
    assert "exists and is not what `check --acceptance` wrote" in capsys.readouterr().err
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_all_goes_with_acceptance_only(miniature: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(miniature("folders")), "--config", "all"]) == 1
    assert "--config all goes with --acceptance" in capsys.readouterr().err
