"""`MatchedIoU.anatomy` against a count pixel by pixel in plain Python."""

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from brute_anatomy import agreement, anatomy

from imagenet_s.metrics import MatchedIoU

CLASSES = 5
MATCHINGS = ["none", "hungarian", "majority", {1: 3, 2: 0, 3: 3, 6: 1}]


def pairs_of(seed: int, matching: object) -> list[tuple[np.ndarray, np.ndarray]]:
    """Blocks with some noise, so that there is an inside and a border; images of one id and ignored ones, too."""
    generator = np.random.default_rng(seed)
    clusters = CLASSES + 1 if matching == "none" else CLASSES + 4
    pairs = []
    for shape in ((14, 17), (20, 9), (1, 1), (12, 12), (15, 15)):
        reference = np.kron(generator.choice([0, 0, 1, 2, 4, 5, 1000], (4, 3)), np.ones((5, 6), int))
        reference = reference[: shape[0], : shape[1]]
        prediction = np.where(generator.random(reference.shape) < 0.6, reference % 1000, 0)
        noise = generator.integers(0, clusters, reference.shape)
        prediction = np.where(generator.random(reference.shape) < 0.2, noise, prediction)
        pairs.append((prediction, reference))
    pairs.append((np.full((6, 6), 2), np.full((6, 6), 1000)))
    pairs.append((np.zeros((7, 5), int), np.full((7, 5), 3)))
    return pairs


def counted(pairs: list[tuple[np.ndarray, np.ndarray]]) -> MatchedIoU:
    metric = MatchedIoU(CLASSES)
    for number, (prediction, reference) in enumerate(pairs):
        metric.update(prediction, reference, str(number))
    return metric


def assert_same(result: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(result) == list(expected)
        for key, value in expected.items():
            assert_same(result[key], value)
    elif isinstance(expected, list):
        assert len(result) == len(expected)
        for value, other in zip(result, expected):
            assert_same(value, other)
    elif isinstance(expected, float):
        assert result == pytest.approx(expected, abs=1e-12)
    else:
        assert (type(result), result) == (type(expected), expected)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("matching", MATCHINGS, ids=str)
def test_pixel_by_pixel(matching: object, seed: int) -> None:
    pairs = pairs_of(seed, matching)
    metric = counted(pairs)
    lists = [(prediction.tolist(), reference.tolist()) for prediction, reference in pairs]
    for localized_at in (0.5, 0.75):
        result = metric.anatomy(matching, localized_at)
        clusters = result.pop("clusters")
        expected, labelled = anatomy(lists, CLASSES, metric.match(matching), localized_at)
        assert_same(result, expected)
    assert result["mean_iou"] == metric.compute(matching)["mean_iou"]
    assert (clusters is None) == (matching == "none")
    if clusters is not None:
        assert_same({key: clusters[key] for key in agreement(labelled)}, agreement(labelled))


@pytest.mark.parametrize("matching", MATCHINGS, ids=str)
def test_parts_of_a_whole(matching: object) -> None:
    metric = counted(pairs_of(9, matching))
    result = metric.anatomy(matching)
    kinds = result["kinds"].values()
    assert sum(kind["pixels"] for kind in kinds) == result["wrong_pixels"] > 0
    assert math.fsum(kind["share"] for kind in kinds) == pytest.approx(1)
    assert all(kind["mean_iou_gain"] >= 0 for kind in kinds)
    assert sum(result["images"].values()) == 6  # one of the seven shows no object
    for category in result["per_category"]:
        parts = [share for name, share in category.items() if name.startswith(("missed", "false"))]
        assert math.fsum(parts) == pytest.approx(1 if category["wrong_pixels"] else 0)
    assert json.loads(json.dumps(result)).keys() == result.keys()


def test_all_mended() -> None:
    """With every wrong pixel right, the mean IoU is the share of ids that occur in a reference."""
    pairs = pairs_of(4, "none")
    metric = counted([(np.where(reference == 1000, 0, reference), reference) for _, reference in pairs])
    occurring = set(itertools.chain(*(reference.ravel().tolist() for _, reference in pairs))) - {1000}
    result = metric.anatomy()
    assert result["wrong_pixels"] == 0
    assert result["mean_iou"] == len(occurring) / (CLASSES + 1)
    assert {kind["share"] for kind in result["kinds"].values()} == {0.0}


@pytest.mark.parametrize("matching", MATCHINGS, ids=str)
def test_order_and_parts_do_not_matter(matching: object) -> None:
    pairs = list(enumerate(pairs_of(2, matching)))

    def part(chosen: list[tuple[int, tuple[np.ndarray, np.ndarray]]]) -> MatchedIoU:
        metric = MatchedIoU(CLASSES)
        for number, (prediction, reference) in chosen:
            metric.update(prediction, reference, str(number))
        return metric

    whole = part(pairs).anatomy(matching)
    assert part(pairs[::-1]).anatomy(matching) == whole
    assert part(pairs[3:]).merge(part(pairs[:3])).anatomy(matching) == whole


def test_clusters_and_their_classes() -> None:
    metric = MatchedIoU(3)
    # Cluster 4 covers class 1 and half of class 2; cluster 5 the other half; class 3 is predicted as `other`.
    metric.update([[4, 4, 4, 5, 0, 0]], [[1, 1, 2, 2, 3, 0]])
    clusters = metric.anatomy({4: 1})["clusters"]
    assert clusters["classes_without_cluster"] == [2, 3]
    assert clusters["clusters_without_class"] == [5]
    assert clusters["classes"][1] == {
        "id": 2,
        "pixels": 2,
        "largest": [{"cluster": 4, "pixels": 1, "share": 0.5}, {"cluster": 5, "pixels": 1, "share": 0.5}],
    }
    assert clusters["clusters"][1] == {
        "id": 4,
        "pixels": 3,
        "largest": [{"id": 1, "pixels": 2, "share": 2 / 3}, {"id": 2, "pixels": 1, "share": 1 / 3}],
        "class": 1,
    }


def test_bad_arguments() -> None:
    metric = counted(pairs_of(0, "none"))
    for localized_at in (0, 1.5, math.nan):
        with pytest.raises(ValueError, match="localized_at"):
            metric.anatomy(localized_at=localized_at)
    with pytest.raises(ValueError, match="nothing was counted"):
        MatchedIoU(5).anatomy()
