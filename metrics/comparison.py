"""`compare`: two runs over the same images, each figure's difference with a paired bootstrap interval."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..conversion.core.errors import cause
from ..conversion.core.paths import local_path
from .matched_miou import bootstrap
from .matched_miou.counts_file import DAMAGED_NPZ
from .matched_miou.matching import Matching
from .matched_miou.metric import MatchedIoU
from .reliance.object_reliance import ObjectReliance
from .reliance.reliance_figures import DIFFERENCES
from .reliance.reliance_file import FORMAT as ANSWERS_FORMAT
from .saliency.localization_metric import Localization
from .saliency.scores_file import FORMAT as SCORES_FORMAT

Run = Localization | MatchedIoU | ObjectReliance

MASK_KEYS = ("mean_iou", "pixel_accuracy", "f_measure", "image_accuracy")
"""The figures that `MatchedIoU.per_image` gives for an image; its `mean_iou` is over the ids that the image holds."""

_TIE = 1e-12
_SHOWN = 5


def compare(
    a: Run,
    b: Run,
    key: str | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
    *,
    matching: Matching | Sequence[Matching] = "none",
) -> dict[str, Any]:
    """Compare two runs image by image.

    Each resample draws as many images as there are, with replacement, and takes the mean of their differences; the
    interval spans the middle of these means. Images are sorted by name first, so the order of counting does not
    matter. An image that has no value in one of the runs is left out.

    Args:
        a: a `Localization`, `MatchedIoU` or `ObjectReliance`, every image of it with a name.
        b: another of the same kind, over the same images (and targets).
        key: a score of `Localization.keys`, one of `MASK_KEYS`, or a figure that both `ObjectReliance.per_image` have;
            all of them where none is given.
        resamples: number of resamples.
        confidence: the share of the resamples that lies inside the interval.
        seed: of `numpy.random.default_rng`.
        matching: for two `MatchedIoU`: how the clusters of both are matched, or a pair of matchings.

    Returns:
        For one key: `difference` (the mean of a - b), its interval `low` and `high`, `wins`, `ties` and `losses` of
        a, `num_images`. Without a key, such a dict for each key.

    Raises:
        ValueError: runs of two kinds, images that only one of them has, an image without a name, an unknown key.

    Examples:
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
    first, second, keys = _columns(a, b, matching)
    if key is not None and key not in keys:
        raise ValueError(f"key={key!r} (--key): these runs have {', '.join(keys)}.")
    for run in (a, b):
        if not all(run.names):  # per_image would call it by its number, which differs between runs
            raise ValueError(f"{run!r} has an image without a name: give update a name, by which images are paired.")
    order = _paired(first, second)
    result = {
        name: _difference(first[name], second[name], order, resamples, confidence, seed)
        for name in (keys if key is None else (key,))
    }
    return result if key is None else result[key]


def load_run(path: str | os.PathLike[str]) -> Run:
    """The counts, scores or answers that `MatchedIoU.save`, `Localization.save` or `ObjectReliance.save` wrote.

    Raises:
        ValueError: the file holds none of them.
        FileNotFoundError: there is no file.
    """
    path = local_path(path)
    try:
        with np.load(path, allow_pickle=False) as data:
            form = str(data["format"])
    except FileNotFoundError:
        raise
    except DAMAGED_NPZ as error:
        raise ValueError(
            f"{path} holds no counts and no scores ({cause(error)}): expected what `imagenet-s evaluate` or "
            "`evaluate-maps` writes with --save-counts, or what `ObjectReliance.save` wrote."
        ) from error
    if form == ANSWERS_FORMAT:
        return ObjectReliance.load(path)
    return Localization.load(path) if form == SCORES_FORMAT else MatchedIoU.load(path)


def _columns(
    a: Run, b: Run, matching: Matching | Sequence[Matching]
) -> tuple[Mapping[str, list[Any]], Mapping[str, list[Any]], Sequence[str]]:
    if isinstance(a, Localization) and isinstance(b, Localization):
        if a.options != b.options:
            raise ValueError(f"the runs were scored with different options: {a.options} and {b.options}.")
        return a.per_image(), b.per_image(), a.keys
    if isinstance(a, MatchedIoU) and isinstance(b, MatchedIoU):
        if (a.num_classes, a.ignore_index) != (b.num_classes, b.ignore_index):
            raise ValueError(f"the runs count different classes: {a!r} and {b!r}.")
        match_a, match_b = matching if isinstance(matching, (list, tuple)) else (matching, matching)
        return a.per_image(match_a), b.per_image(match_b), MASK_KEYS
    if isinstance(a, ObjectReliance) and isinstance(b, ObjectReliance):
        if (a.num_classes, a.labels) != (b.num_classes, b.labels):
            raise ValueError(f"the runs number classes differently: {a!r} and {b!r}.")
        first, second = a.per_image(), b.per_image()
        return first, second, [key for key in reliance_keys(first) if key in reliance_keys(second)]
    raise ValueError(
        f"cannot compare a {type(a).__name__} with a {type(b).__name__}: expected two Localization, two MatchedIoU or "
        "two ObjectReliance."
    )


def reliance_keys(per_image: Mapping[str, list[Any]]) -> list[str]:
    """The figures of `ObjectReliance.per_image`, among its other columns."""
    return [key for key in per_image if key.startswith("top1_") or key in ("flipped", *DIFFERENCES)]


def _paired(first: Mapping[str, list[Any]], second: Mapping[str, list[Any]]) -> tuple[list[int], list[int]]:
    """The positions of every image in both runs, images sorted by name."""
    positions = [{name: i for i, name in enumerate(run["name"])} for run in (first, second)]
    for which, only in (
        ("first", positions[0].keys() - positions[1].keys()),
        ("second", positions[1].keys() - positions[0].keys()),
    ):
        if only:
            shown = ", ".join(sorted(only)[:_SHOWN]) + (" and more" if len(only) > _SHOWN else "")
            raise ValueError(
                f"only the {which} run has {len(only):,} of its {len(positions[which == 'second']):,} images: {shown}. "
                "Expected the same images in both, each with a name: score the others too, or leave these out."
            )
    names = sorted(positions[0])
    order = [positions[0][name] for name in names], [positions[1][name] for name in names]
    if "target" in first:
        for name, i, j in zip(names, *order):
            if first["target"][i] != second["target"][j]:
                raise ValueError(
                    f"{name} was scored for class {first['target'][i]} in the first run and for class "
                    f"{second['target'][j]} in the second: expected the same targets."
                )
    return order


def _difference(
    first: list[Any],
    second: list[Any],
    order: tuple[list[int], list[int]],
    resamples: int,
    confidence: float,
    seed: int,
) -> dict[str, float | int]:
    d = np.array([first[i] for i in order[0]], np.float64) - np.array([second[j] for j in order[1]], np.float64)
    d = d[~np.isnan(d)]
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
