"""Top-1 and top-5 of regions, against sorting in plain Python; sums of parts; ties; what is refused."""

import math
import random

import numpy as np
import pytest

from imagenet_s.metrics import RegionAccuracy

CLASSES = 9


def plain(scores: list[list[float]], targets: list[int], k: int) -> tuple[float, float]:
    """Mean over classes and over images; a target counts only where fewer than k others have its score or more."""
    hits: dict[int, list[bool]] = {}
    for row, target in zip(scores, targets):
        as_good = [i for i, score in enumerate(row, 1) if score >= row[target - 1] and i != target]
        hits.setdefault(target, []).append(len(as_good) < k)
    every = [hit for class_hits in hits.values() for hit in class_hits]
    return sum(sum(class_hits) / len(class_hits) for class_hits in hits.values()) / len(hits), sum(every) / len(every)


def drawn(count: int, ties: bool = False) -> tuple[list[list[float]], list[int]]:
    chance = random.Random(count)
    scores = [[chance.randrange(4) if ties else chance.random() for _ in range(CLASSES)] for _ in range(count)]
    return [[float(score) for score in row] for row in scores], [chance.choice([1, 1, 2, 5, 9]) for _ in range(count)]


@pytest.mark.parametrize("ties", [False, True])
def test_against_plain_python(ties: bool) -> None:
    scores, targets = drawn(60, ties)
    metric = RegionAccuracy(CLASSES)
    metric.update(scores, targets)
    result = metric.compute()
    for k in (1, 5):
        by_class, by_image = plain(scores, targets, k)
        assert result[f"top{k}"] == pytest.approx(by_class, abs=1e-12)
        assert result[f"image_top{k}"] == pytest.approx(by_image, abs=1e-12)
        assert by_class != by_image
    assert result["per_category_images"] == [targets.count(i) for i in range(CLASSES + 1)]
    assert result["num_categories"] == len(set(targets)) < CLASSES
    assert [math.isnan(accuracy) for accuracy in result["per_category_top1"]] == [
        i not in targets for i in range(CLASSES + 1)
    ]


def test_one_by_one_in_batches_and_merged_are_identical() -> None:
    scores, targets = drawn(30, ties=True)
    names = [f"image {i}" for i in range(30)]
    whole, single, parts = (RegionAccuracy(CLASSES) for _ in range(3))
    whole.update(np.array(scores), np.array(targets), names)
    order = list(range(30))
    random.Random(1).shuffle(order)
    for i in order:
        single.update(scores[i], targets[i], names[i])
    for start in (20, 10, 0):
        part = RegionAccuracy(CLASSES)
        part.update(scores[start : start + 10], targets[start : start + 10], names[start : start + 10])
        assert parts.merge(part) is parts
    assert repr(whole.compute()) == repr(single.compute()) == repr(parts.compute())
    assert dict(zip(whole.per_image()["name"], whole.per_image()["rank"])) == dict(
        zip(single.per_image()["name"], single.per_image()["rank"])
    )


def test_ranked_ids_are_as_good_as_scores() -> None:
    scores, targets = drawn(40)
    by_scores, by_ids, shortened = (RegionAccuracy(CLASSES) for _ in range(3))
    ranked = (1 + np.argsort(-np.array(scores), 1)).astype(np.int16)
    by_scores.update(scores, targets)
    by_ids.update(ranked, targets)
    shortened.update(ranked[:, :5], targets)
    assert repr(by_scores.compute()) == repr(by_ids.compute()) == repr(shortened.compute())
    assert 0 in shortened.per_image()["rank"]


def test_ties_favour_no_one() -> None:
    for target in (1, CLASSES):
        metric = RegionAccuracy(CLASSES)
        metric.update(np.zeros(CLASSES), target)
        assert metric.compute()["top5"] == 0
    metric = RegionAccuracy(CLASSES)
    metric.update([0.0] * 5 + [1.0] * 4, 6)
    assert (metric.compute()["top1"], metric.compute()["top5"]) == (0, 1)


def test_other_competes_where_it_has_a_score() -> None:
    scores = np.zeros(CLASSES + 1)
    scores[[0, 3]] = 2, 1
    metric = RegionAccuracy(CLASSES)
    metric.update(scores, 3)
    assert metric.per_image()["rank"] == [2]


@pytest.mark.torch
def test_torch() -> None:
    import torch

    metric = RegionAccuracy(CLASSES)
    scores = torch.eye(CLASSES, requires_grad=True)
    for kind in (torch.float32, torch.float16, torch.bfloat16):
        metric.update(scores.to(kind), torch.arange(1, CLASSES + 1))
    assert metric.compute()["top1"] == 1
    metric.update(scores.topk(5).indices + 1, torch.arange(1, CLASSES + 1))
    assert metric.compute()["top1"] == 1


@pytest.mark.parametrize(
    ("prediction", "target", "message"),
    [
        (np.zeros(CLASSES - 1), 1, "8 scores an image: expected 9"),
        (np.zeros(CLASSES), 0, "0 .`other`. is no class of a region"),
        (np.zeros(CLASSES), 10, "class ids are 1..9"),
        (np.zeros(CLASSES), 1.0, "targets are float64"),
        (np.full(CLASSES, np.nan), 1, "NaN"),
        (np.zeros((2, CLASSES)), [1], "expected one image"),
        (np.zeros((1, 2, CLASSES)), [1], "expected one image"),
        ([1, 2, 1], 1, "occurs twice"),
        ([0, 12], 1, "scores must be"),
        ([[1, 2], [1]], [1, 1], "same length"),
        (np.zeros(CLASSES, bool), 1, "expected scores"),
    ],
)
def test_what_is_refused(prediction: object, target: object, message: str) -> None:
    metric = RegionAccuracy(CLASSES)
    with pytest.raises(ValueError, match=message):
        metric.update(prediction, target, "name" if np.ndim(target) == 0 else None)
    assert len(metric) == 0
    with pytest.raises(ValueError, match="nothing was counted"):
        metric.compute()


def test_no_image_counts_twice() -> None:
    metric, other = RegionAccuracy(CLASSES), RegionAccuracy(CLASSES)
    metric.update(np.zeros(CLASSES), 1, "a")
    other.update(np.zeros(CLASSES), 1, "a")
    for fails in (
        lambda: metric.update(np.zeros(CLASSES), 1, "a"),
        lambda: metric.update(np.zeros((2, CLASSES)), [1, 1], ["b", "b"]),
        lambda: metric.merge(other),
        lambda: metric.merge(metric),
        lambda: metric.merge(RegionAccuracy(5)),
    ):
        with pytest.raises(ValueError, match=r"counted already|counted on both sides|must be the same"):
            fails()
    assert len(metric) == 1
    with pytest.raises(ValueError, match="at least 1"):
        RegionAccuracy(0)
