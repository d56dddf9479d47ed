"""`imagenet-s check --acceptance`: what is believed of the archives beside what is there."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from annotation_files import pin
from http_files import FileServer
from odd_pairs import UNUSABLE
from test_archives import damage_member

from imagenet_s.cli.existing_files import _ACCEPTANCE_MARK
from imagenet_s.cli.main import main
from imagenet_s.conversion.acceptance import FIRST_LINE, accept, splits
from imagenet_s.conversion.acceptance.line import cleaned
from imagenet_s.conversion.annotations import mask_cache
from imagenet_s.conversion.facts import OFFICIAL
from imagenet_s.conversion.synthetic import images_of

Layout = Callable[[str], Path]
PATH = re.compile(r"(?<![\w.~:/])/\w|file:|[A-Za-z]:\\\\")
"""A path of this machine."""
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reliability.md"


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
    assert "Wrote acceptance.txt" in err
    (printed,) = re.findall(
        r"^```text\n(imagenet-s acceptance\n.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert versionless(printed).strip() == versionless(text).strip()
    assert not PATH.search(text)
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
    wrong = {line.what for line in seen.lines["50"] if line.agrees is False}
    assert wrong == {f"{split}: classes that occur" for split in ("train_semi", "validation")}
    assert seen.differing == 2
    assert str(tmp_path.parent) not in seen.text
    assert str(miniature(layout)) not in seen.text


def test_all_configurations(
    odd_miniature: Layout, odd_annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--annotations-dir", str(odd_annotations), "--no-verify", "--config", "all"]
    results = ["--acceptance", "--output", str(tmp_path / "seen.txt"), "--json", str(tmp_path / "seen.json")]
    assert main(["check", str(odd_miniature("parquet")), *where, *results]) == 1
    text = (tmp_path / "seen.txt").read_text(encoding="utf-8")
    assert len(text.encode()) < 20_000
    assert not PATH.search(text)
    for image_id in UNUSABLE:
        assert image_id in text
    assert "; believed: 12,419" in text
    seen = json.loads((tmp_path / "seen.json").read_text(encoding="utf-8"))
    assert seen["lines"].keys() == {"50", "300", "919"}
    assert seen["differing"] == text.count("\nDIFFERS ") == int(re.findall(r"(\d+) of \d+ compared", text)[0])
    assert not PATH.search((tmp_path / "seen.json").read_text(encoding="utf-8"))


def test_a_step_that_fails_is_a_line(own_counts: None, official: Path, miniature: Layout, tmp_path: Path) -> None:
    """A damaged archive stops neither the lists nor what needs no masks."""
    given = shutil.copytree(official, tmp_path / "given")
    archive = given / OFFICIAL.archives["50"].file
    archive.write_bytes(archive.read_bytes()[:-200])
    seen = accept(["50"], miniature("folders"), given)
    lines = {line.what: line for line in seen.lines["50"]}
    assert "is not a complete zip" in lines["validation: masks"].seen
    assert lines["test: first and last 4 rows, map-style and streamed"].agrees
    assert lines["validation: rows"].agrees is False


def test_damage_is_counted(own_counts: None, official: Path, miniature: Layout, tmp_path: Path) -> None:
    """A member of the archive and an image: the other lines are there all the same."""
    given = shutil.copytree(official, tmp_path / "given")
    damage_member(
        given / OFFICIAL.archives["50"].file,
        "ImageNetS50/validation-segmentation/n01443537/ILSVRC2012_val_00038851.png",
    )
    root = shutil.copytree(miniature("folders"), tmp_path / "imagenet")
    path = next(root.rglob("ILSVRC2012_val_00016000.JPEG"))
    path.write_bytes(path.read_bytes()[:900])
    lines = {line.what: line for line in accept(["50"], root, given).lines["50"]}
    assert lines["validation: masks that can't be decoded, or with unknown ids"].seen.startswith(
        "1 (ILSVRC2012_val_000388"
    )
    assert lines["validation: damaged images"].seen.startswith("1 (ILSVRC2012_val_00016000; the first: IMAGENET/val/")
    assert lines["validation: masks of the size of their image as stored"].seen == "7"
    assert lines["validation: kinds of PNG"].seen == "8-bit RGB: 8"
    assert lines["validation: masks scored against themselves"].agrees


def test_an_archive_without_a_mask(own_counts: None, official: Path, miniature: Layout, tmp_path: Path) -> None:
    """It is counted, and the others are looked at; the data set itself refuses such an archive."""
    given = shutil.copytree(official, tmp_path / "given")
    with zipfile.ZipFile(official / OFFICIAL.archives["50"].file) as whole:
        names = [name for name in whole.namelist() if not name.endswith("ILSVRC2012_val_00038851.png")]
        with zipfile.ZipFile(given / OFFICIAL.archives["50"].file, "w") as archive:
            for name in names:
                archive.writestr(name, whole.read(name))
    lines = {line.what: line for line in accept(["50"], miniature("folders"), given).lines["50"]}
    assert lines["validation: images without a mask"].seen == "1 (ILSVRC2012_val_00038851)"
    assert lines["validation: masks of the size of their image as stored"].seen == "8"
    assert lines["validation: conversion of 8 images"].agrees
    assert {what for what, line in lines.items() if line.agrees is False} == {
        f"{OFFICIAL.archives['50'].file}: md5",
        "validation: images without a mask",
        *(f"{split}: classes that occur" for split in ("train_semi", "validation")),
    }


def test_what_the_copy_lacks(own_counts: None, official: Path, miniature: Layout, tmp_path: Path) -> None:
    """Validation alone: what is not there is no difference."""
    shutil.copytree(miniature("folders") / "val", tmp_path / "val")
    seen = accept(["50"], tmp_path, official)
    lines = {line.what: line for line in seen.lines["50"]}
    assert lines["train: images"].agrees is None
    assert lines["validation: images"].agrees
    assert {what for what, line in lines.items() if line.agrees is False} == {"validation: classes that occur"}


def test_a_file_of_somebody_else(miniature: Layout, annotations: Path, tmp_path: Path, capsys) -> None:
    assert f"{FIRST_LINE}\n".encode() == _ACCEPTANCE_MARK
    (tmp_path / "notes.txt").write_text("mine")
    command = ["check", "--acceptance", str(miniature("folders")), "--output", str(tmp_path / "notes.txt")]
    assert main(command) == 1
    assert "exists and is not what `check --acceptance` wrote" in capsys.readouterr().err
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--config", "all"], "--config all goes with --acceptance"),
        (["--output", "x.txt"], "--output goes with --acceptance"),
        (["--acceptance", "--splits", "test"], "do not go with --acceptance"),
        (["--acceptance", "--list-missing"], "do not go with --acceptance"),
    ],
)
def test_options_that_do_not_go_together(
    options: list[str], message: str, miniature: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(miniature("folders")), *options]) == 1
    assert message in capsys.readouterr().err


def test_without_network(miniature: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    """One message that says what to fetch; there is nothing to be written down."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["check", str(miniature("folders")), "--acceptance", "--config", "50"]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert all(OFFICIAL.lists["50"][split].file in err for split in ("train_semi", "validation", "test"))
    assert OFFICIAL.archives["50"].file in err
    assert not (tmp_path / "acceptance.txt").exists()


def test_a_tree_is_its_own_annotations(own_counts: None, official: Path, miniature: Layout) -> None:
    """Nothing is fetched for it."""
    lines = {line.what: line for line in accept(["50"], miniature("tree-50")).lines["50"]}
    assert lines[OFFICIAL.archives["50"].file].seen == "not in the folder that was given"
    assert lines["validation: masks of the size of their image as stored"].agrees
    assert lines["validation: conversion of 9 images"].agrees


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data/imagenet/val/x.JPEG: damaged", "IMAGENET/val/x.JPEG: damaged"),
        ("/data/imagenet-s/val/x.JPEG", "x.JPEG"),
        ("'/scratch/alice smith/tmp/x/a.arrow' is", "'a.arrow' is"),
        ("/scratch/alice/x/ a", "a"),
        ("file:///srv/alice/x.zip", "x.zip"),
        (r"D:\users\alice\x.zip: no", "x.zip: no"),
        ("/home/bob/x, /home/bobby/y", "HOME/x, y"),
        ("https://github.com/b23/data/imagenet/x.txt", "https://github.com/b23/data/imagenet/x.txt"),
        ("ImageNetS50/validation-segmentation/n1/x.png", "ImageNetS50/validation-segmentation/n1/x.png"),
        ("a\nb\x1b[2J", "a b\\x1b[2J"),
        ("/data/a \\x1bb, c/x.zip is", "ODD/x.zip is"),
        ("x" * 500, "x" * 400 + "..."),
    ],
)
def test_cleaned(text: str, expected: str) -> None:
    assert (
        cleaned(text, {"/data/imagenet": "IMAGENET", "/home/bob": "HOME", "/": "ROOT", "/data/a \x1bb, c": "ODD"})
        == expected
    )
