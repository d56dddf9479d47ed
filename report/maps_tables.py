"""The tables of the page of maps as plain data: classes with the spread of their images, images, the curve. No HTML."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_POINTS = 5
"""One point of the curve for so many of its 1001 thresholds."""


@dataclass(frozen=True)
class ClassSpread:
    """A class: the mean over its images and the middle half of them."""

    id: int
    name: str
    mean: float
    quartiles: tuple[float, float]
    images: int


@dataclass(frozen=True)
class MapScore:
    """An image, and some of its scores."""

    name: str
    category: str
    values: list[float]


def spread_by_class(per_image: Mapping[str, Sequence[Any]], labels: Sequence[str], key: str) -> list[ClassSpread]:
    """The classes that some image was scored for, best first."""
    groups: dict[int, list[float]] = defaultdict(list)
    for target, value in zip(per_image["target"], per_image[key]):
        if not math.isnan(value):
            groups[target].append(value)
    classes = [
        ClassSpread(target, labels[target], math.fsum(values) / len(values), _quartiles(values), len(values))
        for target, values in groups.items()
    ]
    return sorted(classes, key=lambda spread: (-spread.mean, spread.images, spread.id))


def ranked_maps(
    per_image: Mapping[str, Sequence[Any]], labels: Sequence[str], key: str, shown: Sequence[str]
) -> list[MapScore]:
    """The images that have the score, best first, with the scores to show of them."""
    order = [i for i, value in enumerate(per_image[key]) if not math.isnan(value)]
    order.sort(key=lambda i: (-per_image[key][i], per_image["name"][i]))
    return [
        MapScore(per_image["name"][i], labels[per_image["target"][i]], [per_image[column][i] for column in shown])
        for i in order
    ]


def curve_points(edges: Sequence[float], ious: Sequence[float], width: float, height: float) -> str:
    """The curve as the points of an SVG polyline in a box, the origin at the lower left."""
    shown = [*range(0, len(edges) - 1, _POINTS), len(edges) - 1]
    return " ".join(f"{edges[i] * width:.1f},{(1 - ious[i]) * height:.1f}" for i in shown)


def _quartiles(values: list[float]) -> tuple[float, float]:
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, method="inclusive")
    return low, high
