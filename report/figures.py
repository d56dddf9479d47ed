"""Figures as a reader sees them: their titles, and fractions as percent with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..conversion.core.read_only_dict import ReadOnlyDict
from ..conversion.facts import CONFIG_NAMES, categories

TITLES: Mapping[str, str] = ReadOnlyDict(
    {
        "image_accuracy": "Acc",
        "mean_iou": "mIoU",
        "boundary_mean_iou": "mBIoU",
        "mean_iou_s": "S",
        "mean_iou_ms": "MS",
        "mean_iou_ml": "ML",
        "mean_iou_l": "L",
        "boundary_mean_iou_s": "BS",
        "boundary_mean_iou_ms": "BMS",
        "boundary_mean_iou_ml": "BML",
        "boundary_mean_iou_l": "BL",
        "f_measure": "FMeasure",
    }
)
"""Each headline figure as the official evaluator names it, in its order."""

Interval = tuple[float, float]

_BINS = 10
_TOLD_APART = ("split", "list", "matching", "target", "average", "thresholds", "tolerance", "relevance", "resize")
"""What of a run's record a page says, in this order."""


@dataclass(frozen=True)
class Figure:
    """A headline figure; NaN where there is no value, no interval where there is none or it is NaN."""

    key: str
    title: str
    value: float
    interval: Interval | None


def percent(fraction: float) -> str:
    """A fraction as percent with two decimals; a dash where there is none."""
    return "–" if math.isnan(fraction) else f"{100 * fraction:.2f}"


def points(difference: float) -> str:
    """A difference of fractions in percentage points, with its sign; a dash where there is none."""
    return "–" if math.isnan(difference) else f"{100 * difference:+.2f}"


def interval_cell(interval: Interval, number: Callable[[float], str] = percent, width: int = 6) -> str:
    """An interval for a column of a table: both ends `width` characters wide; a dash where there is none."""
    low, high = map(number, interval)
    return low.rjust(width) if math.isnan(interval[0]) else f"{low:>{width}} to {high:>{width}}"


def counted_noun(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun: 1 image, 2 images."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def class_labels(config: str) -> list[str]:
    """The names of the classes of a configuration, by class id; the ids of any other number of classes."""
    if config in CONFIG_NAMES:
        return list(categories(config).names)
    return ["other", *(str(i) for i in range(1, int(config) + 1))]


def run_notes(run: Mapping[str, Any]) -> list[str]:
    """How the figures of a run were made, for a page.

    Args:
        run: what `run_record` returned.
    """
    values = {**(run["options"] or {}), **run}
    values["split"] = (run["options"] or {}).get("split")
    shown = [f"{name} {spelled(values[name])}" for name in _TOLD_APART if values.get(name) is not None]
    return [f"{'; '.join(filter(None, [counted_noun(run['num_images'], 'image'), ', '.join(shown)]))}."]


def matching_note(matchings: Mapping[str, object]) -> str:
    """How the ids of runs of masks became classes: name of the run -> matching.

    Examples:
        >>> matching_note({"a": "none", "b": "none"})
        'Matching: none.'
        >>> matching_note({"a": "hungarian", "b": "none"})
        'Matching: a hungarian, b none.'
    """
    different = len(set(map(str, matchings.values()))) > 1
    shown = [f"{name} {value}" if different else str(value) for name, value in matchings.items()]
    return f"Matching: {', '.join(dict.fromkeys(shown))}."


def spelled(value: Any) -> str:
    """The value of an option as the command line takes it."""
    if isinstance(value, (list, tuple)):
        return " ".join(map(spelled, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def ties(result: Mapping[str, Any]) -> str | None:
    """What the objective of the matching leaves open, as a sentence; None where that is nothing."""
    if not result["matching_open_pairs"]:
        return None
    low, high = map(percent, result["mean_iou_tie_range"])
    return (
        f"Pairs that the matching leaves open: {result['matching_open_pairs']:,}. Other matches are as good by its "
        f"objective; ties allow a mIoU of {low} to {high}."
    )


def figures_of(
    result: Mapping[str, Any], titles: Mapping[str, str], intervals: Mapping[str, Interval] | None
) -> dict[str, Figure]:
    """Some figures of a result by their key, in the order of the titles.

    Args:
        result: what `compute` returned.
        titles: key -> title.
        intervals: what `bootstrap` returned; None for none.
    """
    known = {key: interval for key, interval in (intervals or {}).items() if not math.isnan(interval[0])}
    return {key: Figure(key, title, result[key], known.get(key)) for key, title in titles.items()}


def histogram(fractions: Iterable[float]) -> list[int]:
    """How many fractions lie in each tenth; the last one includes 1."""
    bins = [0] * _BINS
    for fraction in fractions:
        bins[min(int(fraction * _BINS), _BINS - 1)] += 1
    return bins
