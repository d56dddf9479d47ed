"""The options of the scores, checked, and the names of the scores that follow from them."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

Threshold = float | str
"""A number from 0 to 1, `"mean"` or `"mean_std"`."""

RELEVANCES = ("signed", "positive", "absolute")
RESIZES = (None, "map", "mask")

RANKED = (
    "pointing_game",
    "energy_pointing_game",
    "relevance_rank_accuracy",
    "average_precision",
    "auroc",
    "mean_score_contrast",
)
"""Scores that need no threshold, first in every table."""
CUT = ("iou", "pixel_accuracy", "ground_truth_coverage", "saliency_coverage")
"""Scores at each threshold, named `<score>_at_<threshold>`."""
LAST = ("image_max_iou", "mean_average_precision")

PRESETS = {"chefer": ("pixel_accuracy", "mean_iou", "mean_average_precision")}
"""The figures of a protocol: those of Transformer-Explainability (Chefer et al., CVPR 2021), all at the mean."""


@dataclass(frozen=True)
class ScoreOptions:
    """How maps are read and which scores are computed; two runs add up only with the same options."""

    thresholds: tuple[Threshold, ...] = (0.5, "mean")
    tolerance: float = 0
    relevance: str = "signed"
    resize: str | None = None

    @property
    def keys(self) -> list[str]:
        """The names of the scores of an image, in their order."""
        return [*RANKED, *(f"{score}_at_{show(t)}" for t in self.thresholds for score in CUT), *LAST]


def check_options(
    thresholds: Sequence[Threshold], tolerance: float, relevance: str, resize: str | None
) -> ScoreOptions:
    """The arguments of `Localization` as options.

    Raises:
        ValueError: one of them means nothing.
    """
    if isinstance(thresholds, (str, bytes, numbers.Real)):
        thresholds = (thresholds,)  # type: ignore[assignment]
    checked = tuple(_threshold(threshold) for threshold in thresholds)
    names = [show(threshold) for threshold in checked]
    if len(set(names)) < len(names):
        raise ValueError(f"thresholds={tuple(names)}: the same threshold twice (six digits are told apart).")
    if not isinstance(tolerance, numbers.Real) or not 0 <= float(tolerance) < math.inf:
        raise ValueError(f"tolerance={tolerance!r} (--tolerance): expected a distance in pixels, 0 or 1 for none.")
    if relevance not in RELEVANCES:
        raise ValueError(f"relevance={relevance!r}: expected one of {RELEVANCES}.")
    if resize not in RESIZES:
        raise ValueError(f"resize={resize!r}: expected one of {RESIZES}: what is brought to the other's size.")
    return ScoreOptions(checked, float(tolerance), relevance, resize)


def differing_options(a: ScoreOptions, b: ScoreOptions) -> list[tuple[str, Any, Any]]:
    """(name, value in a, value in b) of the options that differ."""
    pairs = [(field.name, getattr(a, field.name), getattr(b, field.name)) for field in fields(a)]
    return [(name, first, second) for name, first, second in pairs if first != second]


def show(threshold: Threshold) -> str:
    """A threshold as the names of scores have it."""
    return threshold if isinstance(threshold, str) else format(threshold, "g")


def _threshold(value: Any) -> Threshold:
    if isinstance(value, str) and value in ("mean", "mean_std"):
        return value
    if isinstance(value, numbers.Real) and not isinstance(value, bool) and 0 <= float(value) <= 1:
        return float(value)
    raise ValueError(
        f'threshold {value!r}: expected a number from 0 to 1 (maps are scaled to this range), "mean" or "mean_std".'
    )
