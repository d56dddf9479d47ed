"""`imagenet-s compare` of many runs: the table, the forms for papers, published figures, power, the page."""

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from imagenet_s.cli.commands import compare_many as compare_many_command
from imagenet_s.cli.main import main
from imagenet_s.metrics import MatchedIoU, compare_many, power

NAMES = ["PASS", "SERE & co", "50 %", "D_4"]


def run_of(seed: int, images: int = 20) -> MatchedIoU:
    metric = MatchedIoU(50)
    for number in range(images):
        generator = np.random.default_rng([number, seed])
        reference = np.kron(np.random.default_rng(number).integers(0, 3, (3, 3)), np.ones((4, 4), int))
        wrong = generator.random((12, 12)) < 0.1 * (seed + 1)
        metric.update(np.where(wrong, 7, reference), reference, f"n01440764/{number:04d}.png")
    return metric


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, MatchedIoU]:
    monkeypatch.chdir(tmp_path)
    runs = {name: run_of(seed) for seed, name in enumerate(NAMES)}
    for number, (name, metric) in enumerate(runs.items()):
        metric.record["name"] = name
        metric.save(f"{number}.npz")
    return runs


FILES = ["3.npz", "0.npz", "2.npz", "1.npz"]


def call(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(["compare", *arguments, "--resamples", "100"]) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def test_the_table(runs, capsys):
    printed = call(capsys, *FILES, "--json", "out.json")
    expected = compare_many(runs, resamples=100)
    written = json.loads(Path("out.json").read_text())
    assert {key: written[key] for key in expected} == json.loads(json.dumps(expected))
    assert [line.split("  ")[0] for line in printed.splitlines()[1:5]] == NAMES
    for entry, line in zip(expected["runs"], printed.splitlines()[1:]):
        assert f"{100 * entry['value']:.2f}" in line
        assert f"{100 * runs[entry['name']].compute()['mean_iou']:.2f}" in line
    assert written["pooled"] == {name: run.compute()["mean_iou"] for name, run in runs.items()}
    assert set(written["records"]) == set(NAMES)


def test_the_same_for_any_order_of_files(runs, capsys):
    first = call(capsys, *FILES, "--json", "-")
    assert json.loads(first)["runs"] == json.loads(call(capsys, *sorted(FILES), "--json", "-"))["runs"]


def test_forms_for_papers(runs, capsys):
    latex = call(capsys, *FILES, "--latex")
    assert r"SERE \& co" in latex
    assert r"50 \%" in latex
    assert latex.count(r"\textbf{") == 1
    assert r"\begin{tabular}{lrrlrlr" in latex  # numbers to the right, intervals to the left
    assert "first:" not in latex  # the table has no such column
    best = compare_many(runs, resamples=100)["runs"][0]
    assert rf"\textbf{{{100 * best['value']:.2f}}}" in latex
    markdown = call(capsys, *FILES, "--markdown").splitlines()
    assert re.match(r"\| PASS \| [\d.]+ \| \*\*[\d.]+\*\* \|", markdown[2])
    rows = list(csv.DictReader(io.StringIO(call(capsys, *FILES, "--csv"))))
    assert [row["name"] for row in rows] == NAMES
    assert float(rows[0]["value"]) == best["value"]


def test_equal_runs_are_underlined(runs, capsys):
    runs["PASS"].save("again.npz")
    latex = call(capsys, "0.npz", "again.npz", "3.npz", "--names", "b", "a", "c", "--latex")
    assert r"a & " in latex.splitlines()[7]
    assert latex.count(r"\underline{") == 1


def test_two_runs_stay_as_they_are(runs, capsys):
    assert "D_4 - PASS" in call(capsys, "3.npz", "0.npz")
    assert "to the best" in call(capsys, "3.npz", "0.npz", "--markdown")


def test_power(runs, capsys):
    written = json.loads(call(capsys, "0.npz", "3.npz", "--power", "0.02", "--json", "-"))["power"]["D_4"]
    told = power(runs["D_4"], runs["PASS"], "mean_iou")
    assert written["smallest_difference"] == pytest.approx(told.smallest_difference)
    assert written["images"] == told.images_for(0.02)
    printed = call(capsys, "0.npz", "3.npz", "--power")
    assert f"{100 * told.smallest_difference:.2f}" in printed
    assert "images for" not in printed
    assert "images for 2 points" in call(capsys, "0.npz", "3.npz", "--power", "0.02")
    assert "images for 1 point  " in call(capsys, "0.npz", "3.npz", "--power", "0.01")


def test_the_matching_is_named(runs, capsys):
    assert "Matching: none." in call(capsys, *FILES)
    assert "Matching: none." in call(capsys, "3.npz", "0.npz")
    assert "Matching: D_4 hungarian, PASS none." in call(capsys, "3.npz", "0.npz", "--matching", "hungarian", "none")
    for form in ("--latex", "--markdown"):
        assert "Matching: pixel." in call(capsys, *FILES, "--matching", "pixel", form)


def test_published_figures(capsys, tmp_path, monkeypatch):
    """All images of a split, by their official names."""
    monkeypatch.chdir(tmp_path)
    error = call(capsys, *_saved(run_of(0), run_of(1)), "--baselines", code=1)
    assert "not of all images of a split" in error
    assert "`imagenet-s baselines`" in error


def test_published_figures_in_every_form(runs, capsys, monkeypatch):
    record = compare_many_command.run_record
    official = {"config": "50", "split": "validation"}
    monkeypatch.setattr(compare_many_command, "run_record", lambda *args, **how: {**record(*args, **how), **official})
    printed = call(capsys, *FILES, "--baselines")
    assert re.search(r"^PASS ResNet-18 \(unsupervised, SSL\) +29\.20$", printed, re.MULTILINE)
    tables = [line for line in printed.splitlines() if not line.startswith("Means of")]
    assert max(map(len, tables)) <= 100
    latex = call(capsys, *FILES, "--baselines", "--latex")
    number = re.search(r"^PASS, distance (\[\d+\]) & 39\.60 &", latex, re.MULTILINE)[1]
    assert latex.count(f"\n{number} ResNet-18, SSL; \\url{{https://github.com/LUSSeg/PASS/") == 1
    assert f"{number} ResNet-18, SSL; https" in call(capsys, *FILES, "--baselines", "--markdown")
    rows = list(csv.DictReader(io.StringIO(call(capsys, *FILES, "--baselines", "--csv"))))
    assert ("PASS ResNet-18 (distance, SSL)", "0.396", "") in [(row["name"], row["pooled"], row["p"]) for row in rows]


def test_published_figures_stand_beside_official_ones_alone(runs, capsys):
    """top1 of regions is published as a mean over classes; that of single images is another figure."""
    error = call(capsys, "0.npz", "1.npz", "--key", "pixel_accuracy", "--baselines", code=1)
    assert "pixel_accuracy of these runs is a mean over single images" in error


def _saved(*runs: MatchedIoU) -> list[str]:
    for number, metric in enumerate(runs):
        metric.save(f"run{number}.npz")
    return [f"run{number}.npz" for number in range(len(runs))]


def test_the_page(runs, capsys):
    call(capsys, *FILES, "--report", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert "4 runs on ImageNet-S" in page
    assert page.index("1. PASS") < page.index("SERE &amp; co") < page.index("3. 50 %")
    assert "Where the points are lost" in page
    assert "<script" not in page
    call(capsys, *sorted(FILES), "--report", "again.html")
    assert Path("again.html").read_text(encoding="utf-8") == page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0.npz", "1.npz", "2.npz", "--matching", "none", "none"], "--matching none none: expected one for all runs"),
        (["0.npz", "1.npz", "--names", "a"], "--names a: expected 2 names, all different"),
        (["0.npz", "1.npz", "2.npz", "--gt-dir", "."], "--gt-dir draws pictures of two runs"),
        (["0.npz", "1.npz", "2.npz", "--key", "iou"], "--key"),
        (["0.npz", "1.npz", "2.npz", "--power", "nan"], "delta=nan"),
        (["0.npz", "1.npz", "--markdown", "--json", "-"], "--json FILE beside --markdown"),
        (["0.npz", "1.npz", "--latex", "--power"], "--latex has no place for --power"),
    ],
)
def test_refused(runs, capsys, arguments, message):
    assert message in call(capsys, *arguments, code=1)
