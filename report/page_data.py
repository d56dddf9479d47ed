"""What a report shows, as plain data: figures, classes in order, images in order. No HTML."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TITLES: Mapping[str, str] = {
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
"""Each headline figure as the official evaluator names it, in its order."""

Interval = tuple[float, float]

_BINS = 10
_NAMES = 3
"""How many class names are listed for one image."""


@dataclass(frozen=True)
class Figure:
    """A headline figure; NaN where there is no value, no interval where there is none or it is NaN."""

    key: str
    title: str
    value: float
    interval: Interval | None


@dataclass(frozen=True)
class ClassScore:
    """A class that some reference holds, and in how many images."""

    id: int
    name: str
    iou: float
    boundary: float
    images: int


@dataclass(frozen=True)
class ImageScore:
    """An image; its classes as text, most pixels first."""

    name: str
    mean_iou: float
    pixel_accuracy: float
    f_measure: float
    reference: str
    prediction: str


def percent(fraction: float) -> str:
    """A fraction as percent with two decimals; a dash where there is none."""
    return "–" if math.isnan(fraction) else f"{100 * fraction:.2f}"


def points(difference: float) -> str:
    """A difference of fractions in percentage points, with its sign; a dash where there is none."""
    return "–" if math.isnan(difference) else f"{100 * difference:+.2f}"


def ties(result: Mapping[str, Any]) -> str | None:
    """What the objective of the matching leaves open, as a sentence; None where that is nothing."""
    if not result["matching_open_pairs"]:
        return None
    low, high = map(percent, result["mean_iou_tie_range"])
    return (
        f"Pairs that the matching leaves open: {result['matching_open_pairs']:,}. Other matches are as good by its "
        f"objective; ties allow a mIoU of {low} to {high}."
    )


def headline_figures(result: Mapping[str, Any], intervals: Mapping[str, Interval]) -> dict[str, Figure]:
    """The twelve figures by their key, in the order of the official evaluator."""
    known = {key: interval for key, interval in intervals.items() if not math.isnan(interval[0])}
    return {key: Figure(key, title, result[key], known.get(key)) for key, title in TITLES.items()}


def ranked_classes(
    result: Mapping[str, Any], references: Sequence[Sequence[int]], labels: Sequence[str]
) -> tuple[list[ClassScore], list[str]]:
    """The classes of the references, best first, and the names of those in none of them.

    Args:
        result: what `MatchedIoU.compute` returned.
        references: for each image, the class ids 1..C of its reference.
        labels: C + 1 names, by class id.
    """
    images = Counter(i for ids in references for i in ids)
    images[0] = len(references)
    scores = zip(labels, result["per_category_iou"], result["per_category_boundary_iou"])
    classes = [ClassScore(i, *score, images[i]) for i, score in enumerate(scores)]
    # Classes that no reference holds have an IoU of 0, which says nothing of the method: they are listed by themselves.
    # Of classes with the same IoU, the one with more images says more: it is nearer to its end of the list.
    held = sorted((one for one in classes if one.images), key=lambda one: (-one.iou, -one.boundary, one.images, one.id))
    return held, [one.name for one in classes if not one.images]


def histogram(values: Iterable[float]) -> list[int]:
    """How many fractions lie in each tenth; the last one includes 1."""
    bins = [0] * _BINS
    for value in values:
        bins[min(int(value * _BINS), _BINS - 1)] += 1
    return bins


def ranked_images(per_image: Mapping[str, Sequence[Any]], labels: Sequence[str]) -> list[ImageScore]:
    """The images that have a mean IoU, worst first; `per_image` is what `MatchedIoU.per_image` returned."""
    scored = [i for i, value in enumerate(per_image["mean_iou"]) if not math.isnan(value)]
    return [
        ImageScore(
            name=str(per_image["name"][i]),
            mean_iou=per_image["mean_iou"][i],
            pixel_accuracy=per_image["pixel_accuracy"][i],
            f_measure=per_image["f_measure"][i],
            reference=_names(per_image["classes"][i], labels),
            prediction=_names(per_image["predicted_classes"][i], labels),
        )
        for i in sorted(scored, key=lambda i: (per_image["mean_iou"][i], per_image["name"][i]))
    ]


def _names(ids: Iterable[int], labels: Sequence[str]) -> str:
    names = [labels[i] for i in ids]
    more = [f"{len(names) - _NAMES:,} more"] if len(names) > _NAMES else []
    return ", ".join(names[:_NAMES] + more) or "–"
