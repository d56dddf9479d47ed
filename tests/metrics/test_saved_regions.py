"""`RegionAccuracy` saved, loaded, and compared as other runs are."""

import json

import numpy as np
import pytest

from imagenet_s.cli.main import main
from imagenet_s.metrics import Localization, RegionAccuracy, compare, compare_many


def run_of(good: float, images: int = 30) -> RegionAccuracy:
    metric = RegionAccuracy(9)
    for number in range(images):
        scores = np.random.default_rng(number).random(9)
        scores[number % 9] += good
        metric.update(scores, number % 9 + 1, f"image_{number}")
    return metric


def test_saved(tmp_path):
    metric = run_of(0.5)
    metric.record["name"] = "CLIP"
    metric.add_figure("margin", {"image_3": 0.25})
    metric.save(tmp_path / "a.npz")
    again = RegionAccuracy.load(tmp_path / "a.npz")
    assert repr(again.per_image()) == repr(metric.per_image())
    assert again.compute()["top1"] == metric.compute()["top1"]
    assert again.digest() == metric.digest() != run_of(0.6).digest()
    assert again.record["name"] == "CLIP"
    with pytest.raises(ValueError, match="image_0 was counted already"):
        again.update(np.eye(9)[0], 1, "image_0")


def test_compared(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    a, b = run_of(0.9), run_of(0.1)
    result = compare(a, b)
    assert list(result) == ["top1", "top5"]
    expected = a.compute()["image_top1"] - b.compute()["image_top1"]
    assert result["top1"]["difference"] == pytest.approx(expected)
    assert compare_many({"b": b, "a": a}, "top5", 50)["runs"][0]["name"] == "a"
    for name, run in (("a", a), ("b", b), ("c", run_of(0.4))):
        run.save(f"{name}.npz")
    assert main(["compare", "a.npz", "b.npz", "--resamples", "50", "--report", "two.html"]) == 0
    assert "means of the figures of single answers" in capsys.readouterr().out
    assert main(["compare", "a.npz", "b.npz", "c.npz", "--resamples", "50", "--report", "many.html"]) == 0
    assert main(["compare", "a.npz", "b.npz", "--gt-dir", "."]) == 1
    assert "these are answers of classifiers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"targets": np.zeros(30, np.int32)}, "none that a prediction gives"),
        ({"ranks": np.ones(3, np.int32)}, "do not fit"),
        ({"ranks": np.full(30, 11)}, "none that a prediction gives"),
        ({"ranks": np.full(30, 1.5)}, "ranks of type float64: expected integers"),
        ({"targets": np.full(30, 2.9)}, "targets of type float64"),
        ({"num_classes": np.array(9.5)}, "num_classes of type float64"),
        ({"names": np.frombuffer(json.dumps(["a"] * 30).encode(), np.uint8)}, "do not fit"),
        ({"names": np.frombuffer(json.dumps({str(i): 0 for i in range(30)}).encode(), np.uint8)}, "do not fit"),
        ({"format": np.array("region accuracy, version 9")}, "another version"),
        ({"num_classes": np.array(0)}, "num_classes=0"),
    ],
)
def test_damaged(tmp_path, changed, message):
    run_of(0.5).save(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", **{**np.load(tmp_path / "a.npz"), **changed})
    with pytest.raises(ValueError, match=message):
        RegionAccuracy.load(tmp_path / "b.npz")


def test_other_files(tmp_path):
    run_of(0.5).save(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="ranks of regions"):
        Localization.load(tmp_path / "a.npz")
    with pytest.raises(FileNotFoundError):
        RegionAccuracy.load(tmp_path / "none.npz")
