"""Every command that reads a data set reads everything that we write: each writer's result, by each reader.

(`tests/metrics` has evaluate and match; `tests/hub` has push.)
"""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion import PredictionWriter
from imagenet_s.conversion.synthetic import expected_rows

Layouts = Callable[[str], Path]
CONFIG, SPLITS = "50", ("train", "train_semi", "validation", "test")


@pytest.fixture(scope="module")
def written(miniature: Layouts, annotations: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """What a command wrote from the miniature, in each of its forms, written when first asked for."""
    root = tmp_path_factory.mktemp("written")
    options = ["--config", CONFIG, "--annotations-dir", str(annotations), "--no-verify"]
    forms = {
        "tree": ["prepare"],
        "tree of copies": ["prepare", "--copy"],
        "parquet": ["convert", "--splits", *SPLITS],
        "parquet in many shards": ["convert", "--splits", *SPLITS, "--max-shard-size", "20KB"],
        "arrow": ["convert", "--splits", *SPLITS, "--format", "arrow"],
        "arrow in many shards": ["convert", "--splits", *SPLITS, "--format", "arrow", "--max-shard-size", "20KB"],
        "parquet without images": ["convert", "--splits", *SPLITS, "--no-images"],
        "arrow without images": ["convert", "--splits", *SPLITS, "--no-images", "--format", "arrow"],
    }

    def in_form(form: str) -> Path:
        out = root / form.replace(" ", "-")
        if not out.exists():
            command, *more = forms[form]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("datasets.config.HF_DATASETS_CACHE", str(root / "cache"))
                assert main([command, str(miniature("folders")), str(out), *options, *more]) == 0
        return out

    return in_form


TREES = ("tree", "tree of copies")
WITH_IMAGES = ("parquet", "parquet in many shards", "arrow", "arrow in many shards")
WITHOUT_IMAGES = ("parquet without images", "arrow without images")


@pytest.mark.parametrize("form", [*TREES, *WITH_IMAGES])
@pytest.mark.parametrize("streaming", [False, True], ids=["built", "streamed"])
def test_load_dataset(form: str, streaming: bool, written: Callable[[str], Path]) -> None:
    """Every row, pixel for pixel, from nothing but what was written."""
    for split in SPLITS:
        loaded = imagenet_s.load_dataset(
            CONFIG, data_dir=written(form), split=split, streaming=streaming, verify=form not in TREES
        )
        rows = {row["image_id"]: row for row in loaded}
        wanted = expected_rows(CONFIG, split)
        assert set(rows) == {item.image_id for item in wanted}
        for item in wanted:
            row = rows[item.image_id]
            assert (row["category"], row["wnid"]) == (item.category, item.wnid)
            np.testing.assert_array_equal(np.asarray(row["image"]), item.pixels)
            if item.ids is None:
                assert row["annotation"] is None
            else:
                np.testing.assert_array_equal(np.asarray(row["annotation"]), item.ids)


@pytest.mark.parametrize("form", WITH_IMAGES)
def test_one_configuration_of_a_result(form: str, written: Callable[[str], Path]) -> None:
    """`OUT/50` is a data set too."""
    loaded = imagenet_s.load_dataset(CONFIG, data_dir=written(form) / CONFIG, split="validation")
    assert len(loaded) == 9
    with pytest.raises(imagenet_s.ImageNetSError, match=r"a converted data set of 50, not of 919"):
        imagenet_s.load_dataset("919", data_dir=written(form), split="validation")


def _rows_and_labels(shard: Path) -> tuple[list[dict[str, Any]], list[int | None]]:
    """The rows of a shard without `imagenet_label`, and that column."""
    table = pq.read_table(shard) if shard.suffix == ".parquet" else pa.ipc.open_stream(shard.read_bytes()).read_all()
    return table.drop_columns("imagenet_label").to_pylist(), table["imagenet_label"].to_pylist()


@pytest.mark.parametrize("form", [*TREES, *WITH_IMAGES])
@pytest.mark.parametrize("into", ["parquet", "arrow"])
def test_convert(form: str, into: str, written: Callable[[str], Path], tmp_path: Path) -> None:
    """Into the same bytes as from ImageNet itself, from a result in any form (train is in its own order)."""
    options = ["--config", CONFIG, "--format", into, *(["--no-verify"] if form in TREES else [])]
    splits = ["--splits", "train", "train_semi", "validation", "test"]
    assert main(["convert", str(written(form)), str(tmp_path), *options, *splits]) == 0
    ending = ".parquet" if into == "parquet" else ".arrow"
    want = {path.relative_to(written(into)): path.read_bytes() for path in written(into).rglob(f"*{ending}")}
    contents = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob(f"*{ending}")}
    assert main(["convert", "--verify", str(tmp_path)]) == 0
    if form in WITH_IMAGES:
        assert contents == want
        return
    # A tree does not say ImageNet's own label of an image of validation or test; everything else is the same.
    assert contents.keys() == want.keys()
    for name in want:
        (ours, own), (theirs, known) = (_rows_and_labels(root / name) for root in (tmp_path, written(into)))
        assert ours == theirs
        assert all(label in (None, other) for label, other in zip(own, known))


@pytest.mark.parametrize("form", [*WITH_IMAGES])
def test_prepare(form: str, written: Callable[[str], Path], tmp_path: Path) -> None:
    assert main(["prepare", str(written(form)), str(tmp_path), "--config", CONFIG]) == 0
    masks = {path.relative_to(written("tree")): path.read_bytes() for path in written("tree").rglob("*.png")}
    assert masks == {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.png")}
    images = {path.relative_to(written("tree of copies")) for path in written("tree of copies").rglob("*.JPEG")}
    assert images == {path.relative_to(tmp_path) for path in tmp_path.rglob("*.JPEG")}


@pytest.mark.parametrize("form", [*TREES, *WITH_IMAGES])
def test_check(form: str, written: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--config", CONFIG, "--json", "-", *(["--no-verify"] if form in TREES else [])]
    written(form)
    capsys.readouterr()
    assert main(["check", str(written(form)), *options]) == 0
    counts = {split: one["found"] for split, one in json.loads(capsys.readouterr().out)["splits"].items()}
    assert counts == {split: len(expected_rows(CONFIG, split)) for split in SPLITS}


@pytest.mark.parametrize("form", [*TREES, *WITH_IMAGES, *WITHOUT_IMAGES])
@pytest.mark.parametrize("choice", ["first", "random"])
def test_show(
    form: str, choice: str, written: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it is written in its help: no configuration, no annotations, no network."""
    options = ["--config", CONFIG, "--no-verify"] if form in TREES else []
    more = ["--seed", "3"] if choice == "random" else []
    folders = [written(form), *([] if form in TREES else [written(form) / CONFIG])]
    sheets = []
    capsys.readouterr()
    for folder in folders:
        out = tmp_path / str(len(sheets))
        show = ["show", str(folder), "--output", str(out), "--count", "5", "--per-sheet", "3", *options, *more]
        assert main(show) == 0
        names = capsys.readouterr().out.splitlines()
        assert names == [str(out / f"50-validation-0{n}.png") for n in (1, 2)]
        sheets.append([np.asarray(Image.open(name)) for name in names])
        assert main(show) == 0, "sheets of an earlier run are replaced"
        capsys.readouterr()
    for other in sheets[1:]:
        assert all((a == b).all() for a, b in zip(sheets[0], other, strict=True))


def test_show_draws_the_same_whatever_the_form(written: Callable[[str], Path], tmp_path: Path) -> None:
    sheets = []
    for form in (*WITH_IMAGES, "tree"):
        out = tmp_path / form
        assert main(["show", str(written(form)), "--output", str(out), "--config", CONFIG, "--no-verify"]) == 0
        sheets.append(np.asarray(Image.open(out / "50-validation-01.png")))
    assert all((sheet == sheets[0]).all() for sheet in sheets)


@pytest.mark.parametrize("form", WITHOUT_IMAGES)
def test_a_result_without_images_serves_as_annotations(
    form: str, written: Callable[[str], Path], miniature: Layouts
) -> None:
    options = {"annotations_dir": written(form), "split": "validation", "verify": False}
    assert len(imagenet_s.load_dataset(CONFIG, data_dir=miniature("folders"), **options)) == 9
    with pytest.raises(
        imagenet_s.ImageNetSError, match="without images: give ImageNet itself as data_dir, and this folder"
    ):
        imagenet_s.load_dataset(CONFIG, data_dir=written(form), split="validation")


def in_the_cache_of_the_hub(result: Path, folder: Path) -> Path:
    """A result as the Hub's client keeps a download of it; and an older snapshot, which lacks everything."""
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc")
    (folder / "snapshots" / "older").mkdir(parents=True)
    (folder / "snapshots" / "abc").symlink_to(result, target_is_directory=True)
    return folder


def test_a_download_in_the_cache_of_the_hub(written: Callable[[str], Path], tmp_path: Path, capsys) -> None:
    """By every command that takes the data set itself."""
    kept = str(in_the_cache_of_the_hub(written("parquet"), tmp_path / "datasets--me--imagenet-s"))
    assert len(imagenet_s.load_dataset(CONFIG, data_dir=kept, split="validation")) == 9
    assert main(["check", kept, "--config", CONFIG]) == 0
    assert f"the converted data set at {kept}" in capsys.readouterr().out
    assert main(["show", kept, "--output", str(tmp_path / "sheets"), "--count", "2"]) == 0
    csv = ["--format", "rle-csv", "--config", CONFIG, "--no-verify"]
    for number, dataset in enumerate((kept, f"{kept}/snapshots/abc/{CONFIG}")):
        assert main(["export", dataset, str(tmp_path / str(number)), *csv]) == 0


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ("the Hub's cache", "parquet without images"),
        ("a folder above", "arrow without images"),
        ("one configuration", "parquet without images"),
    ],
)
def test_annotations_in_a_converted_data_set_are_found(
    given: str, form: str, written: Callable[[str], Path], miniature: Layouts, tmp_path: Path
) -> None:
    if given == "the Hub's cache":
        folder = in_the_cache_of_the_hub(written(form), tmp_path / "datasets--me--masks")
    elif given == "a folder above":
        folder = tmp_path
        (folder / "imagenet-s").symlink_to(written(form), target_is_directory=True)
        (folder / "web").mkdir()
        (folder / "web" / "index.json").write_text("{}")
    else:
        folder = written(form) / CONFIG
    options = {"annotations_dir": folder, "split": "validation", "verify": False}
    loaded = imagenet_s.load_dataset(CONFIG, data_dir=miniature("folders"), **options)
    masks = {row["image_id"]: np.asarray(row["annotation"]) for row in loaded}
    assert len(masks) == 9
    assert all((masks[row.image_id] == row.ids).all() for row in expected_rows(CONFIG, "validation"))


@pytest.fixture(scope="module")
def predictions(annotations: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Predictions of validation, in each form that we write and read."""
    root = tmp_path_factory.mktemp("predictions")
    with PredictionWriter(root / "folder", CONFIG) as writer:
        for row in expected_rows(CONFIG, "validation"):
            writer.write(row.image_id, np.where(row.ids == 1000, 0, row.ids), row.wnid)
    with zipfile.ZipFile(root / "packed.zip", "w") as archive:
        for path in (root / "folder").rglob("*.png"):
            archive.write(path, path.relative_to(root / "folder"))
    # A data set of predictions: converted with the predictions in place of the masks.
    fake = root / "annotations" / "ImageNetS50" / "validation-segmentation"
    fake.parent.mkdir(parents=True)
    (root / "folder").rename(fake)
    (root / "folder").symlink_to(fake)
    return lambda form: root / form


@pytest.mark.parametrize("form", ["folder", "packed.zip", "parquet", "arrow", "OUT.zip"])
def test_submit(
    form: str,
    predictions: Callable[[str], Path],
    miniature: Layouts,
    annotations: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From a folder, a zip, a data set of predictions, and a submission of its own: the same zip."""
    common = ["--config", CONFIG, "--split", "validation", "--protocol", "free", "--no-verify"]
    common += ["--annotations-dir", str(annotations)]
    source = predictions(form)
    if form in ("parquet", "arrow"):
        source = tmp_path / form
        convert = ["convert", str(miniature("folders")), str(source), "--config", CONFIG, "--splits", "validation"]
        convert += ["--annotations-dir", str(predictions("annotations")), "--no-verify", "--no-images"]
        assert main([*convert, "--format", form]) == 0
    elif form == "OUT.zip":
        source = tmp_path / form
        assert main(["submit", str(predictions("folder")), str(source), *common]) == 0
    out, plain = tmp_path / "a.zip", tmp_path / "b.zip"
    assert main(["submit", str(source), str(out), *common]) == 0, capsys.readouterr()
    assert main(["submit", str(predictions("folder")), str(plain), *common]) == 0
    with zipfile.ZipFile(out) as one, zipfile.ZipFile(plain) as other:
        assert one.namelist() == other.namelist()
    assert main(["submit", "--check", str(out), *common[:4], *common[6:]]) == 0
    assert main(["submit", str(source), str(out), *common]) == 0, "a submission of an earlier run is replaced"


def test_submit_measures_images_of_a_converted_data_set(
    predictions: Callable[[str], Path], written: Callable[[str], Path], tmp_path: Path, capsys
) -> None:
    common = ["--config", CONFIG, "--split", "validation", "--protocol", "free", "--no-verify"]
    options = ["--imagenet", str(written("arrow")), "--annotations-dir", str(written("parquet"))]
    assert main(["submit", str(predictions("folder")), str(tmp_path / "o.zip"), *common, *options]) == 0
    assert "not checked" not in capsys.readouterr().err
