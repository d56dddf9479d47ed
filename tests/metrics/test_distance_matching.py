"""Distance matching against loops over single numbers."""

import numpy as np
import pytest
from brute_distance import brute_embeddings, brute_labels, nearest

torch = pytest.importorskip("torch")

from imagenet_s.metrics.distance_matching import (  # noqa: E402
    label_pixels,
    resize_nearest,
    segment_embeddings,
    upsample,
)

pytestmark = pytest.mark.torch


def to(array):
    return torch.from_numpy(np.array(array))


@pytest.fixture
def generator():
    return np.random.default_rng(4)


@pytest.mark.parametrize("mask_size", [(12, 15), (24, 30), (6, 5), (50, 37)])
def test_embeddings(generator, mask_size):
    features = generator.standard_normal((7, 12, 15))
    mask = generator.choice([0, 3, 919, 1000], mask_size)
    means, ids = segment_embeddings(to(features), to(mask))
    expected = brute_embeddings(features, mask)
    assert ids.tolist() == list(expected)
    assert np.asarray(means) == pytest.approx(np.array(list(expected.values())), abs=1e-12)
    with_arrays, _ = segment_embeddings(to(features), mask.astype(np.uint16))
    assert np.array_equal(np.asarray(with_arrays), np.asarray(means))


def test_nothing_but_ignored_pixels():
    means, ids = segment_embeddings(to(np.ones((3, 2, 2))), to(np.full((2, 2), 1000)))
    assert (tuple(means.shape), tuple(ids.shape)) == ((0, 3), (0,))


@pytest.mark.parametrize(
    ("segments", "k", "chunk"), [(40, 10, None), (40, 10, 7), (40, 1, 1), (5, 10, None), (200, 3, 50)]
)
def test_labels(generator, segments, k, chunk):
    features = generator.standard_normal((6, 9, 11))
    bank = generator.standard_normal((segments, 6))
    bank /= np.linalg.norm(bank, axis=1, keepdims=True)
    ids = generator.choice([0, 1, 50, 919], segments)
    labels = label_pixels(to(features), to(bank), to(ids), k=k, chunk=chunk)
    assert np.array_equal(np.asarray(labels), brute_labels(features, bank, ids, k, 0.07))
    assert labels.dtype == torch.int64


def test_votes_are_summed_by_class_and_a_tie_goes_to_the_lowest():
    bank = np.array([[1.0, 0.0], [0.8, 0.6], [0.8, -0.6]])
    pixel = np.array([1.0, 0.0]).reshape(2, 1, 1)
    assert label_pixels(to(pixel), to(bank), to(np.array([9, 2, 2])), k=3, temperature=1.0).tolist() == [[2]]
    assert label_pixels(to(pixel), to(bank), to(np.array([9, 2, 2])), k=3, temperature=0.07).tolist() == [[9]]
    assert label_pixels(to(pixel), to(bank[1:]), to(np.array([9, 2])), k=2).tolist() == [[2]]


@pytest.mark.parametrize("temperature", [0.07, 0.01, 1e-4])
def test_the_nearest_wins_at_every_temperature(temperature):
    """exp(1 / 0.01) is more than float32 holds: all votes would be equal, and the lowest id would win."""
    bank = np.array([[1, 0], [0.95, np.sqrt(1 - 0.95**2)]], np.float32)
    pixel = np.array([1, 0], np.float32).reshape(2, 1, 1)
    assert label_pixels(to(pixel), to(bank), to(np.array([9, 2])), k=2, temperature=temperature).tolist() == [[9]]


def test_float32_and_a_pixel_without_a_direction(generator):
    features = generator.standard_normal((4, 3, 3)).astype(np.float32)
    features[:, 0, 0] = 0
    labels = label_pixels(to(features), to(np.eye(4, dtype=np.float32)), to(np.array([5, 6, 7, 8])))
    assert labels[0, 0].tolist() == 5
    assert not np.isnan(np.asarray(labels, float)).any()


def test_a_mask_that_fits_finds_itself(generator):
    mask = np.kron(generator.integers(0, 5, (4, 4)), np.ones((8, 8), int))
    features = np.eye(5)[mask].transpose(2, 0, 1) + 0.05 * generator.standard_normal((5, 32, 32))
    means, ids = segment_embeddings(to(features), mask)
    assert np.array_equal(label_pixels(to(features), means, ids), mask)


def test_upsampling_by_hand():
    assert upsample(to([[[0.0, 4.0]]]), 2).tolist() == [[[0.0, 1.0, 3.0, 4.0]] * 2]


def test_nearest():
    assert resize_nearest(to(np.array([[1, 2], [3, 4]])), (3, 4)).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4]]
    assert resize_nearest(to(np.arange(5)[None]), (1, 2)).tolist() == [[0, 2]]


def test_nearest_is_that_of_torch(generator):
    for _ in range(300):
        (height, width), size = generator.integers(1, 700, 2), tuple(generator.integers(1, 300, 2).tolist())
        ids = np.arange(height)[:, None] * 1000 + np.arange(width)
        expected = torch.nn.functional.interpolate(torch.from_numpy(ids)[None, None].float(), size, mode="nearest")
        assert np.array_equal(resize_nearest(ids, size), expected[0, 0].numpy()), (height, width, size)


def test_nearest_rounds_as_float32_does():
    # Where place * before / after is a whole number, float32 may end just below it.
    differing = [
        (before, after)
        for before in range(1, 120)
        for after in range(1, 120)
        if not np.array_equal(
            resize_nearest(np.arange(before)[None], (1, after))[0], np.arange(after) * before // after
        )
    ]
    assert differing
    for before, after in differing:
        places = resize_nearest(np.arange(before)[None], (1, after))[0].tolist()
        assert places == [nearest(place, before, after) for place in range(after)]


@pytest.mark.parametrize("lengths", [(1.0, 1.0), (0.01, 0.01), (0.1, 50.0)])
def test_a_bank_of_any_length_votes_alike(generator, lengths):
    features = generator.standard_normal((6, 9, 11))
    bank = generator.standard_normal((40, 6))
    bank /= np.linalg.norm(bank, axis=1, keepdims=True)
    ids = generator.choice([0, 1, 50, 919], 40)
    scaled = bank * generator.uniform(*lengths, (40, 1))
    labels = label_pixels(to(features), to(scaled), to(ids))
    assert np.array_equal(np.asarray(labels), brute_labels(features, bank, ids, 10, 0.07))
    assert label_pixels(to(features), to(np.zeros((3, 6))), to(np.array([7, 7, 8])), k=3).tolist() == [[7] * 11] * 9


def test_memory_is_bounded_by_the_chunk(generator):
    # 90,000 pixels by 4,000 segments would be 1.4 GB of similarities.
    import resource

    features = generator.standard_normal((8, 300, 300)).astype(np.float32)
    bank = generator.standard_normal((4000, 8)).astype(np.float32)
    label_pixels(to(features[:, :20]), to(bank), to(np.arange(4000) % 9))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    label_pixels(to(features), to(bank), to(np.arange(4000) % 9))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # kB


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: upsample(np.ones((3, 4, 4))), "expected a tensor"),
        (lambda: segment_embeddings(torch.ones((3, 4)), torch.ones((3, 4))), "expected D x H x W"),
        (
            lambda: segment_embeddings(torch.ones((3, 4, 4), dtype=torch.int64), torch.ones((4, 4))),
            "expected floating point",
        ),
        (lambda: segment_embeddings(torch.ones((3, 4, 4)), torch.ones((1, 4, 4))), "expected H x W ids"),
        (lambda: label_pixels(torch.ones((3, 4, 4)), torch.ones((5, 2)), torch.ones(5)), "expected N x 3"),
        (lambda: label_pixels(torch.ones((3, 4, 4)), torch.ones((0, 3)), torch.ones(0)), "N at least 1"),
        (lambda: label_pixels(torch.ones((3, 4, 4)), torch.ones((5, 3)), torch.ones(4)), "expected as many"),
        (
            lambda: label_pixels(torch.ones((3, 4, 4)), torch.ones((5, 3)), torch.ones(5), k=0),
            "expected numbers above 0",
        ),
        (lambda: upsample(torch.ones((3, 4, 4)), 0), "factor=0"),
        (lambda: resize_nearest(torch.ones((3, 4)), (0, 4)), "cannot bring ids"),
    ],
)
def test_shapes_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("feature", "vector", "bank_id", "message"),
    [
        (np.nan, 1, 7, r"NaN, an infinity or vectors too long for .*float32 in the features"),
        (1e30, 1, 7, r"vectors too long for .*float32 in the features"),
        (1, np.inf, 7, r"in the bank: they have no direction"),
        (1, 1, -1, r"the ids of the bank are -1\.\.-1: expected 0\.\.65535"),
        (1, 1, 70_000, r"the ids of the bank are 70000\.\.70000"),
        (1, 1, 7.5, r"the ids of the bank are float64"),
    ],
)
def test_nothing_is_labelled_by_what_has_no_direction(feature, vector, bank_id, message):
    features, bank = torch.full((3, 2, 2), float(feature)), torch.full((2, 3), float(vector))
    with pytest.raises(ValueError, match=message):
        label_pixels(features, bank, np.array([bank_id] * 2))
    if feature != 1:
        with pytest.raises(ValueError, match="in the features"):
            segment_embeddings(features, np.ones((2, 2), np.int64))
