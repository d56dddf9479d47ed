"""Every place that holds the masks of a split gives the same masks to everything that is given it."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mask_places import MASKS, Place

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.dataset.open_masks import open_masks
from imagenet_s.metrics.matched_miou.read_mask import read_mask

ONE = "ILSVRC2012_val_00000206"


class Door:
    """What takes masks, called with a place; gives what it made of them, and says why where it refused."""

    def __init__(self, runs: Path, plain: Path, imagenet: Path, tmp_path: Path, capsys: Any) -> None:
        self.runs, self.plain, self.imagenet, self.out, self.capsys = runs, plain, imagenet, tmp_path, capsys

    def main(self, *arguments: object) -> None:
        self.capsys.readouterr()
        code = main(list(map(str, arguments)))
        if code:
            raise ValueError(self.capsys.readouterr().err)

    def figures(self, *arguments: object) -> dict[str, Any]:
        target = self.out / "figures.json"
        self.main(*arguments, "--json", target)
        content = json.loads(target.read_text())
        content.pop("run", None)
        return content

    def gt(self, place: Place) -> list[object]:
        return ["--gt-dir", place.path, "--config", "50", "--split", "validation", *source(place)]

    def evaluate(self, place: Place) -> Any:
        return self.figures("evaluate", "--predict-dir", self.runs / "a", *self.gt(place), "--workers", 1)

    def predictions(self, place: Place) -> Any:
        out = self.out / "shown"
        options = ["--config", "50", "--count", 1, "--ids", ONE, "--output", out, "--no-verify"]
        self.main("show", self.plain, *options, "--predictions", place.path)
        (sheet,) = out.glob("*.png")
        return sheet.read_bytes()

    def match(self, place: Place) -> Any:
        name = self.out / "match.json"
        self.main("match", "--predict-dir", self.runs / "a", *self.gt(place), "--session-name", name, "--workers", 1)
        return json.loads(name.read_text())

    def evaluate_maps(self, place: Place) -> Any:
        maps = ["--maps-dir", self.runs / "maps-a", "--workers", 1]
        return self.figures("evaluate-maps", *maps, *self.gt(place))

    def compare(self, place: Place) -> Any:
        page = self.out / "page.html"
        runs = [self.runs / "a.npz", self.runs / "b.npz", "--predict-dir", self.runs / "a", self.runs / "b"]
        self.main("compare", *runs, *self.gt(place)[:2], *self.gt(place)[4:], "--resamples", 9, "--report", page)
        return page.read_text()

    def compare_maps(self, place: Place) -> Any:
        page = self.out / "page.html"
        runs = [self.runs / "maps-a.npz", self.runs / "maps-b.npz"]
        maps = ["--maps-dir", self.runs / "maps-a", self.runs / "maps-b"]
        self.main("compare", *runs, *maps, *self.gt(place), "--resamples", 9, "--report", page)
        return page.read_text()

    def export(self, place: Place) -> Any:
        out = self.out / "exported"
        self.main("export", place.path, out, "--format", "foreground", "--config", "50", *source(place, verify=False))
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.png")}

    def check_loader(self, place: Place) -> Any:
        dataset = [f"{self.runs / 'loader.py'}:masks", "--kwargs", json.dumps({"root": str(self.plain)})]
        return self.figures("check-loader", *dataset, *self.gt(place))

    def show(self, place: Place) -> Any:
        out = self.out / "shown"
        options = ["--config", "50", "--count", 1, "--ids", ONE, "--output", out]
        self.main("show", place.path, *options, *source(place, verify=False))
        (sheet,) = out.glob("*.png")
        return sheet.read_bytes()

    def load(self, place: Place) -> Any:
        """As `annotations_dir`."""
        where = place.annotations or place.path
        rows = imagenet_s.load_dataset(
            "50", data_dir=self.imagenet, annotations_dir=where, split="validation", streaming=True, verify=False
        )
        return [(row["image_id"], row["category"], row["annotation"].tobytes()) for row in rows]


FAST = ("evaluate", "predictions", "match", "evaluate_maps", "export", "check_loader", "show", "load")
PAGES = ("compare", "compare_maps")
"""These draw pictures, which takes seconds."""
DOORS = (*FAST, *PAGES)
PLACES = (
    *("flat", "zip", "archive", "archives", "extracted", "tree of masks", "folder of masks", "above the tree", "tree"),
    *("imagenet", "imagenet, variable", "imagenet in tars", "imagenet in Parquet"),
    *("parquet", "parquet without images", "parquet, configuration", "parquet, shard"),
    *("arrow", "arrow without images", "arrow, configuration", "arrow, shard", "arrow, split"),
    *("Hub's cache", "snapshot", "shard of a snapshot"),
)
REFUSED = {
    ("evaluate_maps", "flat"): "is in no class folder",
    ("export", "flat"): "is in no class folder",
    ("load", "flat"): "is in no class folder",
    **{("predictions", place): "images and no masks|holds no PNG" for place in PLACES if place.startswith("imagenet")},
}
"""What a command needs and a place has not."""


def source(place: Place, verify: bool = True) -> list[object]:
    """The options that say where the masks of an ImageNet are; masks of one's own are checked by no command."""
    given = place.annotations is not None
    where = ["--annotations-dir", place.annotations] if given and not place.by_variable else []
    return [*where, "--no-verify"] if given or not verify else []


@pytest.fixture
def door(runs: Path, places: dict[str, Place], miniature: Callable[[str], Path], tmp_path: Path, capsys: Any) -> Door:
    return Door(runs, places["plain"].path, miniature("folders"), tmp_path, capsys)


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    """Door -> what it makes of the plain folder, once asked."""
    return {}


def same(name: str, actual: Any, of_plain: Any, place: str) -> None:
    if place == "flat" and isinstance(actual, dict):  # keys have no class folder
        assert actual.keys() == of_plain.keys()
        assert actual.get("mean_iou") == of_plain.get("mean_iou")
    else:
        assert actual == of_plain, f"{name} of {place}"


def cells() -> list[Any]:
    """Doors x places; of the pages all places but some only where there is time."""
    soon = ("flat", "archive", "imagenet", "arrow, split")
    return [
        pytest.param(name, place, marks=pytest.mark.slow if name in PAGES and place not in soon else ())
        for place in PLACES
        for name in DOORS
    ]


@pytest.mark.parametrize(("name", "place"), cells())
def test_same_as_of_the_plain_folder(
    door: Door, name: str, place: str, places: dict[str, Place], expected: dict[str, Any], monkeypatch, tmp_path: Path
) -> None:
    call, given = getattr(door, name), places[place]
    if given.by_variable:
        monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(given.annotations))
    if (name, place) in REFUSED:
        with pytest.raises(ValueError, match=REFUSED[name, place]):
            call(given)
        return
    like = "above the tree" if name == "show" and given.images else "plain"
    if (name, like) not in expected:
        door.out = tmp_path / "plain"
        door.out.mkdir()
        expected[name, like] = call(places[like])
        door.out = tmp_path
    same(name, call(given), expected[name, like], place)


def test_the_table_is_whole(places: dict[str, Place]) -> None:
    assert {"plain", *PLACES} == set(places)


@pytest.mark.parametrize("name", DOORS)
def test_what_the_plain_folder_gives(door: Door, name: str, places: dict[str, Place]) -> None:
    """The rest is compared with this."""
    actual = getattr(door, name)(places["plain"])
    if name == "evaluate":
        assert actual["num_images"] == 9
    elif name == "check_loader":
        assert (actual["right"], actual["items"]) == (True, 9)
    elif name in ("export", "load"):
        assert len(actual) == 9


def folders() -> list[Any]:
    soon = ("flat", "archives", "above the tree", "parquet", "arrow, split")
    names = [place for place in PLACES if place not in ("zip", "archive") and "shard" not in place]
    return [pytest.param(name, marks=() if name in soon else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("place", folders())
def test_a_link_to_itself_changes_nothing(
    door: Door, place: str, places: dict[str, Place], monkeypatch, tmp_path: Path
) -> None:
    """`latest -> .` in every folder that is read."""
    given = places[place]
    copies = {}
    for kind, path in (("path", given.path), ("annotations", given.annotations)):
        if path is None or path.is_file():
            copies[kind] = path
            continue
        root = path.parent if path.name in ("50", "validation", MASKS) else path
        root = root.parent if root.name == "50" else root
        copy = tmp_path / kind / root.name
        shutil.copytree(root, copy, symlinks="Hub" in place or "snapshot" in place)
        for folder in [copy, *(item for item in copy.rglob("*") if item.is_dir() and not item.is_symlink())]:
            (folder / "latest").symlink_to(".")
        copies[kind] = copy / path.relative_to(root)
    linked = Place(copies["path"], copies["annotations"], given.by_variable, given.images)
    if given.by_variable:
        monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(linked.annotations))
    for name in [name for name in FAST if (name, place) not in REFUSED]:
        door.out = tmp_path / name / "without"
        door.out.mkdir(parents=True)
        without = getattr(door, name)(given)
        door.out = tmp_path / name / "with"
        door.out.mkdir()
        assert getattr(door, name)(linked) == without, name


@pytest.mark.parametrize(
    "place", ["flat", "extracted", "tree of masks", "folder of masks", "above the tree", "tree", "arrow, split"]
)
def test_a_folder_that_cannot_be_listed_is_named(
    door: Door, place: str, places: dict[str, Place], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Taken for empty, its masks would be missing from every figure without a word."""
    given = places[place]
    masks = [path for path in given.path.rglob("*") if path.suffix in (".png", ".arrow")]
    closed = max(path.parent for path in masks if not re.search("train-semi|S300|S919", str(path))).resolve()

    def refused(path: Any) -> None:
        if isinstance(path, (str, os.PathLike)) and Path(path).resolve() == closed:
            raise PermissionError(13, "Permission denied", str(path))

    for function in ("scandir", "listdir"):
        original = getattr(os, function)
        monkeypatch.setattr(os, function, lambda path=".", original=original: refused(path) or original(path))
    for name in [name for name in FAST if (name, place) not in REFUSED]:
        door.out = tmp_path / name
        door.out.mkdir(parents=True)
        with pytest.raises(ValueError, match=r"can't be listed \(Permission denied\)"):
            getattr(door, name)(given)


def test_masks_of_another_split_are_said(places: dict[str, Place]) -> None:
    for name in ("plain", "zip", "folder of masks", "flat", "arrow, split", "parquet, shard"):
        with pytest.raises(ValueError, match=r"no (masks|shards) of the split 'train_semi'; it has: validation"):
            open_masks(places[name].path, "50", "train_semi")


@pytest.mark.parametrize("place", ["archive", "archives", "extracted", "tree", "parquet", "arrow", "Hub's cache"])
def test_the_split_chooses(place: str, places: dict[str, Place]) -> None:
    ids = {}
    for split in ("train_semi", "validation"):
        masks = open_masks(places[place].path, "50", split)
        ids[split] = {key: read_mask(masks.read(key)).tobytes() for key in masks.keys}
    assert len(ids["validation"]) == 9
    assert len(ids["train_semi"]) == 10
    assert not ids["validation"].keys() & ids["train_semi"].keys()
