"""Matches: the best there is, and always the same one."""

import itertools
import json
import sys

import brute_force
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as hypothesis_arrays
from test_metric_figures import mask_pairs, metric_of

from imagenet_s.metrics import MatchedIoU, load_match, save_match
from imagenet_s.metrics.matched_miou.assignment import optimise, smallest_ids
from imagenet_s.metrics.matched_miou.one_to_one import solve


def best_of_all(weights):
    """Of all ways to give each column a row: the greatest sums, in order, then the smallest columns for first rows."""
    num_rows, num_columns = len(weights[0]), len(weights[0][0])

    def rank(rows):
        columns = [num_columns] * num_rows
        for column, row in enumerate(rows):
            columns[row] = column
        return [-sum(weight[row][column] for column, row in enumerate(rows)) for weight in weights], columns

    best = min(map(rank, itertools.permutations(range(num_rows), num_columns)))[1]
    return [column if column < num_columns else -1 for column in best]


def assign(weights):
    """The best assignment by several weights in order, then by the ids, as `solve` chains them."""
    face = None
    for weight in weights:
        face = optimise(np.array(weight), face)
    return smallest_ids(face).tolist()


@st.composite
def weight_lists(draw):
    num_columns = draw(st.integers(1, 4))
    num_rows = num_columns + draw(st.integers(0, 2))
    cell = st.integers(0, draw(st.integers(1, 4)))
    matrix = st.lists(st.lists(cell, min_size=num_columns, max_size=num_columns), min_size=num_rows, max_size=num_rows)
    return draw(st.lists(matrix, min_size=1, max_size=2))


@settings(max_examples=400, deadline=None)
@given(weight_lists())
def test_assignment_is_the_best_of_all_permutations(weights):
    assert assign(weights) == best_of_all(weights)


def all_best(weight):
    """Every assignment of the greatest sum, as sets of (row, column)."""
    num_rows, num_columns = len(weight), len(weight[0])
    ranked = {}
    for rows in itertools.permutations(range(num_rows), num_columns):
        total = sum(weight[row][column] for column, row in enumerate(rows))
        ranked.setdefault(total, []).append({(row, column) for column, row in enumerate(rows)})
    return ranked[max(ranked)]


@settings(max_examples=400, deadline=None)
@given(weight_lists())
def test_open_rows_are_those_that_are_not_the_same_in_all_best_assignments(weights):
    everywhere = [dict(match) for match in all_best(weights[0])]
    expected = [len({match.get(row) for match in everywhere}) > 1 for row in range(len(weights[0]))]
    assert optimise(np.array(weights[0])).open_rows().tolist() == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(mask_pairs(num_classes=3, clusters=5, most=4), min_size=1, max_size=4))
def test_matches_of_masks(pairs):
    metric = metric_of(pairs, 3)
    lists = [(p.tolist(), g.tolist()) for p, g in pairs]
    present = {k for p, g in lists for prow, grow in zip(p, g) for k, c in zip(prow, grow) if c != 1000} - {0}
    clusters = sorted(present | {1, 2, 3})
    images, pixels = brute_force.overlaps(lists, clusters, 3)

    def as_match(columns):
        return {0: 0} | {k: c + 1 for k, c in zip(clusters, columns) if c >= 0}

    def mean_iou(columns):
        return brute_force.evaluate(lists, 3, as_match(columns))["mean_iou"]

    majority = as_match([row.index(max(row)) if any(row) else -1 for row in pixels])
    assert metric.match("majority") == majority
    for matching, objective, other in (
        ("hungarian", images, pixels),
        ("hungarian_pixel", images, pixels),
        ("pixel", pixels, images),
    ):
        fewest = [[max(map(max, other)) - overlap for overlap in row] for row in other]
        extremes = [best_of_all([objective, fewest]), best_of_all([objective, other])]
        used = extremes[1] if matching == "hungarian_pixel" else best_of_all([objective])
        result = metric.compute(matching)
        assert result["matching"] == metric.match(matching) == as_match(used)
        everywhere = [dict(match) for match in all_best(objective)]
        choices = {k: {match.get(row) for match in everywhere} for row, k in enumerate(clusters)}
        assert result["matching_open_pairs"] == sum(len(choices[k]) > 1 for k in present)
        means = [mean_iou(columns) for columns in (used, *extremes)]
        assert result["mean_iou_tie_range"] == pytest.approx((min(means), max(means)), abs=1e-12)
    for matching in ("majority", as_match(best_of_all([images]))):
        result = metric.compute(matching)
        assert result["matching_open_pairs"] == 0
        assert result["mean_iou_tie_range"] == (result["mean_iou"], result["mean_iou"])


def test_ties_favour_no_figure():
    # One image: each cluster occurs with each class, so every match is equally good. The identity is bad here.
    metric = metric_of([(np.array([[2, 2, 2, 1]]), np.array([[1, 1, 1, 2]]))], 2)
    by_ids, by_pixels = metric.compute("hungarian"), metric.compute("hungarian_pixel")
    assert (by_ids["matching"], by_ids["mean_iou"]) == ({0: 0, 1: 1, 2: 2}, 0.0)
    assert by_pixels["matching"] == {0: 0, 1: 2, 2: 1}
    assert by_ids["matching_open_pairs"] == by_pixels["matching_open_pairs"] == 2
    assert by_ids["mean_iou_tie_range"] == by_pixels["mean_iou_tie_range"] == (0.0, by_pixels["mean_iou"])


def test_the_range_needs_no_order_of_figures():
    # Fewer pixels in common may still give the higher mIoU: the range is sorted, and holds the figure.
    pairs = [(np.array([[1] * 5 + [2] * 9]), np.array([[1] * 3 + [2] * 2 + [1] * 8 + [2]]))]
    for matching in ("hungarian", "hungarian_pixel", "pixel"):
        result = metric_of(pairs, 2).compute(matching)
        low, high = result["mean_iou_tie_range"]
        assert low <= result["mean_iou"] <= high


@st.composite
def images_and_total(draw):
    num_columns = draw(st.integers(1, 4))
    num_rows = num_columns + draw(st.integers(0, 1))
    return draw(hypothesis_arrays(np.int64, (num_rows, num_columns), elements=st.integers(0, 7))), draw(
        st.integers(7, 12_419)
    )


@settings(max_examples=40, deadline=None)
@given(images_and_total())
def test_munkres_is_the_package_on_the_official_costs(drawn):
    munkres = pytest.importorskip("munkres")
    images, total = drawn
    costs = [[float(np.float32(1.0 - 1.0 * int(shared) / total)) for shared in row] for row in images]
    expected = [-1] * len(costs)
    for row, column in munkres.Munkres().compute(costs):
        expected[row] = column
    assert solve("munkres", images, images, images.any(axis=1), total).columns.tolist() == expected


def test_munkres_that_is_not_there_is_named_before_anything_is_lost(monkeypatch, tmp_path):
    metric = metric_of([(np.array([[1]]), np.array([[1]]))], 2)
    monkeypatch.setitem(sys.modules, "munkres", None)
    with pytest.raises(ImportError, match="pip install munkres"):
        metric.compute("munkres")
    assert metric.compute("hungarian")["num_images"] == 1


def test_large_ties_are_quick_and_in_order():
    assert assign([np.zeros((919, 919), np.int64)]) == list(range(919))
    reversed_ = np.eye(919, dtype=np.int64)[::-1].copy()
    assert optimise(np.zeros((919, 919), np.int64)).open_rows().all()
    assert not optimise(reversed_).open_rows().any()
    assert assign([reversed_, reversed_ * 100]) == list(range(918, -1, -1))


def test_weights_beyond_exact_arithmetic_are_refused():
    with pytest.raises(OverflowError, match="cannot be assigned exactly"):
        optimise(np.full((2, 2), 2**52))


def test_more_clusters_than_classes():
    gt = np.array([[1, 1, 1, 2, 2, 2]])
    pred = np.array([[4, 4, 7, 8, 9, 9]])
    metric = metric_of([(pred, gt)], 2)
    assert metric.match("majority") == {0: 0, 4: 1, 7: 1, 8: 2, 9: 2}
    assert metric.compute("majority")["per_category_iou"] == [0.0, 1.0, 1.0]
    pixel = metric.match("pixel")
    assert (pixel[4], pixel[9]) == (1, 2)
    assert 7 not in pixel
    assert metric.compute("pixel")["per_category_iou"] == [0.0, 2 / 3, 2 / 3]


def test_match_files_are_the_official_ones(tmp_path):
    path = tmp_path / "match.json"
    save_match({0: 0, 10: 2, 9: 1}, path)
    assert path.read_text() == '{"9": 1, "10": 2, "0": 0}'
    assert load_match(path, 2) == {0: 0, 9: 1, 10: 2}
    metric = metric_of([(np.array([[9, 10]]), np.array([[1, 2]]))], 2)
    assert metric.compute(path) == metric.compute(str(path)) == metric.compute({"9": 1, 10: 2})
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ({"1": 3}, "sends cluster '1' to 3: .* classes 0..2; was the match made for another number"),
        ({"0": 1}, "0 is `other` on both sides"),
        ({"a": 1}, "sends cluster 'a' to 1: clusters are whole numbers"),
        ({1.0: 1}, "clusters are whole numbers"),
        ({"1": True}, "sends cluster '1' to True"),
        ({"1": "2"}, "sends cluster '1' to '2'"),
        ({1: 1, "1": 2}, "sends cluster 1 to a class twice: to 1 and to 2"),
        ({"-4": 1}, "clusters are whole numbers"),
        ("hungary", "neither a matching .none, hungarian, hungarian_pixel, munkres, pixel, majority. nor a file"),
        (7, "expected one of none, hungarian"),
    ],
)
def test_wrong_matchings(match, message):
    metric = metric_of([(np.array([[1]]), np.array([[1]]))], 2)
    with pytest.raises(ValueError, match=message):
        metric.compute(match)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no match.json"),
        ("\xff", "is no match.json"),
        ("[" * 100_000, "is no match.json"),
        ("[1, 2]", "got a list"),
        ('{"1": null}', "sends cluster '1' to None"),
        ('{"1": 1e999}', "sends cluster '1' to inf"),
        ('{"1": Infinity}', "sends cluster '1' to inf"),
        ('{"1": {"2": 1}}', "sends cluster '1' to"),
        ('{"1": 1, "01": 2}', "sends cluster 1 to a class twice: to 1 and to 2"),
        ('{"1": 2, "1": 1}', "sends cluster 1 to a class twice: to 2 and to 1"),
    ],
)
def test_wrong_match_files(content, message, tmp_path):
    (tmp_path / "m.json").write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=rf"m\.json {message}|m\.json: .*{message}"):
        load_match(tmp_path / "m.json", 2)


def test_clusters_without_a_matching_name_the_image():
    metric = MatchedIoU(2)
    metric.update([[1]], [[1]], "fine")
    metric.update([[7]], [[1]], "n01443537/cat")
    with pytest.raises(ValueError, match=r"n01443537/cat holds 7 .*0\.\.2.*matching=\"hungarian\""):
        metric.compute()
    assert json.dumps(metric.compute("pixel")["matching"])
