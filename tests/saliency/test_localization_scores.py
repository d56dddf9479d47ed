"""Every score is the one of a brute force in plain Python."""

import math

import brute_maps
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_maps import made

from imagenet_s.metrics import Localization

THRESHOLDS = (0.0, 0.25, 0.5, 1.0, "mean", "mean_std")


def scores_of(values, mask, target, **options):
    metric = Localization(**options)
    metric.update(values, mask, target, "it")
    columns = metric.per_image()
    return {key: columns[key][0] for key in metric.keys}


def same(actual, expected):
    assert set(actual) == set(expected)
    for key, value in expected.items():
        assert actual[key] == near(value), key


def near(value):
    return pytest.approx(value, abs=1e-12, nan_ok=True)


@st.composite
def images(draw):
    """A small map of eighths, so that means are exact and ties are many, beside any mask that holds the target."""
    height, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    size = height * width
    step = st.integers(*draw(st.sampled_from([(-8, 8), (0, 3), (-3, -1), (2, 2), (-400, 400)])))
    values = np.array(draw(st.lists(step, min_size=size, max_size=size)), float).reshape(height, width) / 8
    ids = st.sampled_from(draw(st.sampled_from([[3], [0, 3], [0, 3, 5, 1000], [3, 1000]])))
    mask = np.array(draw(st.lists(ids, min_size=size, max_size=size)), np.uint16).reshape(height, width)
    mask[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))] = 3
    return values, mask


@settings(max_examples=300, deadline=None)
@given(images(), st.sampled_from(["signed", "positive", "absolute"]), st.sampled_from([0, 1, 1.5, 3]))
def test_any_small_image(image, relevance, tolerance):
    options = {"thresholds": THRESHOLDS, "relevance": relevance, "tolerance": tolerance}
    scores, lists = scores_of(*image, 3, **options), [item.tolist() for item in image]
    low, high = (brute_maps.score(*lists, 3, **options, rounding=side * 1e-9) for side in (-1, 1))
    if scores["pixel_accuracy_at_mean_std"] != near(low["pixel_accuracy_at_mean_std"]):
        low = {key: high[key] if key.endswith("mean_std") else value for key, value in low.items()}
    same(scores, low)


def test_a_pixel_at_mean_plus_standard_deviation_is_picked():
    assert scores_of([[0.0, 1.0]], [[0, 3]], 3, thresholds=["mean_std"])["iou_at_mean_std"] == 1
    assert scores_of([[0.0, 1.0]], [[0, 3]], 3, thresholds=["mean"])["iou_at_mean"] == 1
    assert scores_of([[0.0, 1.0, 2.0]], [[0, 3, 3]], 3, thresholds=["mean"])["iou_at_mean"] == 0.5, "above the mean"


@settings(max_examples=100, deadline=None)
@given(images())
def test_turned_and_mirrored_to_the_same_bits(image):
    values, mask = image
    values = values * math.pi  # sums that do round
    plain = scores_of(values, mask, 3, thresholds=THRESHOLDS)
    for turned in (lambda x: x[::-1], lambda x: x[:, ::-1], lambda x: x.T):
        scores = scores_of(turned(values), turned(mask), 3, thresholds=THRESHOLDS)
        assert {key: value.hex() for key, value in scores.items()} == {key: v.hex() for key, v in plain.items()}


@pytest.mark.parametrize("relevance", ["signed", "absolute"])
def test_larger_images_and_means(relevance):
    images = made(20)
    metric = Localization(THRESHOLDS, relevance=relevance)
    rows = []
    for values, mask, target, name in images:
        metric.update(values, mask, target, name)
        rows.append(brute_maps.score(values.tolist(), mask.tolist(), target, THRESHOLDS, 0, relevance))
    columns = metric.per_image()
    for i, expected in enumerate(rows):
        same({key: columns[key][i] for key in metric.keys}, expected or dict.fromkeys(metric.keys, math.nan))
    used = [row for row in rows if row]
    by_target = {t: [row for row, image in zip(rows, images) if row and image[2] == t] for t in (3, 12)}
    by_image, by_category = metric.compute(), metric.compute("category")
    for key in metric.keys:
        assert by_image[key] == pytest.approx(np.nanmean([row[key] for row in used]), abs=1e-12)
        means = [np.nanmean([row[key] for row in group]) for group in by_target.values()]
        assert by_category[key] == pytest.approx(np.mean(means), abs=1e-12)
    assert (by_image["num_images"], by_image["num_absent"]) == (len(used), len(rows) - len(used)) == (18, 2)
    assert by_image["num_constant"] == 4


def test_pooled_figures():
    images = [(values.tolist(), mask.tolist(), target) for values, mask, target, _ in made(8)]
    metric = Localization()
    for image in images:
        metric.update(*image)
    result, expected = metric.compute(), brute_maps.pooled(images)
    for key, value in expected.items():
        assert result[key] == pytest.approx(value, abs=1e-12), key
    edges, curve = metric.iou_curve()
    assert (len(edges), edges[0], edges[500], edges[-1]) == (1001, 0, 500 * 0.001, 1)
    assert curve[edges.index(result["dataset_max_iou_threshold"])] == max(curve) == result["dataset_max_iou"]
    of_images = (*metric.keys, "object_share")
    assert result == {**metric.compute("category"), **{key: result[key] for key in of_images}}


def test_the_lowest_of_several_best_thresholds():
    metric = Localization()
    metric.update([[1.0, 0.25]], [[3, 0]], 3)
    assert metric.compute()["dataset_max_iou_threshold"] == 0.001  # 0 picks the other pixel too, 0.001 up to 1 do not


def test_no_image_at_all_and_none_used():
    metric = Localization()
    empty = metric.compute()
    metric.update([[1.0]], [[5]], 3, "absent")
    metric.update([[1.0, 2.0]], [[1000, 1000]], 3, "all ignored")
    result = metric.compute("category")
    for item in (empty, result):
        assert all(math.isnan(item[key]) for key in (*metric.keys, "px_ap", "mean_iou", "dataset_max_iou"))
        assert (item["num_images"], item["num_constant"], item["num_full"]) == (0, 0, 0)
    assert (empty["num_absent"], result["num_absent"]) == (0, 2)


def test_full_images_leave_only_the_means_they_have_no_figure_for():
    metric = Localization()
    metric.update([[1.0, 0.0]], [[3, 3]], 3, "full")
    metric.update([[1.0, 0.0]], [[3, 0]], 3, "half")
    result = metric.compute()
    assert (result["num_full"], result["auroc"], result["mean_score_contrast"]) == (1, 1.0, 1.0)
    assert result["relevance_rank_accuracy"] == 1.0
    assert result["iou_at_0.5"] == 0.75


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e300, 1.7e308])
def test_any_magnitude(scale):
    values, mask = np.array([[1, 0.5, -1], [0.25, -0.5, 0]]), np.array([[3, 3, 0], [0, 3, 0]])
    assert scores_of(values * scale, mask, 3) == pytest.approx(scores_of(values, mask, 3), abs=1e-9)
