"""One map and one mask -> the scores of the image, and what it adds to the pooled figures."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .map_array import Floats, Mask
from .score_options import LAST, RANKED, ScoreOptions, Threshold

IGNORE_INDEX = 1000
"""The id of pixels that are left out of everything, in the official masks."""

EDGES: Floats = np.append(np.arange(1000) * 0.001, 1.0)
"""The left edges of the 1001 bins of a map scaled to 0..1."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ImageScores:
    """What is kept of an image."""

    values: Floats
    """The scores, in the order of `ScoreOptions.keys`; all NaN where the target is absent."""
    absent: bool
    """No valid pixel is of the target: the image enters no figure."""
    constant: bool
    full: bool
    """All valid pixels are of the target."""
    counts: Ints
    """tp, fp, fn, tn at the threshold `mean`."""
    above: Ints
    """2 x 1001: pixels of the target, and outside, whose scaled value is at or above each of `EDGES`."""
    pixels: tuple[int, int] = (0, 0)
    """Pixels of the target, and valid pixels."""


def check_target(target: Any, name: str) -> int:
    """The class id that a map should find, as an int, or a ValueError that names the image."""
    try:
        label = operator.index(target)
    except TypeError:
        raise ValueError(f"the target of {name} is {target!r}: expected a class id, a whole number.") from None
    if not 0 <= label <= 65535 or label == IGNORE_INDEX:
        raise ValueError(
            f"the target of {name} is {label}: expected the class id whose pixels the map should find, 0..65535 but "
            f"not {IGNORE_INDEX}, which marks ignored pixels."
        )
    return label


def score_image(values: Floats, mask: Mask, target: int, options: ScoreOptions) -> ImageScores:
    """Every score of one image.

    All scores follow from two sorted lists, the values on the target and those outside: the order of the pixels,
    and so a flip or a rotation, changes no bit.

    Args:
        values: H x W finite numbers.
        mask: H x W ids.
        target: the id of the target, not the ignored one.
        options: which scores.

    Examples:
        >>> image = score_image(np.eye(2), np.array([[3, 0], [0, 0]], np.uint16), 3, ScoreOptions())
        >>> dict(zip(ScoreOptions().keys, image.values.tolist()))["pointing_game"]
        0.5
    """
    inside = mask == target
    k = int(np.count_nonzero(inside))
    if not k:
        none = np.full(len(options.keys), np.nan)
        return ImageScores(none, True, False, False, np.zeros(4, np.int64), np.zeros((2, len(EDGES)), np.int64))
    if options.relevance != "signed":
        values = np.maximum(values, 0) if options.relevance == "positive" else np.abs(values)
    valid = mask != IGNORE_INDEX
    on, off = np.sort(values[inside]), np.sort(values[valid & ~inside])
    n = k + len(off)
    low, high = _extremes(on, off)
    constant = low == high
    scaled_on, scaled_off = (np.zeros_like(x) if constant else (x - low) / (high - low) for x in (on, off))
    levels = _Levels.of(on, off)
    ranked = {
        "pointing_game": _pointing_game(values, valid, inside, on, off, high, options.tolerance),
        "energy_pointing_game": _share_of_energy(on, off),
        "relevance_rank_accuracy": _rank_accuracy(on, off),
        "average_precision": levels.average_precision(),
        "auroc": levels.auroc(off),
        "mean_score_contrast": float(scaled_on.mean() - scaled_off.mean()) if n > k else math.nan,
        "image_max_iou": float((levels.true / (k + levels.false)).max()),
        "mean_average_precision": 0.5 if constant else _both_sides_precision(scaled_on, scaled_off),
    }
    cuts = {t: _cut(t, on, off, scaled_on, scaled_off) for t in {*options.thresholds, "mean"}}
    at_thresholds = [value for t in options.thresholds for value in _cut_scores(*cuts[t], k, n)]
    scores = [*(ranked[key] for key in RANKED), *at_thresholds, *(ranked[key] for key in LAST)]
    tp, fp = cuts["mean"]
    return ImageScores(
        np.array(scores, np.float64),
        absent=False,
        constant=constant,
        full=n == k,
        counts=np.array([tp, fp, k - tp, n - k - fp], np.int64),
        above=np.stack([_count_from(x, EDGES) for x in (scaled_on, scaled_off)]),
        pixels=(k, n),
    )


@dataclass(frozen=True)
class _Levels:
    """The distinct values v of the target's pixels, and what {x >= v} holds."""

    values: Floats
    weight: Ints
    """Pixels of the target at each level."""
    true: Ints
    """Pixels of the target at or above it."""
    false: Ints
    """Pixels outside at or above it."""

    @classmethod
    def of(cls, on: Floats, off: Floats) -> _Levels:
        """From sorted values; a level that only pixels outside have changes neither recall nor the greatest IoU."""
        starts = np.flatnonzero(np.concatenate([[True], on[1:] != on[:-1]]))
        values = on[starts]
        return cls(values, np.diff(starts, append=len(on)), len(on) - starts, _count_from(off, values))

    def average_precision(self) -> float:
        return float((self.weight * (self.true / (self.true + self.false))).sum() / self.true[0])

    def auroc(self, off: Floats) -> float:
        """In integers: each pair that is in order counts two, each tie one."""
        if not len(off):
            return math.nan
        not_above = np.searchsorted(off, self.values, "right")
        twice = int((self.weight * (len(off) - self.false + not_above)).sum())
        return twice / (2 * int(self.true[0]) * len(off))


def _extremes(on: Floats, off: Floats) -> tuple[float, float]:
    if not len(off):
        return float(on[0]), float(on[-1])
    return float(min(on[0], off[0])), float(max(on[-1], off[-1]))


def _count_from(ordered: Floats, values: Floats) -> Ints:
    """How many are at or above each value."""
    return (len(ordered) - np.searchsorted(ordered, values, "left")).astype(np.int64)


def _pointing_game(
    values: Floats, valid: NDArray[np.bool_], inside: NDArray[np.bool_], on: Floats, off: Floats, high: float, t: float
) -> float:
    hits = len(on) - int(np.searchsorted(on, high, "left"))
    maxima = hits + len(off) - int(np.searchsorted(off, high, "left"))
    if t > 1 and hits < maxima:
        from scipy.ndimage import distance_transform_edt

        near = distance_transform_edt(~inside) < t
        hits = int(np.count_nonzero(near & valid & (values == high)))
    return hits / maxima


def _share_of_energy(on: Floats, off: Floats) -> float:
    inner, outer = (float(x[np.searchsorted(x, 0, "right") :].sum()) for x in (on, off))
    return inner / (inner + outer) if inner + outer else 0.0


def _rank_accuracy(on: Floats, off: Floats) -> float:
    """The share of the target among the k greatest; ties at the cut-off count pro rata."""
    k, n = len(on), len(on) + len(off)
    cut = np.partition(np.concatenate([on, off]), n - k)[n - k]
    (a, a_and_b), (o, o_and_b) = (
        [len(x) - int(np.searchsorted(x, cut, side)) for side in ("right", "left")] for x in (on, off)
    )
    ties = a_and_b - a + o_and_b - o
    return (a + (k - a - o) * (a_and_b - a) / ties) / k


def _both_sides_precision(on: Floats, off: Floats) -> float:
    """Average precision of 2n scores: s with the label "target" and 1 - s with the label "outside"; n are true."""
    true, false = np.concatenate([on, 1 - off]), np.concatenate([off, 1 - on])
    return _Levels.of(np.sort(true), np.sort(false)).average_precision()


def _cut(threshold: Threshold, on: Floats, off: Floats, scaled_on: Floats, scaled_off: Floats) -> tuple[int, int]:
    """The pixels that a threshold picks, on the target and outside."""
    n = len(on) + len(off)
    if isinstance(threshold, str):
        if scaled_on[-1] == 0 and (not len(off) or scaled_off[-1] == 0):
            return 0, 0  # a constant map: no pixel is above the mean, whatever the mean was rounded to
        if threshold == "mean":
            mean = (on.sum() + off.sum()) / n
            tp, fp = (len(x) - int(np.searchsorted(x, mean, "right")) for x in (on, off))
            return tp, fp
        mean = (scaled_on.sum() + scaled_off.sum()) / n
        variance = (((scaled_on - mean) ** 2).sum() + ((scaled_off - mean) ** 2).sum()) / n
        threshold = float(mean + math.sqrt(variance))
    tp, fp = (len(x) - int(np.searchsorted(x, threshold, "left")) for x in (scaled_on, scaled_off))
    return tp, fp


def _cut_scores(tp: int, fp: int, k: int, n: int) -> tuple[float, float, float, float]:
    """In the order of `options.CUT`."""
    picked = tp + fp
    return tp / (k + fp), (tp + n - k - fp) / n, tp / k, tp / picked if picked else 0.0
