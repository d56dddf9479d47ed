"""Confused pairs, against a count pixel by pixel in plain Python."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from imagenet_s.metrics import MatchedIoU


@pytest.mark.parametrize("matching", ["none", "hungarian", "majority"])
def test_confusions(matching: str) -> None:
    generator = np.random.default_rng(1)
    metric, pairs = MatchedIoU(6), []
    for _ in range(5):
        reference = generator.choice([0, 1, 2, 3, 4, 5, 6, 1000], (12, 11))
        # More clusters than classes, so that some get none, where clusters are matched.
        prediction = generator.integers(0, 7 if matching == "none" else 10, (12, 11))
        pairs.append((prediction, reference))
        metric.update(prediction, reference)
    match = metric.match(matching)
    pixels: Counter[tuple[int, int]] = Counter()
    images = defaultdict(set)
    for number, (prediction, reference) in enumerate(pairs):
        for cluster, true in zip(prediction.ravel().tolist(), reference.ravel().tolist()):
            label = match.get(cluster, -1)
            if true not in (1000, label):
                pixels[true, label] += 1
                images[true, label].add(number)
    expected = sorted(((-n, *pair) for pair, n in pixels.items()))
    confusions = metric.confusions(matching, limit=1000)
    assert [(-confusion.pixels, confusion.reference, confusion.predicted) for confusion in confusions] == expected
    assert all(confusion.images == len(images[confusion.reference, confusion.predicted]) for confusion in confusions)
    assert metric.confusions(matching, limit=3) == confusions[:3]


def test_nothing_is_confused() -> None:
    metric = MatchedIoU(2)
    metric.update(np.array([[0, 1]]), np.array([[0, 1]]))
    assert metric.confusions() == []
