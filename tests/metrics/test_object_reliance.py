"""`ObjectReliance`: figures and intervals of plain loops, whatever the order and the parts."""

import doctest
import itertools
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imagenet_s.metrics.reliance.object_reliance
from imagenet_s.metrics import MatchedIoU, ObjectReliance, RegionAccuracy, compare
from imagenet_s.metrics.comparison.saved_run import load_run
from imagenet_s.metrics.matched_miou.bootstrap import resamples

KINDS = ("original", "object", "background", "mixed_same", "mixed_random")
CLASSES = 7
NAMES = [f"image {i:03d}" for i in range(60)]
Answer = dict[str, Any]


def answers(seed: int = 0) -> list[Answer]:
    """Of 60 images, some of which lack a kind; scores with ties, sizes at the edges of the bins."""
    generator = np.random.default_rng(seed)
    targets = np.random.default_rng(5).integers(1, CLASSES + 1, len(NAMES)).tolist()
    result = []
    for i, (name, kind) in enumerate(itertools.product(NAMES, KINDS)):
        number = i // len(KINDS)
        scores = generator.integers(0, 4, CLASSES).astype(float)
        if generator.random() < 0.5:
            scores[targets[number] - 1] += 4
        if not (kind.startswith("mixed") and number % 7 == 3) and not (kind == "object" and number % 11 == 5):
            share = [0.05, 0.25, 0.5, 1.0, 0.0500001, 0.0][number % 6]
            result.append({"kind": kind, "prediction": scores, "target": targets[number], "name": name, "share": share})
    return result


def counted(items: list[Answer], **options: Any) -> ObjectReliance:
    metric = ObjectReliance(CLASSES, **options)
    for item in items:
        metric.update(item["kind"], item["prediction"], item["target"], item["name"], item["share"])
    return metric


def right(item: Answer, k: int = 1) -> bool:
    scores = item["prediction"].tolist()
    return sum(score >= scores[item["target"] - 1] for score in scores) <= k


def by_hand(items: list[Answer], average: str) -> dict[str, float]:
    """The figures by their definitions, in loops; images may stand there several times."""
    images: dict[str, dict[str, Answer]] = {}
    for item in items:
        images.setdefault(item["name"], {})[item["kind"]] = item

    def mean(pairs: list[tuple[int, float]]) -> float:
        """Of (class, value)."""
        if average == "image":
            return sum(value for _, value in pairs) / len(pairs) if pairs else math.nan
        classes = {category for category, _ in pairs}
        means = [np.mean([value for other, value in pairs if other == category]) for category in classes]
        return float(np.mean(means)) if means else math.nan

    result = {}
    for kind in KINDS:
        of_kind = [image[kind] for image in images.values() if kind in image]
        for k in (1, 5):
            result[f"top{k}_{kind}"] = mean([(item["target"], right(item, k)) for item in of_kind])
        for size, low, high in (("s", -1, 5), ("ms", 5, 25), ("ml", 25, 50), ("l", 50, 100)):
            inside = [item for item in of_kind if low < math.ceil(100 * item["share"]) <= high]
            result[f"top1_{kind}_{size}"] = mean([(item["target"], right(item)) for item in inside])
    for name, a, b in (("background_gap", "mixed_same", "mixed_random"), ("object_only_drop", "original", "object")):
        both = [image for image in images.values() if a in image and b in image]
        result[name] = mean([(image[a]["target"], right(image[a]) - right(image[b])) for image in both])
    result["background_only"] = result["top1_background"]
    asked = [image for image in images.values() if "mixed_random" in image and right(image["original"])]
    result["flipped"] = mean([(image["original"]["target"], not right(image["mixed_random"])) for image in asked])
    return result


@pytest.mark.parametrize("average", ["image", "category"])
def test_figures(average: str) -> None:
    items = answers()
    result = counted(items).compute(average)
    expected = by_hand(items, average)
    assert {name for name in result if name not in
            ("intervals", "images", "left_out", "num_images", "num_categories")} == set(expected)  # fmt: skip
    for name, value in expected.items():
        assert result[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name
    assert (result["num_images"], result["num_categories"]) == (len(NAMES), CLASSES)
    without = {kind: len(NAMES) - sum(item["kind"] == kind for item in items) for kind in KINDS}
    assert result["left_out"]["top1_object"] == result["left_out"]["object_only_drop"] == without["object"] > 0
    assert result["left_out"]["background_gap"] == result["left_out"]["flipped"] == without["mixed_same"] > 0
    assert result["left_out"]["top1_original"] == 0
    assert result["images"]["flipped"] == sum(
        right(item) for item in items if item["kind"] == "original" and int(item["name"][-3:]) % 7 != 3
    )


@pytest.mark.parametrize("average", ["image", "category"])
@pytest.mark.parametrize("name", ["background_gap", "object_only_drop", "flipped", "top5_background"])
def test_paired_intervals(name: str, average: str) -> None:
    """Images are drawn, all kinds of one together, among those that have what the figure needs."""
    items, samples = answers(), 40
    needs = {
        "background_gap": {"mixed_same", "mixed_random"},
        "object_only_drop": {"original", "object"},
        "flipped": {"original", "mixed_random"},
        "top5_background": {"background"},
    }[name]
    kinds_of = {n: {item["kind"] for item in items if item["name"] == n} for n in NAMES}
    complete = [n for n in NAMES if kinds_of[n] >= needs]
    values = []
    for positions in resamples(len(complete), samples, 3):
        drawn = [
            {**item, "name": f"{i}"}
            for i, position in enumerate(positions)
            for item in items
            if item["name"] == complete[position]
        ]
        values.append(by_hand(drawn, average)[name])
    expected = np.quantile(values, [0.05, 0.95])
    result = counted(items).compute(average, samples, seed=3, level=0.9)["intervals"]
    assert result[name] == pytest.approx(expected, abs=1e-12)
    assert result[name][0] <= result[name][1]


def test_order_batches_and_parts_do_not_matter(tmp_path: Path) -> None:
    items = answers()
    whole = counted(items)
    whole.save(tmp_path / "whole.npz")
    shuffled = random.Random(0).sample(items, len(items))
    parts = counted(shuffled[:100]).merge(counted(shuffled[100:101])).merge(counted(shuffled[101:]))
    parts.save(tmp_path / "parts.npz")
    batched = ObjectReliance(CLASSES)
    for kind in reversed(KINDS):
        some = [item for item in items if item["kind"] == kind]
        columns = {key: [item[key] for item in some] for key in ("prediction", "target", "name", "share")}
        batched.update(kind, columns["prediction"], columns["target"], columns["name"], columns["share"])
    batched.save(tmp_path / "batched.npz")
    written = []
    for name in ("whole", "parts", "batched"):
        with np.load(tmp_path / f"{name}.npz") as data:
            written.append({key: (array.dtype, array.shape, array.tobytes()) for key, array in data.items()})
    assert written[0] == written[1] == written[2]
    loaded = load_run(tmp_path / "parts.npz")
    assert isinstance(loaded, ObjectReliance)
    for average in ("image", "category"):
        assert repr(loaded.compute(average)) == repr(whole.compute(average))
    assert repr(loaded.per_image()) == repr(whole.per_image())
    assert repr(loaded) == repr(whole)
    assert "mixed_same 51" in repr(whole)


def test_what_is_kept_of_an_image() -> None:
    metric = ObjectReliance(3)
    metric.update("original", [0.2, 0.7, 0.7], target=2, name="tie")
    metric.update("object", [3, 2], target=2, name="tie", object_share=0.25)
    metric.update("mixed_random", [[0.1, 0.2, 0.0, 0.4]], target=[3], name=["fine"])
    assert metric.per_image() == {
        "name": ["fine", "tie"],
        "target": [3, 2],
        "object_share": [pytest.approx(math.nan, nan_ok=True), 0.25],
        "answer_original": [-1, 3],
        "rank_original": [-1, 2],
        "answer_object": [-1, 3],
        "rank_object": [-1, 2],
        "answer_mixed_random": [3, -1],
        "rank_mixed_random": [1, -1],
        "top1_original": [pytest.approx(math.nan, nan_ok=True), 0],
        "top1_object": [pytest.approx(math.nan, nan_ok=True), 0],
        "top1_mixed_random": [1, pytest.approx(math.nan, nan_ok=True)],
        "object_only_drop": [pytest.approx(math.nan, nan_ok=True), 0],
        "flipped": [pytest.approx(math.nan, nan_ok=True)] * 2,
    }
    result = metric.compute()
    assert math.isnan(result["background_gap"])
    assert math.isnan(result["flipped"])
    assert math.isnan(result["intervals"]["flipped"][0])
    assert result["left_out"]["flipped"] == 2


def test_labels_of_imagenet() -> None:
    """Label 0 is a class, and the first score is its own."""
    metric = ObjectReliance(4, labels="imagenet")
    metric.update("original", [[0.9, 0, 0, 0], [0, 0, 0, 0.9]], [0, 3], ["a", "b"])
    metric.update("object", [[3, 0], [0, 3]], [0, 3], ["a", "b"])
    assert metric.per_image()["rank_original"] == [1, 1]
    assert metric.per_image()["rank_object"] == [2, 2]
    assert metric.compute()["object_only_drop"] == 1
    with pytest.raises(ValueError, match=r"targets hold 4\.\.4: class ids are 0\.\.3"):
        metric.update("background", [0.0, 0, 0, 0], 4, "a")
    with pytest.raises(ValueError, match="5 scores an image: expected 4, the first of class 0"):
        metric.update("background", [0.0, 0, 0, 0, 0], 3, "a")


def test_original_is_what_region_accuracy_counts() -> None:
    items = [item for item in answers() if item["kind"] == "original"]
    region = RegionAccuracy(CLASSES)
    for item in items:
        region.update(item["prediction"], item["target"], item["name"])
    metric, expected = counted(items), region.compute()
    assert metric.compute()["top1_original"] == expected["image_top1"]
    assert metric.compute("category")["top5_original"] == pytest.approx(expected["top5"], abs=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "objekt"}, "kind='objekt': expected one of original, object"),
        ({"name": "known"}, "known was counted already for object"),
        ({"name": ""}, "has no name"),
        ({"kind": "original", "target": 3}, "known has the class 3 here and 2 in another kind"),
        ({"kind": "original", "object_share": 0.5}, "known has the object share 0.5 here and 0.25"),
        ({"object_share": 1.5}, "expected fractions of 1"),
        ({"object_share": [0.1, 0.2]}, "expected a number for each of 1 images"),
        ({"target": 0}, r"class ids are 1\.\.3"),
        ({"prediction": [math.nan, 0, 0]}, "NaN"),
    ],
)
def test_nothing_is_counted_on_an_error(change: dict[str, Any], message: str) -> None:
    metric = ObjectReliance(3)
    metric.update("object", [0.0, 1, 0], 2, "known", 0.25)
    before = repr(metric.per_image())
    name = "known" if change.get("kind") == "original" else "new"
    given = {"kind": "object", "prediction": [0.0, 1, 0], "target": 2, "name": name, **change}
    with pytest.raises(ValueError, match=message):
        metric.update(**given)
    assert repr(metric.per_image()) == before


def test_errors() -> None:
    with pytest.raises(ValueError, match="num_classes=0"):
        ObjectReliance(0)
    with pytest.raises(ValueError, match="labels='coco': expected 'category' or 'imagenet'"):
        ObjectReliance(3, labels="coco")
    metric = ObjectReliance(3)
    with pytest.raises(ValueError, match="nothing was counted"):
        metric.compute()
    metric.update("object", [0.0, 1, 0], 2, "a")
    with pytest.raises(ValueError, match="average='class'"):
        metric.compute("class")
    with pytest.raises(ValueError, match="a was counted on both sides for object"):
        metric.merge(metric)
    with pytest.raises(ValueError, match="the classes must be the same"):
        metric.merge(ObjectReliance(3, labels="imagenet"))


def test_damaged_files(tmp_path: Path) -> None:
    metric = counted(answers())
    metric.record["name"] = "random"
    metric.save(tmp_path / "good.npz")
    assert ObjectReliance.load(tmp_path / "good.npz").record["name"] == "random"
    with np.load(tmp_path / "good.npz") as data:
        good = dict(data)
    changes: list[dict[str, Any]] = [
        {"format": np.array("object reliance, version 2")},
        {"targets": good["targets"][1:]},
        {"targets": good["targets"] + CLASSES},
        {"targets": good["targets"] + 0.5},
        {"ranks": good["ranks"].T},
        {"ranks": good["ranks"] / 2},
        {"answers": good["answers"].astype(float)},
        {"ranks": np.full_like(good["ranks"], -1)},
        {"answers": good["answers"] + 100},
        {"shares": good["shares"] + 1},
        {"kinds": np.array(["object"] * len(KINDS))},
        {"names": good["names"][:-2]},
        {"labels": np.array("coco")},
        {"num_classes": np.array(0)},
        {"record": np.frombuffer(b"[]", np.uint8)},
    ]
    for change in changes:
        np.savez(tmp_path / "bad.npz", **{**good, **change})
        with pytest.raises(ValueError, match=r"bad\.npz holds no answers of this metric"):
            ObjectReliance.load(tmp_path / "bad.npz")
    with pytest.raises(FileNotFoundError):
        ObjectReliance.load(tmp_path / "none.npz")


def test_compare() -> None:
    a, b = counted(answers(0)), counted(answers(1))
    result = compare(a, b)
    assert list(result) == [*(f"top1_{kind}" for kind in KINDS), "background_gap", "object_only_drop", "flipped"]
    gap = a.compute()["background_gap"] - b.compute()["background_gap"]
    assert result["background_gap"]["difference"] == pytest.approx(gap, abs=1e-12)
    assert result["background_gap"]["num_images"] == a.compute()["images"]["background_gap"]
    assert compare(a, b, "flipped")["num_images"] < len(NAMES), "those that both have right on the original"
    with pytest.raises(ValueError, match="key='top5_object'"):
        compare(a, b, "top5_object")
    with pytest.raises(ValueError, match="count different classes"):
        compare(a, ObjectReliance(CLASSES, labels="imagenet"))
    with pytest.raises(ValueError, match="cannot compare a ObjectReliance with a MatchedIoU"):
        compare(a, MatchedIoU(CLASSES))


def test_docstring() -> None:
    assert doctest.testmod(imagenet_s.metrics.reliance.object_reliance).failed == 0
