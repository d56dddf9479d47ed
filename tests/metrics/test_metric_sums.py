"""Counts add: any batches, order, parts and wrappers give the same figures, to the last bit."""

import json
import pickle
import tracemalloc

import evaluate
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_metric_figures import mask_pairs, metric_of

from imagenet_s.metrics import MatchedIoU
from imagenet_s.metrics.matched_miou import count_table
from imagenet_s.metrics.matched_miou.counts_file import save_counts


def bits(result):
    """A result as text that shows every bit."""
    return json.dumps(
        {key: value if key == "matching" else _hex(value) for key, value in result.items()}, sort_keys=True
    )


def _hex(value):
    return [float(number).hex() for number in value] if isinstance(value, (list, tuple)) else float(value).hex()


PAIRS = st.lists(mask_pairs(), min_size=1, max_size=8)
MATCHINGS = st.sampled_from(["hungarian", "hungarian_pixel", "pixel", "majority", "match"])


def matching_for(matching):
    return {"1": 2, "2": 1, "6": 4} if matching == "match" else matching


@settings(max_examples=100, deadline=None)
@given(PAIRS, MATCHINGS, st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_order_and_any_partition(pairs, matching, shuffle, parts):
    whole = bits(metric_of(pairs).compute(matching_for(matching)))
    shuffled = pairs[:]
    shuffle.shuffle(shuffled)
    assert bits(metric_of(shuffled).compute(matching_for(matching))) == whole
    merged = MatchedIoU(4)
    for part in shuffle.sample(range(parts), parts):
        merged.merge(pickle.loads(pickle.dumps(metric_of(pairs[part::parts]))))  # as from another process
    assert bits(merged.compute(matching_for(matching))) == whole
    assert len(merged) == len(pairs)


@pytest.fixture(scope="module")
def wrapper(module_path, tmp_path_factory):
    return evaluate.load(module_path, cache_dir=str(tmp_path_factory.mktemp("cache")))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PAIRS, MATCHINGS, st.integers(1, 3))
def test_the_wrapper_in_any_batches(wrapper, pairs, matching, size):
    for start in range(0, len(pairs), size):
        batch = pairs[start : start + size]
        wrapper.add_batch(predictions=[p for p, _ in batch], references=[g for _, g in batch])
    result = wrapper.compute(num_classes=4, matching=matching_for(matching))
    assert bits(result) == bits(metric_of(pairs).compute(matching_for(matching)))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PAIRS)
def test_saved_and_loaded(tmp_path, pairs):
    metric = metric_of(pairs)
    metric.save(tmp_path / "counts.npz")
    loaded = MatchedIoU.load(tmp_path / "counts.npz")
    assert bits(loaded.compute("pixel")) == bits(metric.compute("pixel"))
    assert loaded.match("hungarian") == metric.match("hungarian")
    assert str(loaded.per_image("pixel")) == str(metric.per_image("pixel"))
    assert [path.name for path in tmp_path.iterdir()] == ["counts.npz"]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PAIRS, MATCHINGS, st.integers(1, 12))
def test_in_tables_of_any_length(monkeypatch, pairs, matching, rows):
    metric = metric_of(pairs)
    whole = bits(metric.compute(matching_for(matching))), metric.predicted_ids()
    with monkeypatch.context() as patched:
        patched.setattr(count_table, "_ROWS", rows)
        assert (bits(metric.compute(matching_for(matching))), metric.predicted_ids()) == whole


def test_a_cluster_that_is_no_class_is_named_by_its_place_among_all(monkeypatch):
    monkeypatch.setattr(count_table, "_ROWS", 1)
    metric = MatchedIoU(2)
    for prediction in (1, 2, 7, 2, 9):
        metric.update([[prediction]], [[1]])
    with pytest.raises(ValueError, match=r"image 3 \(in the order given\) holds 7 \(all images: 7, 9\)"):
        metric.compute()


@pytest.mark.parametrize("matching", ["none", "hungarian"])
def test_memory_of_noisy_predictions(noisy_counts, matching):
    """All rows in one table, as an untrained network predicts them, would take a gigabyte here."""
    metric = MatchedIoU(919)
    for _ in range(12416):
        metric.update_counts(noisy_counts)
    tracemalloc.start()
    try:
        metric.compute(matching)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 300e6


def test_names_are_kept_and_count_once(tmp_path):
    metric, other = MatchedIoU(2), MatchedIoU(2)
    metric.update([[1]], [[1]], "a/é.png")
    metric.update([[1]], [[1]])
    metric.save(tmp_path / "counts.npz")
    again = MatchedIoU.load(tmp_path / "counts.npz")
    assert again.per_image()["name"] == ["a/é.png", "image 2 (in the order given)"]
    with pytest.raises(ValueError, match=r"a/é\.png was counted already"):
        again.update([[1]], [[1]], "a/é.png")
    other.update([[1]], [[1]], "a/é.png")
    with pytest.raises(ValueError, match=r"a/é\.png was counted on both sides"):
        metric.merge(other)
    with pytest.raises(ValueError, match="counted on both sides"):
        metric.merge(metric)
    assert len(metric) == 2
    later = MatchedIoU(2).merge(other)
    with pytest.raises(ValueError, match=r"a/é\.png was counted already"):
        later.update([[1]], [[1]], "a/é.png")
    with pytest.raises(ValueError, match="the classes must be the same"):
        metric.merge(MatchedIoU(3))


def test_an_interrupted_save_leaves_the_old_counts(tmp_path, monkeypatch):
    path = tmp_path / "counts.npz"
    metric_of([(np.array([[1]]), np.array([[1]]))]).save(path)
    before = path.read_bytes()

    def full_disk(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_counts(path, 4, 1000, [], [], {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["cut", "text", "other npz", "object"])
def test_files_that_hold_no_counts(tmp_path, damage):
    path = tmp_path / "counts.npz"
    metric_of([(np.arange(60).reshape(6, 10) % 7, np.ones((6, 10), int))]).save(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "text":
        path.write_text("mIoU 12.3")
    elif damage == "other npz":
        np.savez(path, a=np.zeros(3))
    else:
        np.savez(path, format=np.array(["a", None], object))
    with pytest.raises(ValueError, match=r"counts\.npz holds no counts of this metric"):
        MatchedIoU.load(path)
    with pytest.raises(FileNotFoundError):
        MatchedIoU.load(tmp_path / "nothing.npz")


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("gt", lambda ids: ids + 0.5),
        ("pixels", lambda pixels: pixels.astype(np.int64) + 2**32),
        ("pixels", lambda pixels: -pixels.astype(np.int64)),
        ("both_bands", lambda pixels: pixels.astype(np.uint64) + 2**63),
        ("lengths", lambda lengths: lengths.astype(float)),
        ("num_classes", lambda number: number + 0.9),
    ],
)
def test_saved_numbers_are_checked_not_cast(tmp_path, name, changed):
    path = tmp_path / "counts.npz"
    metric_of([(np.arange(60).reshape(6, 10) % 4, np.ones((6, 10), int))]).save(path)
    with np.load(path) as data:
        arrays = dict(data)
    np.savez(path, **{**arrays, name: changed(arrays[name])})
    with pytest.raises(ValueError, match=r"counts\.npz holds no counts of this metric"):
        MatchedIoU.load(path)


def test_intervals_do_not_depend_on_the_order_and_hold_the_figure():
    generator = np.random.default_rng(5)
    pairs = []
    for _ in range(60):
        gt = np.kron(generator.choice([0, 1, 2, 3, 4], (3, 3)), np.ones((6, 6), int))
        pairs.append(
            (np.where(generator.random(gt.shape) < generator.random(), gt, generator.integers(0, 5, gt.shape)), gt)
        )
    metric = metric_of(pairs)
    intervals = metric.bootstrap("none", samples=300, seed=3)
    assert str(intervals) == str(metric_of(pairs[::-1]).bootstrap("none", samples=300, seed=3))
    assert intervals != metric.bootstrap("none", samples=300, seed=4)
    result = metric.compute("none")
    for key, (low, high) in intervals.items():
        if result[key] == result[key] and 0 < result[key] < 1:
            assert low < result[key] < high, key
    wider = metric.bootstrap("none", samples=300, seed=3, level=0.99)
    assert all(wider[key][0] <= low and high <= wider[key][1] for key, (low, high) in intervals.items() if low == low)


def test_a_resample_is_the_figure_of_the_images_drawn():
    generator = np.random.default_rng(6)
    pairs = [(generator.integers(0, 5, (9, 9)), generator.integers(0, 5, (9, 9))) for _ in range(2)]
    # Of two images there are three resamples: the extremes are those of one image twice.
    intervals = metric_of(pairs).bootstrap("none", samples=400, seed=0, level=0.999999)
    alone = [metric_of([pair, pair]).compute("none") for pair in pairs]
    both = metric_of(pairs).compute("none")
    for key, (low, high) in intervals.items():
        drawn = [result[key] for result in (*alone, both) if result[key] == result[key]]
        if len(drawn) == 3:
            assert (low, high) == pytest.approx((min(drawn), max(drawn)), abs=1e-6), key
    with pytest.raises(ValueError, match="at least 2 resamples"):
        metric_of(pairs).bootstrap(samples=1)
