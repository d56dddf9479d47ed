"""Counts, bands and figures against references that share nothing with them."""

import math

import brute_force
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from imagenet_s.metrics import HEADLINES, MatchedIoU, boundary_band, count_pair


@st.composite
def mask_pairs(draw, num_classes=4, clusters=6, most=9):
    """One prediction and one reference: blocks and noise, ignored pixels, sides from 1."""
    height, width = draw(st.integers(1, most)), draw(st.integers(1, most))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    gt = random.choice([0, *range(1, num_classes + 1), 1000], (height, width))
    pred = random.integers(0, clusters + 1, (height, width))
    if draw(st.booleans()):  # flat areas, as real masks have
        gt[: height // 2] = gt[0, 0]
        gt[:, width // 2 :] = gt[-1, -1]
        pred[height // 3 :, : width // 2 + 1] = pred[-1, 0]
    return pred, gt


def metric_of(pairs, num_classes=4):
    metric = MatchedIoU(num_classes)
    for prediction, reference in pairs:
        metric.update(prediction, reference)
    return metric


def close(a, b):
    return (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b, abs=1e-12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(mask_pairs(), min_size=1, max_size=5),
    st.dictionaries(st.integers(1, 6), st.integers(0, 4), max_size=6).map(lambda m: {0: 0, **m}),
)
def test_figures_are_those_of_a_plain_evaluator(pairs, match):
    ours = metric_of(pairs).compute(match)
    plain = brute_force.evaluate([(p.tolist(), g.tolist()) for p, g in pairs], 4, match)
    assert plain.keys() == ours.keys() - {"matching", "matching_open_pairs", "mean_iou_tie_range", "num_images"}
    for key, value in plain.items():
        if isinstance(value, list):
            assert ours[key] == pytest.approx(value, abs=1e-12), key
        else:
            assert close(ours[key], value), (key, ours[key], value)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_the_band_is_what_erosion_takes_away(height, width, seed, ids):
    random = np.random.default_rng(seed)
    mask = random.integers(0, ids, (height // 8 + 1, width // 8 + 1)).repeat(8, 0).repeat(8, 1)[:height, :width]
    mask = mask.astype(np.uint16)
    d = max(1, round(0.03 * math.sqrt(height**2 + width**2)))
    eroded = np.zeros(mask.shape, bool)
    for i in np.unique(mask):
        eroded |= ndimage.binary_erosion(mask == i, np.ones((3, 3), bool), iterations=d, border_value=0)
    assert np.array_equal(boundary_band(mask), ~eroded)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.ma.masked_array(np.zeros((9, 9), np.uint16), np.eye(9)), "masked array"),
        (np.full((9, 9), np.nan), "float64"),
        (Image.new("P", (9, 9)), "palette"),
        (np.full((9, 9), -1), "ids -1"),
    ],
)
def test_a_band_is_of_a_mask(wrong, message):
    with pytest.raises(ValueError, match=message):
        boundary_band(wrong)


@pytest.mark.parametrize(("height", "width", "d"), [(1, 1, 1), (50, 50, 2), (375, 500, 19), (250, 256, 11)])
def test_the_band_is_three_percent_of_the_diagonal(height, width, d):
    band = boundary_band(np.zeros((height, width), np.uint16))
    assert band.sum() == height * width - max(0, height - 2 * d) * max(0, width - 2 * d)


def test_counts_by_hand():
    # 3 x 3 masks have d = 1: only the middle pixel can be out of the band, and only if all nine are equal.
    gt = np.full((3, 3), 2)
    pred = np.full((3, 3), 5)
    assert count_pair(pred, gt).tolist() == [[2, 5, 9, 8, 8, 8]]
    pred[0, 0] = 0
    assert count_pair(pred, gt).tolist() == [[2, 0, 1, 1, 1, 1], [2, 5, 8, 7, 8, 7]]


def test_a_perfect_prediction_scores_one():
    gt = np.zeros((40, 60), int)
    gt[:20], gt[20:, :30], gt[0, 0] = 1, 2, 1000
    pred = np.where(gt == 1000, 0, gt)
    result = metric_of([(pred, gt)], num_classes=2).compute()
    assert all(result[key] == 1.0 or math.isnan(result[key]) for key in HEADLINES if "boundary" not in key)
    assert result["num_images"] == 1


@pytest.mark.parametrize(
    ("area", "bucket"), [(5, "s"), (6, "ms"), (25, "ms"), (26, "ml"), (50, "ml"), (51, "l"), (100, "l")]
)
def test_sizes_end_where_they_should(area, bucket):
    gt = np.zeros(101, int)
    gt[:area], gt[100] = 1, 1000  # 100 scored pixels
    result = metric_of([(gt[None] % 1000, gt[None])], 1).compute()
    assert [size for size in ("s", "ms", "ml", "l") if not math.isnan(result[f"mean_iou_{size}"])] == [bucket]


def test_image_accuracy_takes_the_lowest_id_on_a_tie():
    assert metric_of([(np.array([[1, 2]]), np.array([[1, 0]]))]).compute()["image_accuracy"] == 1.0
    assert metric_of([(np.array([[1, 2]]), np.array([[2, 0]]))]).compute()["image_accuracy"] == 0.0


def test_classes_beyond_the_predicted_ones_are_not_taken_for_another_image():
    # Only class 1 is predicted: an encoding of (image, class) that is too narrow reads class 3 of the first as a hit.
    pairs = [(np.array([[0, 0]]), np.array([[3, 3]])), (np.array([[1, 1]]), np.array([[2, 2]]))]
    assert metric_of(pairs).compute()["image_accuracy"] == 0.0


def test_an_image_without_a_scored_pixel_counts_as_an_image():
    ignored = (np.array([[1, 2]]), np.array([[1000, 1000]]))
    right = (np.array([[1, 1]]), np.array([[1, 1]]))
    result = metric_of([ignored, right]).compute()
    assert (result["image_accuracy"], result["f_measure"], result["num_images"]) == (0.5, 0.5, 2)


def test_a_cluster_without_a_class_is_wrong_everywhere_but_foreground():
    gt, pred = np.array([[1, 1, 2, 0]]), np.array([[1, 9, 9, 0]])
    result = metric_of([(pred, gt)], 2).compute({"1": 1})
    assert result["per_category_iou"] == [1.0, 0.5, 0.0]
    assert result["image_accuracy"] == 0.0  # 9 is the most frequent
    assert result["f_measure"] == 1.0


def test_pixels_beyond_the_precision_of_float32():
    # The official tool sums in float32, where 2^24 + 1 = 2^24.
    big = np.ones((4096, 4096), np.uint16)
    gt = np.concatenate([big, np.full((1, 4096), 2, np.uint16)])
    pred = gt.copy()
    pred[-1, 0] = 1
    result = metric_of([(pred, gt)], 2).compute()
    assert result["per_category_iou"][1] == 2**24 / (2**24 + 1)


def test_the_f_measure_is_a_mean_without_rounding_and_float32_is_not():
    """Why the official figure differs the more, the more images there are: docs/metric.md."""
    random = np.random.default_rng(0)
    metric = MatchedIoU(4)
    for _ in range(2000):
        metric.update(*random.integers(0, 5, (2, 6, 6)))
    values = np.array(metric.per_image()["f_measure"])
    assert metric.compute()["f_measure"] == math.fsum(values) / len(values)
    far = np.abs(np.cumsum(values.astype(np.float32), dtype=np.float32) - np.cumsum(values)) / np.arange(1, 2001)
    assert 0 < 5 * far[:100].mean() < far[-100:].mean()


def test_per_image_columns():
    metric = MatchedIoU(2)
    metric.update([[1, 1, 2, 0]], [[1, 2, 2, 1000]], "a")
    metric.update([[1]], [[1000]])
    columns = metric.per_image()
    assert columns["name"] == ["a", "image 2 (in the order given)"]
    assert columns["pixels"] == [3, 0]
    assert columns["pixel_accuracy"][0] == 2 / 3
    assert columns["mean_iou"][0] == 0.5
    assert columns["f_measure"] == [1.0, 0.0]
    assert columns["image_accuracy"] == [True, False]
    assert columns["classes"] == [[2, 1], []]
    assert columns["predicted_classes"] == [[1, 2], []]
    assert math.isnan(columns["mean_iou"][1])
    assert math.isnan(columns["pixel_accuracy"][1])
