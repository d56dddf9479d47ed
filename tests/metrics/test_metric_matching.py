"""Matches: the best there is, and always the same one."""

import itertools
import json

import brute_force
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_metric_figures import mask_pairs, metric_of

from imagenet_s.metrics import MatchedIoU, load_match, save_match
from imagenet_s.metrics.matched_miou.assignment import assign


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
    assert assign([np.array(weight) for weight in weights]).tolist() == best_of_all(weights)


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

    assert metric.match("hungarian") == as_match(best_of_all([images, pixels]))
    assert metric.match("pixel") == as_match(best_of_all([pixels]))
    assert metric.match("majority") == as_match([row.index(max(row)) if any(row) else -1 for row in pixels])
    assert metric.compute("hungarian")["matching"] == metric.match("hungarian")


def test_large_ties_are_quick_and_in_order():
    assert assign([np.zeros((919, 919), np.int64)]).tolist() == list(range(919))
    reversed_ = np.eye(919, dtype=np.int64)[::-1].copy()
    assert assign([reversed_, reversed_ * 100]).tolist() == list(range(918, -1, -1))


def test_weights_beyond_exact_arithmetic_are_refused():
    with pytest.raises(OverflowError, match="cannot be assigned exactly"):
        assign([np.full((2, 2), 2**52)])


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
        ("hungary", "neither a matching .none, hungarian, pixel, majority. nor a file"),
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
