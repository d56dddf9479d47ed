"""`compare`: two runs over the same images, each figure's difference with a paired bootstrap interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..matched_miou import bootstrap
from .aligned_runs import Matchings, aligned_runs
from .saved_run import Run

_TIE = 1e-12


def compare(
    a: Run,
    b: Run,
    key: str | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
    *,
    matching: Matchings = "none",
) -> dict[str, Any]:
    """Compare two runs image by image.

    Each resample draws as many images as there are, with replacement, and takes the mean of their differences; the
    interval spans the middle of these means. Images are sorted by name first, so the order of counting does not
    matter. An image that has no value in one of the runs is left out.

    Args:
        a: a `Localization` or `MatchedIoU`, every image of it with a name.
        b: another of the same kind, over the same images (and targets).
        key: a score of `Localization.keys`, or one of `MASK_KEYS`; all of them where none is given.
        resamples: number of resamples.
        confidence: the share of the resamples that lies inside the interval.
        seed: of `numpy.random.default_rng`.
        matching: for two `MatchedIoU`: how the clusters of both are matched, or a pair of matchings.

    Two `Localization` may read negative values differently (`relevance`), which belongs to a method as its maps do;
    their other options must be equal.

    Returns:
        For one key: `difference` (the mean of a - b), its interval `low` and `high`, `wins`, `ties` and `losses` of
        a, `num_images`. Without a key, such a dict for each key.

    Raises:
        ValueError: runs of two kinds or two configurations, options that differ, images that only one of them has, an
            image without a name, an unknown key.

    Examples:
        >>> from imagenet_s.metrics import Localization
        >>> runs = [Localization(), Localization()]
        >>> for run, peak in zip(runs, (1.0, -1.0)):
        ...     for name in ("cat", "dog"):
        ...         run.update([[peak, 0.0]], [[3, 0]], target=3, name=name)
        >>> compare(*runs, "pointing_game")["difference"]
        1.0
    """
    if resamples < 1 or not 0 < confidence < 1:
        raise ValueError(
            f"resamples={resamples} (--resamples), confidence={confidence} (--confidence): expected at least 1, and a "
            "share between 0 and 1."
        )
    runs = aligned_runs({"the first run": a, "the second run": b}, matching)
    result = {
        name: _difference(runs.values(name), resamples, confidence, seed)
        for name in (runs.figures if key is None else (key,))
    }
    return result if key is None else result[key]


def _difference(values: NDArray[np.float64], resamples: int, confidence: float, seed: int) -> dict[str, float | int]:
    d = values[:, 0] - values[:, 1]
    number = len(d)
    low = high = difference = math.nan
    if number:
        difference = math.fsum(d.tolist()) / number
        means = [d[positions].mean() for positions in bootstrap.resamples(number, resamples, seed)]
        low, high = bootstrap.interval(np.array(means), confidence)
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "wins": int((d > _TIE).sum()),
        "ties": int((np.abs(d) <= _TIE).sum()),
        "losses": int((d < -_TIE).sum()),
        "num_images": number,
    }
