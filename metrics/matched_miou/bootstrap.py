"""Confidence intervals of the figures: a bootstrap over images, from their counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .count_table import CountTable, Ints
from .scores import HEADLINES, Floats, f_measures, image_hits, iou_terms, ious

_AT_ONCE = 100
"""Resamples calculated together: 100 x 12,419 weights are 10 MB."""


def bootstrap(
    table: CountTable, labels: Ints, samples: int = 1000, seed: int = 0, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of all headline figures.

    Each resample draws as many images as there are, with replacement, and computes every figure again; an image drawn
    twice counts twice. The match is the same in all of them. With one seed, the intervals depend on the order of the
    images: sort them by name.

    Args:
        table: the counts.
        labels: the class of each row's prediction.
        samples: number of resamples.
        seed: of `numpy.random.default_rng`.
        level: the fraction of the resamples that lies inside the interval.

    Returns:
        For each of `HEADLINES` the lower and upper end; NaN where no resample has the figure.
    """
    if samples < 2 or not 0 < level < 1:
        raise ValueError(
            f"samples={samples}, level={level}: expected at least 2 resamples and a level between 0 and 1."
        )
    generator = np.random.default_rng(seed)
    sums = [
        (terms.name, terms.per_category is not None, _matrices(table, terms.hit, terms.predicted, terms.actual))
        for terms in iou_terms(table, labels)
    ]
    # A class that only a few images hold is missing from many resamples. Counting it as 0 there, as the mean over all
    # ids does, would pull the interval below the figure itself: it is left out, and ids that no image holds stay 0.
    share = {
        name: float(((actual.sum(axis=1) + predicted.sum(axis=1)) > 0).mean())
        for name, every_id, (_, predicted, actual) in sums
        if every_id
    }
    hits, f = image_hits(table, labels).astype(np.int64), f_measures(table, labels)
    values: dict[str, list[Floats]] = {name: [] for name in HEADLINES}
    for weights in _draws(generator, table.num_images, samples):
        for name, every_id, (hit, predicted, actual) in sums:
            counted = (actual @ weights).T
            guessed = (predicted @ weights).T
            iou = ious((hit @ weights).T, guessed, counted)
            if every_id:
                values[name].append(_mean_of(iou, counted + guessed > 0) * share[name])
            else:
                values[name].append(_mean_of(iou, counted > 0))
        values["image_accuracy"].append(hits @ weights / table.num_images)
        # Not as a matrix product, whose order of additions depends on the processor.
        values["f_measure"].append((f[:, None] * weights).sum(axis=0) / table.num_images)
    return {name: _interval(np.concatenate(drawn), level) for name, drawn in values.items()}


def _draws(generator: np.random.Generator, num_images: int, samples: int) -> Iterator[Ints]:
    """Batches of images x resamples: how often each image was drawn."""
    for start in range(0, samples, _AT_ONCE):
        number = min(_AT_ONCE, samples - start)
        drawn = [
            np.bincount(generator.integers(num_images, size=num_images), minlength=num_images) for _ in range(number)
        ]
        yield np.stack(drawn, axis=1)


def _matrices(table: CountTable, *entries: tuple[Ints, Ints, Ints]) -> list[sparse.csr_matrix]:
    """Sparse matrices of ids x images with numbers of pixels."""
    shape = (table.num_classes + 1, table.num_images)
    return [sparse.coo_matrix((pixels, (ids, image)), shape).tocsr() for image, ids, pixels in entries]


def _mean_of(iou: Floats, chosen: NDArray[np.bool_]) -> Floats:
    number = chosen.sum(axis=1)
    return np.divide((iou * chosen).sum(axis=1), number, out=np.full(len(iou), np.nan), where=number > 0)


def _interval(drawn: Floats, level: float) -> tuple[float, float]:
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return float("nan"), float("nan")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
