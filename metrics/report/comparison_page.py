"""The page of two runs: each figure of both side by side, and the images in which they differ most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imagenet_s.metrics.report.page import template

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
class ImageOfBoth:
    """An image and its figure in both runs."""

    name: str
    a: float
    b: float


def html_comparison_page(
    a: Mapping[str, Sequence[Any]],
    b: Mapping[str, Sequence[Any]],
    differences: Mapping[str, Mapping[str, Any]],
    *,
    title: str,
    notes: Sequence[str] = (),
    confidence: float = 0.95,
    shown: int = 15,
) -> str:
    """A page on two runs over the same images; the same input gives the same page.

    Args:
        a: what `per_image` of the first run returned.
        b: what that of the second returned, in any order of images.
        differences: what `compare` returned, by figure.
        title: the heading.
        notes: sentences for the top.
        confidence: of the intervals.
        shown: how many images to list on either side.

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
    ranked_by = next((key for key in RANKED_BY if key in differences), next(iter(differences)))
    images = [ImageOfBoth(name, *pair) for name, pair in pairs[ranked_by].items()]
    images.sort(key=lambda one: (one.b - one.a, one.name))
    return template("comparison_page.html.jinja").render(
        title=title,
        notes=notes,
        figures=figures,
        confidence=100 * confidence,
        ranked_by=ranked_by,
        ends=[
            ("A is better", [one for one in images[:shown] if one.a > one.b]),
            ("B is better", [one for one in images[::-1][:shown] if one.b > one.a]),
        ],
    )


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
