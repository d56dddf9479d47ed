"""The tables of the page of two runs as plain data: figures, classes and images of both. No HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..metrics.reliance.reliance_figures import DIFFERENCES
from .maps_tables import spread_by_class
from .masks_tables import ranked_classes
from .which_images import ValuesOfBoth

_NEITHER_GOOD_NOR_BAD = (*DIFFERENCES, "flipped")
"""Figures of reliance: how much an answer changes, not how often it is right."""


@dataclass(frozen=True)
class FigureOfBoth:
    """The means of a figure over the images that have it in both runs, and their difference with its interval.

    Attributes:
        words: what a run is where it has more of it, and where it has less.
    """

    key: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    wins: int
    ties: int
    losses: int
    words: tuple[str, str] = ("better", "worse")


@dataclass(frozen=True)
class PictureOfBoth:
    """One image to look at: pictures as data URIs; `image` is empty where no image was at hand, or that of maps.

    Attributes:
        heading: under which it stands.
        name: of the image.
        a, b: its figure in both runs.
        image, reference, prediction_a, prediction_b: what is shown, in this order.
        legend: (colour, name) of its classes.
        category: the class that maps were to find.
    """

    heading: str
    name: str
    a: float
    b: float
    image: str
    reference: str
    prediction_a: str
    prediction_b: str
    legend: Sequence[tuple[str, str]] = ()
    category: str = ""


def figures_of_both(
    a: Mapping[str, Sequence[Any]], b: Mapping[str, Sequence[Any]], differences: Mapping[str, Mapping[str, Any]]
) -> list[FigureOfBoth]:
    """The figures that were compared.

    Args:
        a: what `per_image` of the first run returned.
        b: what that of the second returned.
        differences: what `compare` returned, by figure.
    """
    figures = []
    for key, difference in differences.items():
        values = values_of_both(a, b, key)
        means = _mean([pair.a for pair in values]), _mean([pair.b for pair in values])
        fields = {name: difference[name] for name in ("difference", "low", "high", "wins", "ties", "losses")}
        words = ("higher", "lower") if key in _NEITHER_GOOD_NOR_BAD else ("better", "worse")
        figures.append(FigureOfBoth(key, *means, **fields, words=words))
    return figures


def values_of_both(a: Mapping[str, Sequence[Any]], b: Mapping[str, Sequence[Any]], key: str) -> list[ValuesOfBoth]:
    """A figure of each image in both runs; an image without a value in one of them is left out.

    Args:
        a: what `per_image` of the first run returned.
        b: what that of the second returned, in any order of images.
        key: the figure.
    """
    position = {name: i for i, name in enumerate(b["name"])}
    values = [ValuesOfBoth(name, float(a[key][i]), float(b[key][position[name]])) for i, name in enumerate(a["name"])]
    return [pair for pair in values if not math.isnan(pair.a) and not math.isnan(pair.b)]


def mask_classes_of_both(
    a: Mapping[str, Any], b: Mapping[str, Any], references: Sequence[Sequence[int]], labels: Sequence[str]
) -> list[ValuesOfBoth]:
    """The IoU of the classes that some reference holds, by class id.

    Args:
        a: what `MatchedIoU.compute` of the first run returned.
        b: what that of the second returned.
        references: `classes` of `MatchedIoU.per_image` of either.
        labels: C + 1 names, by class id.
    """
    scores = [{score.id: score for score in ranked_classes(result, references, labels)[0]} for result in (a, b)]
    return [ValuesOfBoth(scores[0][i].name, scores[0][i].iou, scores[1][i].iou) for i in sorted(scores[0])]


def map_classes_of_both(
    a: Mapping[str, Sequence[Any]], b: Mapping[str, Sequence[Any]], labels: Sequence[str], key: str
) -> list[ValuesOfBoth]:
    """The mean of a score over the images of each class, by class id.

    Args:
        a: what `Localization.per_image` of the first run returned.
        b: what that of the second returned.
        labels: C + 1 names, by class id.
        key: the score.
    """
    means = [{spread.id: spread.mean for spread in spread_by_class(run, labels, key)} for run in (a, b)]
    return [ValuesOfBoth(labels[i], means[0][i], means[1][i]) for i in sorted(means[0].keys() & means[1].keys())]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
