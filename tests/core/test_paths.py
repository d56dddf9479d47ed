"""One rule for paths: every spelling, for every argument of every command and of every public function."""

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imagenet_s
from imagenet_s.cli.main import build_parser
from imagenet_s.cli.parsers.options import folder_argument, path_argument, place_argument
from imagenet_s.conversion import PredictionWriter
from imagenet_s.conversion.annotations import open_annotations
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.core.paths import is_address, local_path, path_or_address, spelled_out
from imagenet_s.conversion.export import RleCsv, export_masks
from imagenet_s.conversion.hub import plan_push
from imagenet_s.conversion.loader_check import check_loader
from imagenet_s.conversion.masks.codec import encode_png16
from imagenet_s.conversion.official_tree import prepare_tree
from imagenet_s.conversion.shards import Options, convert, verify
from imagenet_s.conversion.submission.submission_zip import check_submission, write_submission
from imagenet_s.conversion.synthetic import expected_rows, write_annotations
from imagenet_s.metrics import Localization, MatchedIoU, load_match, save_match
from imagenet_s.metrics.comparison.saved_run import load_run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home, and the current folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


# How a person may write HOME/a b.
SPELLINGS: dict[str, Callable[[Path], Any]] = {
    "text": str,
    "Path": lambda path: path,
    "bytes": os.fsencode,
    "relative": os.path.relpath,
    "home": lambda path: f"~/{os.path.relpath(path, Path.home())}",
    "Path below home": lambda path: Path("~", os.path.relpath(path, Path.home())),
    "file:///": Path.as_uri,
    "file:/": lambda path: f"file:{path}",
    "file://localhost/": lambda path: f"FILE://localhost{path}",
    "Path of file:///": lambda path: Path(path.as_uri()),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_path(spelling: str, home: Path) -> None:
    given = SPELLINGS[spelling](home / "a b")
    assert path_or_address(given) == str(home / "a b")
    assert os.path.abspath(local_path(given)) == str(home / "a b")
    assert local_path(given) == spelled_out(given) == ("a b" if spelling == "relative" else str(home / "a b"))


@pytest.mark.parametrize("given", ["s3://bucket/x", "s3:/bucket/x", Path("s3://bucket/x"), b"s3://bucket/x/"])
def test_an_address(given: Any) -> None:
    assert path_or_address(given) == spelled_out(given) == "s3://bucket/x"
    assert is_address(path_or_address(given))
    with pytest.raises(
        ImageNetSError, match="OUT s3://bucket/x is an address: expected a file or folder of this machine"
    ):
        local_path(given, "OUT")


@pytest.mark.parametrize("path", ["s3:x", "a::b", "/s3://b", "50%", "x:y/z", "c:/x", "-", "./s3://b"])
def test_what_looks_like_an_address_is_a_path(path: str) -> None:
    assert spelled_out(path) == path
    assert not is_address(path_or_address(path))


def test_a_file_of_another_machine() -> None:
    with pytest.raises(ImageNetSError, match="file://server/x names a file of another machine"):
        spelled_out("file://server/x")


# Arguments of commands that are neither paths nor numbers, choices, configurations or splits.
NO_PATHS = {
    *("max_shard_size", "scheduler", "classes", "repo_id", "key", "title", "names", "metric"),
    *("method", "train_data", "train_scheme", "networks", "link", "description"),
    *("model", "date", "source_url", "device", "mask_key", "image_key", "id_key", "kwargs", "average"),
}
NAMES_OF_THE_HUB = {("results", "dataset"), ("check-loader", "dataset")}  # of a repository; of a module
PATHS = (path_argument, folder_argument, place_argument)


def arguments() -> Iterator[tuple[str, argparse.Action]]:
    """Each argument of each command that takes a value."""
    (commands,) = (item for item in build_parser()._actions if isinstance(item, argparse._SubParsersAction))
    for command, parser in commands.choices.items():
        yield from ((command, action) for action in parser._actions if action.nargs != 0)


@pytest.mark.parametrize(("command", "action"), [pytest.param(c, a, id=f"{c}-{a.dest}") for c, a in arguments()])
def test_every_path_of_every_command(command: str, action: argparse.Action, home: Path) -> None:
    if action.type not in PATHS:
        is_other = action.type is not None or action.choices or action.dest in NO_PATHS
        assert is_other or (command, action.dest) in NAMES_OF_THE_HUB, "a path? Then it takes one of PATHS"
        return
    for given in ("~/a b", (home / "a b").as_uri(), f"file:{home}/a b"):
        assert str(action.type(given)) == str(home / "a b")
    if action.type is place_argument:
        assert action.type("s3:/bucket/x") == "s3://bucket/x"
    else:
        with pytest.raises(argparse.ArgumentTypeError, match="s3://bucket/x is an address"):
            action.type("s3://bucket/x")


class Dataset:
    """The annotations of validation, as somebody might load them."""

    def __len__(self) -> int:
        return len(expected_rows("50", "validation"))

    def __getitem__(self, number: int) -> dict[str, Any]:
        if number >= len(self):
            raise IndexError(number)
        row = expected_rows("50", "validation")[number]
        return {"mask": row.ids.astype(np.int32), "id": row.image_id}


@pytest.fixture
def place(home: Path, miniature: Callable[[str], Path], annotations: Path) -> Path:
    """A folder with an ImageNet and annotations, and a name that has to be quoted in an address."""
    folder = home / "a b"
    folder.mkdir()
    (folder / "imagenet").symlink_to(miniature("folders"))
    (folder / "annotations").symlink_to(annotations)
    return folder


def _load(place: Path, spell: Callable[[Path], Any]) -> None:
    rows = imagenet_s.load_dataset(
        "50",
        data_dir=spell(place / "imagenet"),
        annotations_dir=spell(place / "annotations"),
        cache_dir=spell(place / "cache"),
        split="validation",
        verify=False,
    )
    assert len(rows) == 9
    assert (place / "cache").is_dir()
    assert imagenet_s.subset("50", "validation", 2, annotations_dir=spell(place / "annotations"), verify=False)


def _convert(place: Path, spell: Callable[[Path], Any]) -> None:
    options = Options(["validation"], verify=False, images=False, cache_dir=spell(place / "cache"))
    convert(spell(place / "imagenet"), spell(place / "out"), "50", spell(place / "annotations"), options)
    assert verify(spell(place / "out")).has_split("50", "validation")
    assert plan_push(spell(place / "out"), "me/x").folder == str(place / "out")


def _prepare(place: Path, spell: Callable[[Path], Any]) -> None:
    given = {"annotations_dir": spell(place / "annotations"), "verify": False, "splits": ["validation"]}
    prepare_tree("50", spell(place / "imagenet"), spell(place / "tree"), **given)
    assert (place / "tree" / "ImageNetS50" / "validation").is_dir()


def _export(place: Path, spell: Callable[[Path], Any]) -> None:
    given = {"annotations_dir": spell(place / "annotations"), "verify": False}
    export_masks(spell(place / "imagenet"), spell(place / "csv"), RleCsv("50"), **given)
    assert (place / "csv" / "validation").is_dir()


def _check_loader(place: Path, spell: Callable[[Path], Any]) -> None:
    report = check_loader(Dataset(), spell(place / "annotations"), "50", imagenet=spell(place / "imagenet"))
    assert report.right


def _submit(place: Path, spell: Callable[[Path], Any]) -> None:
    given = {"annotations_dir": spell(place / "annotations"), "verify": False}
    with PredictionWriter(spell(place / "p"), "50", split="validation", **given) as writer:
        for row in expected_rows("50", "validation"):
            writer.write(row.image_id, np.where(row.ids == 1000, 0, row.ids))
    (place / "match.json").write_text('{"0": 0}')
    of = ("50", "validation")
    assert write_submission(spell(place / "p"), spell(place / "o.zip"), *of, **given).sha256
    checked = check_submission(spell(place / "o.zip"), *of, **given)
    assert not checked.problems
    written = write_submission(
        spell(place / "p"), spell(place / "m.zip"), *of, match=spell(place / "match.json"), **given
    )
    assert {problem.kind for problem in written.problems} == {"ids"}


def _score(place: Path, spell: Callable[[Path], Any]) -> None:
    metric = Localization()
    metric.update(np.eye(4), np.eye(4, dtype=int), 1, "x")
    metric.save(spell(place / "scores.npz"))
    assert len(Localization.load(spell(place / "scores.npz"))) == len(load_run(spell(place / "scores.npz"))) == 1


def _annotations(place: Path, spell: Callable[[Path], Any]) -> None:
    opened = open_annotations("50", spell(place / "annotations"), verify=False, cache_dir=spell(place / "cache"))
    assert opened.prepared_masks("validation").is_relative_to(place / "cache")


FUNCTIONS = (_load, _convert, _prepare, _export, _check_loader, _submit, _score, _annotations)


@pytest.mark.parametrize("spelling", ["bytes", "Path below home", "Path of file:///", "relative"])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__.lstrip("_"))
def test_every_path_of_every_function(function: Callable[..., None], spelling: str, place: Path) -> None:
    function(place, SPELLINGS[spelling])
    assert not {path.name for path in Path.cwd().iterdir()} - {"a b"}, "nothing was written elsewhere"


@pytest.mark.parametrize("spelling", ["home", "Path below home", "relative"])
def test_the_home_in_the_metric_that_works_alone(spelling: str, place: Path) -> None:
    spell, metric = SPELLINGS[spelling], MatchedIoU(50)
    ids = np.array([[0, 1000]], np.uint16)
    (place / "mask.png").write_bytes(encode_png16(ids))
    np.testing.assert_array_equal(imagenet_s.decode_mask(spell(place / "mask.png")), ids)
    metric.update(ids * 0, spell(place / "mask.png"))
    metric.save(spell(place / "counts.npz"))
    assert len(MatchedIoU.load(spell(place / "counts.npz"))) == len(load_run(spell(place / "counts.npz"))) == 1
    save_match({0: 0, 7: 1}, spell(place / "match.json"))
    assert load_match(spell(place / "match.json"), 50) == {0: 0, 7: 1}
    assert write_annotations(spell(place / "A")) == place / "A" or spelling == "relative"
    assert not {path.name for path in Path.cwd().iterdir()} - {"a b"}, "nothing was written elsewhere"


def test_an_address_where_a_file_should_be(place: Path) -> None:
    address, imagenet = "s3://bucket/x", place / "imagenet"
    calls: list[Callable[[], Any]] = [
        lambda: imagenet_s.load_dataset("50", data_dir=imagenet, annotations_dir=address),
        lambda: imagenet_s.load_dataset("50", data_dir=imagenet, cache_dir=address),
        lambda: prepare_tree("50", imagenet, address),
        lambda: export_masks(imagenet, address, RleCsv("50")),
        lambda: PredictionWriter(address, "50"),
        lambda: write_submission(address, place / "o.zip", "50"),
        lambda: write_submission(imagenet, address, "50"),
        lambda: check_submission(address, "50"),
        lambda: Localization().save(address),
        lambda: load_run(address),
    ]
    for call in calls:
        with pytest.raises(ImageNetSError, match="s3://bucket/x is an address: expected a file or folder of this mach"):
            call()
    assert [path.name for path in Path.cwd().iterdir()] == ["a b"]
