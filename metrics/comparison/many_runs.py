"""`compare_many`: runs over the same images in order, with intervals, ranks, and what differs from the best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..matched_miou.bootstrap import interval
from .aligned_runs import Matchings, aligned_runs, matching_of
from .paired_statistics import holm, rank_interval, ranks, resampled_means, sign_flip_p_values
from .saved_run import Run


def compare_many(
    runs: Mapping[str, Run],
    key: str | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
    *,
    matching: Matchings = "none",
    lower_is_better: bool = False,
) -> dict[str, Any]:
    """Compare runs image by image, the best first.

    All runs are resampled alike, and images that have no value in one of them are left out. The same runs give the same
    result to the last bit, in whatever order they are given.

    Args:
        runs: name -> run, at least two of one kind, over the same images (and targets), every image with a name.
        key: a figure that `compare` has; the first that the runs have where none is given.
        resamples: number of resamples.
        confidence: the share of the resamples that lies inside an interval; differences count as certain at an adjusted
            p-value below 1 - confidence.
        seed: of `numpy.random.default_rng`.
        matching: of `MatchedIoU`: how clusters are matched, for all runs or one for each, in the order of `runs`.
        lower_is_better: for figures of one's own, as deletion.

    Returns:
        `key`, `num_images`, `confidence`, `lower_is_better`, and `runs`, the best first: for each its `name`; `value`,
        the mean over images, with its interval `low` and `high`; `difference` to the best (value - best), with
        `difference_low` and `difference_high`; `p`, of a paired sign-flip permutation test of the images' differences,
        and `p_adjusted` for the number of runs (Holm); `distinguishable`, whether that is below 1 - confidence;
        `rank_low` and `rank_high`, between which its rank lies in the resamples; `first`, the share of the resamples in
        which no other run is better. The best has a difference of 0 and a p of 1.

    Raises:
        ValueError: as `compare`; or fewer than two runs, or no image that has the figure in all of them.
    """
    if resamples < 2 or not 0 < confidence < 1:
        raise ValueError(
            f"resamples={resamples} (--resamples), confidence={confidence} (--confidence): expected at least 2, and a "
            "share between 0 and 1."
        )
    if isinstance(matching, (list, tuple)) and len(matching) not in (1, len(runs)):
        raise ValueError(f"{len(matching)} matchings for {len(runs)} runs (--matching): expected one, or one for each.")
    by_name = {name: matching_of(matching, position) for position, name in enumerate(runs)}
    aligned = aligned_runs({name: runs[name] for name in sorted(runs)}, [by_name[name] for name in sorted(runs)])
    key = next(iter(aligned.figures)) if key is None else key
    values = aligned.values(key)
    number = len(values)
    if not number:
        raise ValueError(f"no image has {key} in all of {', '.join(runs)}: is it a figure of all of them?")
    means = [math.fsum(column) / number for column in values.T.tolist()]
    sign = -1 if lower_is_better else 1
    order = sorted(range(len(means)), key=lambda i: (-sign * means[i], aligned.names[i]))
    best = order[0]
    resampled = resampled_means(values, resamples, seed)
    ranked = ranks(sign * resampled)
    p_values = dict(zip(order[1:], sign_flip_p_values(values[:, order[1:]] - values[:, [best]], seed)))
    adjusted = dict(zip(p_values, holm(list(p_values.values()))))

    def entry(i: int) -> dict[str, Any]:
        low, high = interval(resampled[:, i], confidence)
        difference_low, difference_high = interval(resampled[:, i] - resampled[:, best], confidence)
        rank_low, rank_high = rank_interval(ranked[:, i], confidence)
        return {
            "name": aligned.names[i],
            "value": means[i],
            "low": low,
            "high": high,
            "difference": means[i] - means[best],
            "difference_low": difference_low,
            "difference_high": difference_high,
            "p": p_values.get(i, 1.0),
            "p_adjusted": adjusted.get(i, 1.0),
            "distinguishable": adjusted.get(i, 1.0) < 1 - confidence,
            "rank_low": rank_low,
            "rank_high": rank_high,
            "first": float((ranked[:, i] == 1).mean()),
        }

    return {
        "key": key,
        "num_images": number,
        "confidence": confidence,
        "lower_is_better": lower_is_better,
        "runs": [entry(i) for i in order],
    }
