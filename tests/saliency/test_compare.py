"""Paired differences of two runs: by their definition, in any order of counting, for maps and for masks."""

import doctest
import json
import math

import numpy as np
import pytest
from made_maps import made

from imagenet_s.cli.main import main
from imagenet_s.metrics import Localization, MatchedIoU, compare
from imagenet_s.metrics.comparison import aligned_runs, two_runs

IMAGES = made(30)


def run_of(images, turned=False, config=None, **options):
    metric = Localization(**options)
    metric.record = {"config": config} if config else {}
    for values, mask, target, name in images:
        metric.update(values[::-1, ::-1] if turned else values, mask, target, name)
    return metric


def counted(images, noise, seed=0):
    metric = MatchedIoU(12)
    generator = np.random.default_rng(seed)
    for _, mask, _, name in images:
        prediction = np.where(generator.random(mask.shape) < noise, 3, np.where(mask == 1000, 0, mask))
        metric.update(prediction, mask, name)
    return metric


def by_definition(first, second, seed, resamples, confidence):
    """In plain Python, but for the drawing of the resamples, which the definition names."""
    d = [a - b for a, b in zip(first, second) if a == a and b == b]
    generator = np.random.default_rng(seed)
    drawn = sorted(sum(d[i] for i in generator.integers(0, len(d), size=len(d))) / len(d) for _ in range(resamples))

    def quantile(q):
        place = q * (len(drawn) - 1)
        low = math.floor(place)
        return drawn[low] + (drawn[min(low + 1, len(drawn) - 1)] - drawn[low]) * (place - low)

    return {
        "difference": sum(d) / len(d),
        "low": quantile((1 - confidence) / 2),
        "high": quantile((1 + confidence) / 2),
        "wins": sum(item > 1e-12 for item in d),
        "ties": sum(abs(item) <= 1e-12 for item in d),
        "losses": sum(item < -1e-12 for item in d),
        "num_images": len(d),
    }


@pytest.mark.parametrize("key", ["pointing_game", "auroc", "iou_at_0.5"])
def test_maps(key):
    a, b = run_of(IMAGES), run_of(IMAGES[::-1], turned=True)
    rows = [dict(zip(run.per_image()["name"], run.per_image()[key])) for run in (a, b)]
    names = sorted(rows[0])
    expected = by_definition(*([row[name] for name in names] for row in rows), 3, 200, 0.9)
    assert compare(a, b, key, 200, 0.9, 3) == pytest.approx(expected, abs=1e-12)
    assert expected["num_images"] < len(names)  # images without their class have no score


@pytest.mark.parametrize("key", ["mean_iou", "f_measure"])
def test_masks(key):
    a, b = counted(IMAGES, 0.2), counted(IMAGES[::-1], 0.5)
    rows = [dict(zip(run.per_image()["name"], run.per_image()[key])) for run in (a, b)]
    names = sorted(rows[0])
    expected = by_definition(*([row[name] for name in names] for row in rows), 0, 2000, 0.95)
    assert compare(a, b, key) == pytest.approx(expected, abs=1e-12)
    both = compare(a, b, matching=("none", "pixel"), resamples=10)
    assert set(both) == set(aligned_runs.MASK_KEYS)


def test_all_keys_and_the_order_of_counting():
    a, b = run_of(IMAGES), run_of(IMAGES, turned=True)
    result = compare(a, b, resamples=50)
    assert list(result) == a.keys
    assert result == compare(run_of(IMAGES[::-1]), b, resamples=50)
    assert result["auroc"] == compare(a, b, "auroc", resamples=50)
    nothing = compare(run_of([]), run_of([]), "auroc")
    assert (nothing["num_images"], math.isnan(nothing["difference"]), math.isnan(nothing["low"])) == (0, True, True)


def test_runs_that_do_not_belong_together():
    a = run_of(IMAGES)
    other_target = [(*IMAGES[0][:2], 12, IMAGES[0][3]), *IMAGES[1:]]
    unnamed = run_of([])
    unnamed.update([[1.0]], [[3]], 3)
    for one, other, message in (
        (a, run_of(IMAGES[2:]), "only the first run has 2 of its 30 images: image_000, image_001"),
        (run_of(IMAGES[:-8]), a, "only the second run has 8 of its 30 images: image_022.* and more"),
        (a, run_of(other_target), "image_000 was scored for class 3 in the first run and for class 12"),
        (
            a,
            run_of(IMAGES, thresholds=(0.3,)),
            r"thresholds=\(0.5, 'mean'\) and thresholds=\(0.3,\).*--thresholds 0.5 mean",
        ),
        (a, run_of(IMAGES, tolerance=5), r"tolerance=0.0 and tolerance=5.0.*with --tolerance 0\b"),
        (a, run_of(IMAGES, resize="map"), r"resize=None and resize='map'.*without --resize"),
        (
            run_of(IMAGES, config="50"),
            run_of(IMAGES, config="919"),
            "is of ImageNet-S-50, the second run of ImageNet-S-919",
        ),
        (a, counted(IMAGES, 0.1), "cannot compare a Localization with a MatchedIoU"),
        (unnamed, unnamed, "an image without a name"),
        (MatchedIoU(3), MatchedIoU(4), "different classes"),
    ):
        with pytest.raises(ValueError, match=message):
            compare(one, other)
    with pytest.raises(ValueError, match=r"key='iou' \(--key\): these runs have pointing_game"):
        compare(a, a, "iou")
    with pytest.raises(ValueError, match="confidence=95"):
        compare(a, a, confidence=95)


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_of(IMAGES).save("a.npz")
    run_of(IMAGES, turned=True).save("b.npz")
    assert main(["compare", "a.npz", "b.npz", "--resamples", "100", "--json", "out.json"]) == 0
    written = json.loads((tmp_path / "out.json").read_text())
    expected = compare(run_of(IMAGES), run_of(IMAGES, turned=True), resamples=100)
    assert written["differences"] == expected
    shown = capsys.readouterr().out
    for key, one in expected.items():
        row = next(line for line in shown.splitlines() if line.startswith(key + " "))
        assert f"{100 * one['difference']:+.2f}" in row
        assert row.split()[-4:] == [str(one[name]) for name in ("wins", "ties", "losses", "num_images")]

    counted(IMAGES, 0.2).save("c.npz")
    counted(IMAGES, 0.5).save("d.npz")
    assert main(["compare", "c.npz", "d.npz", "--key", "mean_iou", "--matching", "none", "pixel", "--json", "-"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert list(written["differences"]) == ["mean_iou"]

    (tmp_path / "text.npz").write_text("no")
    for other, message in (("c.npz", "cannot compare"), ("text.npz", "holds no counts"), ("none.npz", "none.npz")):
        assert main(["compare", "a.npz", other]) == 1
        assert message in capsys.readouterr().err


def test_methods_that_read_negative_values_differently(tmp_path, capsys, monkeypatch):
    """Grad-CAM and integrated gradients, say: it belongs to the method, and is named wherever they are compared."""
    monkeypatch.chdir(tmp_path)
    run_of(IMAGES).save("gradcam.npz")
    absolute = run_of(IMAGES, turned=True, relevance="absolute")
    absolute.record["name"] = "Integrated gradients"
    absolute.save("ig.npz")
    command = ["compare", "gradcam.npz", "ig.npz", "--resamples", "20", "--report", "page.html", "--json", "out.json"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert (
        "Negative values were read differently (--relevance): gradcam signed, Integrated gradients absolute." in printed
    )
    assert printed.split("\n")[0].split("  ")[-1].strip() == "images"
    assert max(map(len, printed.splitlines()[:3])) <= 100
    assert "A - B" in printed.split("\n")[0]
    assert "A: gradcam; B: Integrated gradients" in printed
    runs = json.loads((tmp_path / "out.json").read_text())["runs"]
    assert [run["name"] for run in runs] == ["gradcam", "Integrated gradients"]
    assert [run["options"]["relevance"] for run in runs] == ["signed", "absolute"]
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "gradcam signed, Integrated gradients absolute" in page
    assert "<h1>gradcam and Integrated gradients</h1>" in page
    assert compare(run_of(IMAGES), absolute, "auroc")["num_images"] > 20
    assert main([*command[:3], "--matching", "hungarian"]) == 1
    assert "--matching is for runs of masks" in capsys.readouterr().err


def test_docstring():
    assert doctest.testmod(two_runs).failed == 0
