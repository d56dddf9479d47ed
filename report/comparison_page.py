"""The page of two runs: each figure, the classes and the images of both side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .page import template
from .page_data import ranked_classes

RANKED_BY = ("mean_iou", "average_precision")
"""What orders the images, where the runs have it; else their first figure."""


@dataclass(frozen=True)
class FigureOfBoth:
    """The means of a figure over the images that have it in both runs, and their difference with its interval."""

    key: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True)
class ValuesOfBoth:
    """An image or a class, and its figure in both runs."""

    name: str
    a: float
    b: float


@dataclass(frozen=True)
class PictureOfBoth:
    """One image to look at: pictures as data URIs; `image` is empty where no image was at hand, or that of maps.

    Attributes:
        heading: under which it stands.
        name: of the image.
        a, b: its figure in both runs.
        image, reference, prediction_a, prediction_b: what is shown, in this order.
        legend: (colour, name) of its classes.
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


def html_comparison_page(
    a: Mapping[str, Sequence[Any]],
    b: Mapping[str, Sequence[Any]],
    differences: Mapping[str, Mapping[str, Any]],
    *,
    title: str,
    notes: Sequence[str] = (),
    confidence: float = 0.95,
    shown: int = 15,
    classes: Sequence[ValuesOfBoth] = (),
    pictures: Sequence[PictureOfBoth] = (),
) -> str:
    """A page on two runs over the same images; the same input gives the same page.

    Args:
        a: what `per_image` of the first run returned.
        b: what that of the second returned, in any order of images.
        differences: what `compare` returned, by figure.
        title: the heading.
        notes: sentences for the top.
        confidence: of the intervals.
        shown: how many images and classes to list on either side.
        classes: what `classes_of_both` returned, or the mean score of the maps of each class.
        pictures: images to look at, those under one heading together.

    Returns:
        HTML that asks for nothing from anywhere and runs nothing.
    """
    pairs = paired_figures(a, b, list(differences))
    figures = [
        FigureOfBoth(
            key,
            _mean([pair[0] for pair in pairs[key].values()]),
            _mean([pair[1] for pair in pairs[key].values()]),
            *(one[name] for name in ("difference", "low", "high", "wins", "ties", "losses")),
        )
        for key, one in differences.items()
    ]
    return template("comparison_page.html.jinja").render(
        title=title,
        notes=notes,
        figures=figures,
        masks="target" not in a,
        confidence=100 * confidence,
        ranked_by=ranked_by(differences),
        images=ends([ValuesOfBoth(name, *pair) for name, pair in pairs[ranked_by(differences)].items()], shown),
        classes=ends(classes, shown),
        all_classes=classes,
        pictures=pictures,
    )


def ranked_by(figures: Mapping[str, Any] | Sequence[str]) -> str:
    """The figure, of those that two runs have, by which their images are ordered."""
    return next((key for key in RANKED_BY if key in figures), next(iter(figures)))


def ends(values: Sequence[ValuesOfBoth], shown: int) -> list[tuple[str, list[ValuesOfBoth]]]:
    """(heading, what differs most under it), for either run that is better somewhere."""
    ordered = sorted(values, key=lambda one: (one.b - one.a, one.name))
    both = [
        ("A is better", [one for one in ordered[:shown] if one.a > one.b]),
        ("B is better", [one for one in ordered[::-1][:shown] if one.b > one.a]),
    ]
    return [(heading, found) for heading, found in both if found]


def classes_of_both(
    a: Mapping[str, Any], b: Mapping[str, Any], references: Sequence[Sequence[int]], labels: Sequence[str]
) -> list[ValuesOfBoth]:
    """The IoU of the classes that some reference holds, by class id.

    Args:
        a: what `MatchedIoU.compute` of the first run returned.
        b: what that of the second returned.
        references: `classes` of `MatchedIoU.per_image` of either.
        labels: C + 1 names, by class id.
    """
    found = [{one.id: one for one in ranked_classes(result, references, labels)[0]} for result in (a, b)]
    return [ValuesOfBoth(found[0][i].name, found[0][i].iou, found[1][i].iou) for i in sorted(found[0])]


def paired_figures(
    a: Mapping[str, Sequence[Any]], b: Mapping[str, Sequence[Any]], keys: Sequence[str]
) -> dict[str, dict[str, tuple[float, float]]]:
    """Figure -> image -> its values in both runs; an image without a value in one of them is left out."""
    places = {name: i for i, name in enumerate(b["name"])}
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for key in keys:
        both = {name: (float(a[key][i]), float(b[key][places[name]])) for i, name in enumerate(a["name"])}
        found[key] = {name: pair for name, pair in both.items() if not any(map(math.isnan, pair))}
    return found


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
