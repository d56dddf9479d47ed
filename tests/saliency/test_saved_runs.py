"""Saved runs of masks and of maps: what they say of themselves, and what `--counts` takes and refuses beside them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from saved_files import without_record

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.synthetic import write_annotations, write_official_tree
from imagenet_s.metrics import Localization, MatchedIoU, ObjectReliance, RegionAccuracy
from imagenet_s.metrics.comparison.saved_run import load_run, run_names
from imagenet_s.metrics.evaluation.run_record import run_record

MASKS, MATCH, MAPS = "evaluate", "match", "evaluate-maps"
SAVED = {MASKS: "masks.npz", MATCH: "masks.npz", MAPS: "maps.npz"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A tree, its masks as predictions and as maps, two of each missing, scored and saved with options of all kinds."""
    root = tmp_path_factory.mktemp("saved-runs")
    write_official_tree(root, "50")
    write_annotations(root / "annotations")
    masks = sorted((root / "ImageNetS50" / "validation-segmentation").glob("*/*.png"))
    (root / "list.txt").write_text("\n".join(f"{path.parent.name}/{path.name}" for path in masks[1:]))
    for path in masks[2:]:
        ids = imagenet_s.decode_mask(path)
        for folder in ("predictions", "maps"):
            (root / folder / path.parent.name).mkdir(parents=True, exist_ok=True)
        (root / "predictions" / path.parent.name / path.name).write_bytes(path.read_bytes())
        np.save(root / "maps" / f"{path.stem}.npy", np.where(ids > 0, 1.0, -0.5))
        predicted = np.where(ids == 1000, 0, ids).astype(np.uint16)
        (root / "predictions" / path.parent.name / path.name).write_bytes(
            imagenet_s.conversion.masks.codec._png(predicted)
        )
    assert main([MASKS, *inputs(root, MASKS), "--title", "Mine", "--save-counts", str(root / "masks.npz")]) == 0
    how = ["--relevance", "absolute", "--thresholds", "0.3", "--tolerance", "5", "--target", "imagenet"]
    assert main([MAPS, *inputs(root, MAPS), *how, "--save-counts", str(root / "maps.npz")]) == 0
    return root


def inputs(root, command):
    places = ["--maps-dir", str(root / "maps")] if command == MAPS else ["--predict-dir", str(root / "predictions")]
    places += ["--gt-dir", str(root), "--annotations-dir", str(root / "annotations"), "--no-verify", "--config", "50"]
    return [
        *places,
        "--list",
        str(root / "list.txt"),
        "--on-missing",
        "skip",
        "--split",
        "validation",
        "--workers",
        "1",
    ]


def again(root, command, *more, file=None):
    target = ["--session-name", str(root / "match")] if command == MATCH else ["--json", str(root / "again.json")]
    return main([command, "--counts", str(file or root / SAVED[command]), *target, *more])


@pytest.mark.parametrize("command", [MASKS, MAPS])
def test_what_a_saved_run_says(command, root):
    """It is the same in the file, in `--json` of the run, and in `--json` of the file."""
    run = load_run(root / SAVED[command])
    assert run.record["config"] == "50"
    assert run.record["options"].items() >= {"split": "validation", "list": "list.txt", "on_missing": "skip"}.items()
    assert run.record["options"].get("target") == ("imagenet" if command == MAPS else None)
    assert len(run.record["missing"]) == 1
    assert run.record["versions"]["numpy"] == np.__version__
    how = {"average": "image"} if command == MAPS else {"matching": "none"}
    options = ["--relevance", "absolute", "--thresholds", "0.3", "--tolerance", "5", "--target", "imagenet"]
    title = ["--title", "Mine"] if command == MASKS else []
    first = [command, *inputs(root, command), *(options if command == MAPS else title)]
    assert main([*first, "--json", str(root / "first.json")]) == 0
    assert again(root, command) == 0
    written, saved = (json.loads((root / name).read_text()) for name in ("first.json", "again.json"))
    assert written == saved
    assert written["run"] == json.loads(json.dumps(run_record(run, **how)))
    assert written["run"]["missing_predictions"] == len(written["missing"]) == 1
    assert written["run"]["name"] == ("Mine" if command == MASKS else None)
    assert {"name", "config", "split", "num_images", "images_sha256", "counts_sha256", "options"} <= written[
        "run"
    ].keys()


REFUSED = [
    *((command, ["--list", "no-such-file.txt"], "leave --list out") for command in SAVED),
    *((command, ["--annotations-dir", "x"], "leave --annotations-dir out") for command in SAVED),
    *((command, ["--no-verify"], "leave --no-verify out") for command in SAVED),
    *((command, ["--gt-dir", "x"], "leave --gt-dir out") for command in SAVED),
    *((command, ["--split", "train_semi"], "was scored with --split validation: with --split") for command in SAVED),
    *((command, ["--on-missing", "error"], "was scored with --on-missing skip") for command in SAVED),
    *((command, ["--config", "919"], "50") for command in SAVED),
    (MAPS, ["--thresholds", "0.5", "mean"], "was scored with --thresholds 0.3: with --thresholds 0.5 mean"),
    (MAPS, ["--tolerance", "0"], "was scored with --tolerance 5"),
    (MAPS, ["--relevance", "signed"], "was scored with --relevance absolute: with --relevance signed"),
    (MAPS, ["--resize", "map"], "was scored without --resize: with --resize map"),
    (MAPS, ["--target", "category"], "was scored with --target imagenet"),
    (MAPS, ["--images", "/nowhere"], "--images draws maps for --report"),
    (MAPS, ["--bootstrap", "1"], "expected at least 2 resamples"),
    (MASKS, ["--bootstrap", "1"], "expected at least 2 resamples"),
]


@pytest.mark.parametrize(("command", "option", "message"), REFUSED, ids=lambda value: " ".join(value[:1] + value[-1:]))
def test_what_needs_the_files_again_is_refused(command, option, message, root, capsys):
    (root / "again.json").unlink(missing_ok=True)
    assert again(root, command, *option) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (root / "again.json").exists()


@pytest.mark.parametrize("command", SAVED)
def test_what_the_run_was_made_with_is_taken(command, root):
    options = ["--split", "val", "--on-missing", "skip", "--config", "50", "--workers", "2"]
    how = ["--thresholds", "0.3", "--tolerance", "5", "--relevance", "absolute", "--target", "imagenet"]
    assert again(root, command, *options, *(how if command == MAPS else [])) == 0


@pytest.mark.parametrize("command", SAVED)
def test_a_file_of_an_older_version(command, root, tmp_path, capsys):
    """It is read; what it does not tell is null, and an option that it does not tell is refused."""
    old = tmp_path / SAVED[command]
    old.write_bytes((root / SAVED[command]).read_bytes())
    without_record(old)
    capsys.readouterr()
    assert again(root, command, "--split", "validation", file=old) == 1
    assert f"{old} has no record of its --split" in capsys.readouterr().err
    assert again(root, command, file=old) == 0
    if command == MATCH:
        return
    written = json.loads((root / "again.json").read_text())
    assert (written["missing"], written["run"]["counted_with"], written["run"]["missing_predictions"]) == (None,) * 3
    assert written["run"]["on_missing"] is None
    if command == MAPS:
        assert (written["target"], written["no_class"], written["config"]) == (None, None, None)
        assert written["run"]["options"]["relevance"] == "absolute", "the scores' own options were always kept"
        metric = Localization.load(old)
        metric.update([[1.0]], [[912]], 912, "of 919")
        metric.save(old)
        assert again(root, command, "--config", "50", file=old) == 1
        assert "has scores of maps of class 912" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"name": 3}', b'{"options": []}', b'{"missing": [1]}', b"\xff"])
@pytest.mark.parametrize("command", [MASKS, MAPS])
def test_a_damaged_record(command, damage, root, tmp_path, capsys):
    with np.load(root / SAVED[command]) as data:
        arrays = {**data, "record": np.frombuffer(damage, np.uint8)}
    np.savez(tmp_path / "damaged.npz", **arrays)
    assert again(root, command, file=tmp_path / "damaged.npz") == 1
    assert "damaged.npz holds no" in capsys.readouterr().err


def test_the_other_kind_of_file(root, capsys):
    for command, file, message in (
        (MASKS, "maps.npz", "maps.npz holds scores of maps: `imagenet-s evaluate-maps --counts`"),
        (MATCH, "maps.npz", "maps.npz holds scores of maps"),
        (MAPS, "masks.npz", "masks.npz holds counts of masks: `imagenet-s evaluate --counts`"),
    ):
        assert again(root, command, file=root / file) == 1
        assert message in capsys.readouterr().err
    results = ["--model", "me/model", "--dataset", "me/data", "--protocol", "free", "--i-followed-the-rules"]
    assert main(["results", str(root / "maps.npz"), *results]) == 1
    assert "holds scores of maps" in capsys.readouterr().err
    assert again(root, MAPS) == 0
    assert main(["results", str(root / "again.json"), *results]) == 1
    assert "has figures of maps" in capsys.readouterr().err


def test_parts_together():
    """What all parts say stays, lists are joined, and an empty one takes the record of the first."""
    parts = [Localization(), Localization()]
    for number, part in enumerate(parts):
        part.update([[1.0, 0.0]], [[3, 0]], 3, f"image {number}")
        part.record = {"config": "50", "name": f"part {number}", "missing": [f"{number}"], "options": {"split": "test"}}
    whole = Localization()
    for part in parts:
        whole.merge(part)
    assert whole.record["missing"] == ["0", "1"]
    assert (whole.record["config"], whole.record["options"]) == ("50", {"split": "test"})
    assert "name" not in whole.record
    assert whole.digest() == Localization.from_bytes(whole.to_bytes()).digest()
    assert Localization.from_bytes(whole.to_bytes()).record.items() >= whole.record.items()
    assert run_record(MatchedIoU(3).merge(MatchedIoU(3)))["options"] is None


def test_the_digest_of_scores_depends_on_them_alone():
    images = [([[1.0, 0.0]], [[3, 0]], 3, "a"), ([[0.0, 1.0]], [[3, 0]], 3, "b")]
    digests = []
    for order, options in ((images, {}), (images[::-1], {}), (images[:1], {}), (images, {"relevance": "positive"})):
        metric = Localization(**options)
        for image in order:
            metric.update(*image)
        digests.append(metric.digest())
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_names_of_runs():
    runs = [Localization(), Localization()]
    assert run_names(runs, ["x/a.npz", "x/b.npz"]) == ["a", "b"]
    assert run_names(runs, ["a/counts.npz", "b/counts.npz"]) == ["a/counts.npz", "b/counts.npz"]
    assert run_names(runs, ["a.npz", "a.npz"]) == ["a (1)", "a (2)"]
    runs[0].record["name"] = "Grad-CAM"
    assert run_names(runs, ["x/a.npz", "x/b.npz"]) == ["Grad-CAM", "b"]


def test_names_and_options_on_the_page(root, tmp_path):
    page = tmp_path / "page.html"
    assert again(root, MAPS, "--title", "<IG>", "--report", str(page)) == 0
    text = page.read_text(encoding="utf-8")
    assert "<title>&lt;IG&gt; on ImageNet-S-50</title>" in text
    for option in ("split validation", "list list.txt", "target imagenet", "relevance absolute", "thresholds 0.3"):
        assert option in text
    assert main([MAPS, *inputs(root, MAPS), "--report", str(page)]) == 0
    assert "<h1>maps on ImageNet-S-50</h1>" in page.read_text(encoding="utf-8"), "the folder's name"
    assert main([MASKS, "--counts", str(root / "masks.npz"), "--report", str(page)]) == 0
    assert "<h1>Mine on ImageNet-S-50</h1>" in page.read_text(encoding="utf-8")


def test_counts_of_any_number_of_classes(tmp_path, capsys):
    metric = MatchedIoU(20)
    metric.update([[1, 2]], [[1, 3]], "x")
    metric.save(tmp_path / "c.npz")
    page = tmp_path / "page.html"
    assert main([MASKS, "--counts", str(tmp_path / "c.npz"), "--per-class", "--report", str(page)]) == 0
    out = capsys.readouterr().out
    assert "1 image, 20 classes" in out
    assert re.search(r"^20 +20 +0\.00", out, re.MULTILINE)
    assert "<h1>20 classes</h1>" in page.read_text(encoding="utf-8")


def test_the_installed_package_is_in_the_versions(tmp_path: Path) -> None:
    metric = MatchedIoU(3)
    metric.update([[1]], [[1]], "x")
    metric.save(tmp_path / "c.npz")
    assert {"python", "numpy", "scipy", "pillow"} <= MatchedIoU.load(tmp_path / "c.npz").record["versions"].keys()


@pytest.mark.parametrize("kind", [MatchedIoU, RegionAccuracy, ObjectReliance])
@pytest.mark.parametrize("empty_first", [False, True])
def test_a_process_without_images_keeps_the_record(kind, empty_first):
    run, empty = kind(3), kind(3)
    run.record.update(name="Mine", config="50", options={"split": "validation"})
    if kind is MatchedIoU:
        run.update([[1]], [[1]])
    elif kind is RegionAccuracy:
        run.update([0.1, 0.7, 0.2], 2)
    else:
        run.update("original", [0.1, 0.7, 0.2], 2, "cat")
    merged = empty.merge(run) if empty_first else run.merge(empty)
    assert merged.record == {"name": "Mine", "config": "50", "options": {"split": "validation"}}


def test_maps_of_a_process_without_images_keep_the_record():
    run = Localization()
    run.update(np.eye(3), np.eye(3, dtype=int), 1)
    run.record["name"] = "Mine"
    assert run.merge(Localization()).record == Localization().merge(run).record == {"name": "Mine"}
