"""Means over images or over categories, exactly rounded, and their bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..matched_miou.bootstrap import check_bootstrap, drawn_counts, interval
from .map_array import Floats
from .score_formulas import Ints

AVERAGES = ("image", "category")


def check_average(average: str) -> str:
    """`average`, or a ValueError that says which there are."""
    if average not in AVERAGES:
        raise ValueError(f"average={average!r}: expected one of {AVERAGES}.")
    return average


def means(values: Floats, targets: Sequence[int], average: str) -> list[float]:
    """The mean of each column; NaN is left out, in the means over the images of a category and over categories.

    Sums are exactly rounded (`math.fsum`): the order of the images changes no bit.

    Args:
        values: images x scores.
        targets: the class id of each image.
        average: `"image"` or `"category"`.
    """
    if average == "image":
        return [_mean(column) for column in values.T.tolist()]
    order = np.argsort(np.asarray(targets, np.int64), kind="stable")
    groups = np.split(values[order], np.flatnonzero(np.diff(np.asarray(targets)[order])) + 1) if len(targets) else []
    return [_mean([_mean(group[:, i].tolist()) for group in groups]) for i in range(values.shape[1])]


def bootstrap(
    values: Floats, targets: Sequence[int], average: str, samples: int, seed: int, level: float
) -> list[tuple[float, float]]:
    """Percentile intervals of `means`: each resample draws as many images as there are, with replacement.

    Returns:
        The lower and upper end for each column; NaN where no resample has the figure.
    """
    check_bootstrap(samples, level)
    number, columns = values.shape
    if not number:
        return [(math.nan, math.nan)] * columns
    order = np.argsort(np.asarray(targets, np.int64), kind="stable") if average == "category" else np.arange(number)
    present = ~np.isnan(values)
    filled = np.where(present, values, 0.0)
    starts = np.array([0])
    if average == "category":
        starts = np.concatenate([[0], np.flatnonzero(np.diff(np.asarray(targets)[order])) + 1])
    drawn = np.concatenate(
        [
            _weighted_means(filled[order], present[order], weights[:, order], starts)
            for weights in drawn_counts(number, samples, seed)
        ]
    )
    return [interval(column, level) for column in drawn.T]


def _weighted_means(filled: Floats, present: np.ndarray, weights: Ints, starts: np.ndarray) -> Floats:
    """Resamples x columns: the means over groups of the means in each group."""
    result = np.empty((len(weights), filled.shape[1]))
    for i in range(filled.shape[1]):
        sums = np.add.reduceat(weights * filled[:, i], starts, axis=1)
        sizes = np.add.reduceat(weights * present[:, i], starts, axis=1)
        group = np.divide(sums, sizes, out=np.zeros_like(sums), where=sizes > 0)
        groups = (sizes > 0).sum(axis=1)
        result[:, i] = np.divide(group.sum(axis=1), groups, out=np.full(len(weights), np.nan), where=groups > 0)
    return result


def _mean(values: Sequence[float]) -> float:
    present = [value for value in values if value == value]
    return math.fsum(present) / len(present) if present else math.nan
