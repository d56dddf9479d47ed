"""Resamples of images and the intervals that they give, for every metric; and those of the figures of masks."""

from __future__ import annotations

import itertools
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
    check_bootstrap(samples, level)
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
    for drawn in drawn_counts(table.num_images, samples, seed):
        weights = np.ascontiguousarray(drawn.T)
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
    return {name: interval(np.concatenate(parts), level) for name, parts in values.items()}


def resamples(number: int, samples: int, seed: int) -> Iterator[Ints]:
    """For each resample the positions of the images in it: as many as there are images, drawn with replacement."""
    generator = np.random.default_rng(seed)
    for _ in range(samples):
        yield generator.integers(number, size=number)


def drawn_counts(number: int, samples: int, seed: int) -> Iterator[Ints]:
    """How often each image is in each resample, resamples x images, some resamples at a time."""
    drawn = resamples(number, samples, seed)
    while part := [np.bincount(positions, minlength=number) for positions in itertools.islice(drawn, _AT_ONCE)]:
        yield np.stack(part)


def interval(values: Floats, level: float) -> tuple[float, float]:
    """The ends between which the fraction `level` of the values of all resamples lies; NaN where none has a value."""
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def check_bootstrap(samples: int, level: float) -> None:
    """Raise a ValueError for a number of resamples or a level from which no interval follows."""
    if samples < 2 or not 0 < level < 1:
        raise ValueError(
            f"samples={samples} (--bootstrap), level={level}: expected at least 2 resamples, and a level between 0 and "
            "1."
        )


def _matrices(table: CountTable, *entries: tuple[Ints, Ints, Ints]) -> list[sparse.csr_matrix]:
    """Sparse matrices of ids x images with numbers of pixels."""
    shape = (table.num_classes + 1, table.num_images)
    return [sparse.coo_matrix((pixels, (ids, image)), shape).tocsr() for image, ids, pixels in entries]


def _mean_of(iou: Floats, chosen: NDArray[np.bool_]) -> Floats:
    number = chosen.sum(axis=1)
    return np.divide((iou * chosen).sum(axis=1), number, out=np.full(len(iou), np.nan), where=number > 0)
