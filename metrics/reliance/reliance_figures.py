"""The figures of `ObjectReliance`: accuracies by kind, differences of kinds, and their intervals.

A figure is a quotient of two sums over images: of what counts for it, and of what it is counted among. All are small
integers, whose sums do not depend on the order of the images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..class_ranks import TOP
from ..matched_miou import bootstrap

SIZES = ("s", "ms", "ml", "l")
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
DIFFERENCES = {
    "background_gap": ("mixed_same", "mixed_random"),
    "object_only_drop": ("original", "object"),
}
"""Figure -> the two kinds of which the accuracies are subtracted."""
_BINS = dict(zip(SIZES, ((0, 0.05), (0.05, 0.25), (0.25, 0.5), (0.5, 1))))
"""Size of the object -> its share of the pixels that are not ignored: above the first, up to the second.

As the official evaluator has them: ceil(100 share) up to 5, 25, 50."""


class Quotient(NamedTuple):
    """A figure as columns over images.

    Attributes:
        value: what an image adds to the numerator; 0 where it is not counted.
        counted: whether it is in the denominator.
        complete: whether it has every kind that the figure needs: these are resampled.
    """

    value: Ints
    counted: Bools
    complete: Bools


def figures(ranks: Mapping[str, Ints], shares: NDArray[np.float64]) -> tuple[dict[str, Quotient], dict[str, Quotient]]:
    """The figures, and those by size of the object.

    Args:
        ranks: kind -> the rank of the right class in each image's prediction; -1 for an image without the kind.
        shares: of the object in each image; NaN where it is not known.
    """
    has = {kind: rank >= 0 for kind, rank in ranks.items()}
    right = {kind: rank == 1 for kind, rank in ranks.items()}
    result, by_size = {}, {}
    for kind, rank in ranks.items():
        for k in TOP:
            result[f"top{k}_{kind}"] = Quotient(((rank >= 1) & (rank <= k)).astype(np.int64), has[kind], has[kind])
    for name, (first, second) in DIFFERENCES.items():
        if first in ranks and second in ranks:
            both = has[first] & has[second]
            difference = right[first].astype(np.int64) - right[second]
            result[name] = Quotient(np.where(both, difference, 0), both, both)
    if "background" in ranks:
        result["background_only"] = result["top1_background"]
    if "original" in ranks and "mixed_random" in ranks:
        both = has["original"] & has["mixed_random"]
        asked = both & right["original"]
        result["flipped"] = Quotient((asked & ~right["mixed_random"]).astype(np.int64), asked, both)
    for kind in ranks:
        for size, (above, up_to) in _BINS.items():
            # A share of 0 is small, too: ceil(0) is up to 5.
            inside = has[kind] & (shares <= up_to) & ((shares > above) | (above == 0))
            by_size[f"top1_{kind}_{size}"] = Quotient((inside & right[kind]).astype(np.int64), inside, inside)
    return result, by_size


def figure_value(figure: Quotient, groups: Ints | None) -> float:
    """The figure of the images, or its mean over groups of images; NaN where none is counted.

    Args:
        figure: its columns.
        groups: of each image; None for the figure of all images.
    """
    if groups is None:
        counted = int(figure.counted.sum())
        return int(figure.value.sum()) / counted if counted else float("nan")
    values, images = (np.bincount(groups, column) for column in (figure.value, figure.counted))
    occurring = images > 0
    return float((values[occurring] / images[occurring]).mean()) if occurring.any() else float("nan")


def figure_intervals(
    figures: Mapping[str, Quotient], groups: Ints | None, samples: int, seed: int, level: float
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of figures.

    Each resample draws, with replacement, as many images as have the kinds that a figure needs; a difference of kinds
    is of the same images, so its interval is paired.

    Args:
        figures: their columns, images sorted by name.
        groups: of each image, for means over groups; None for figures of all images.
        samples, seed, level: see `bootstrap.bootstrap`.
    """
    together: dict[bytes, list[str]] = {}
    for name, figure in figures.items():
        together.setdefault(figure.complete.tobytes(), []).append(name)
    result: dict[str, tuple[float, float]] = {}
    for names in together.values():
        complete = np.flatnonzero(figures[names[0]].complete)
        if not len(complete):
            result.update(dict.fromkeys(names, (float("nan"), float("nan"))))
            continue
        columns = [(figures[name].value[complete], figures[name].counted[complete]) for name in names]
        sums = [
            _group_sums(column, None if groups is None else groups[complete]) for pair in columns for column in pair
        ]
        values: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
        for drawn in bootstrap.drawn_counts(len(complete), samples, seed):
            weights = np.ascontiguousarray(drawn.T, np.float64)  # exact: all are small integers
            for i, name in enumerate(names):
                value, counted = sums[2 * i] @ weights, sums[2 * i + 1] @ weights
                values[name].append(_mean_of_quotients(value, counted))
        result.update({name: bootstrap.interval(np.concatenate(parts), level) for name, parts in values.items()})
    return {name: result[name] for name in figures}


def per_image_columns(figures: Mapping[str, Quotient], kinds: Sequence[str]) -> dict[str, list[float]]:
    """The value of each image for the figures that runs are compared by; NaN where it is not counted."""
    names = [*(f"top1_{kind}" for kind in kinds), *DIFFERENCES, "flipped"]
    return {
        name: np.where(figures[name].counted, figures[name].value, np.nan).tolist() for name in names if name in figures
    }


def _group_sums(column: NDArray[Any], groups: Ints | None) -> sparse.csr_matrix:
    """A matrix of groups x images that sums a column by group; of one row where there are no groups."""
    rows = np.zeros(len(column), np.int64) if groups is None else groups
    height = int(rows.max(initial=0)) + 1
    matrix = sparse.coo_matrix((column.astype(np.float64), (rows, np.arange(len(column)))), (height, len(column)))
    return matrix.tocsr()


def _mean_of_quotients(value: NDArray[np.float64], counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each resample the mean over the groups that it counts; NaN where it counts none."""
    occurring = counted > 0
    quotients = np.divide(value, counted, out=np.zeros(value.shape), where=occurring)
    number = occurring.sum(axis=0)
    return np.divide(quotients.sum(axis=0), number, out=np.full(number.shape, np.nan), where=number > 0)
