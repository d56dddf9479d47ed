"""Which images a page shows: those with the lowest and highest values of a run, those in which two runs differ most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

_RANKED_BY = ("mean_iou", "average_precision")
"""What orders the images of two runs, where they have it; else their first figure."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class ValuesOfBoth:
    """An image or a class, and its figure in both runs."""

    name: str
    a: float
    b: float


def chosen_images(per_image: Mapping[str, Sequence[Any]], each: int = 3) -> list[tuple[str, int]]:
    """The images to show, as (rank, position): those of the lowest, middle and highest mean IoU.

    Args:
        per_image: what `MatchedIoU.per_image` returned.
        each: how many of each kind.
    """
    order = ascending(per_image, "mean_iou")
    if len(order) <= 3 * each:
        return [("all", i) for i in order]
    middle = (len(order) - each) // 2
    parts = (("worst", order[:each]), ("median", order[middle : middle + each]), ("best", order[-each:][::-1]))
    return [(rank, i) for rank, positions in parts for i in positions]


def images_of_groups(groups: Sequence[str], titles: Mapping[str, str], each: int = 3) -> list[tuple[str, int]]:
    """Examples of each group, as (title, position): evenly spread over the images of a group, in their order.

    Args:
        groups: what `MatchedIoU.image_groups` returned.
        titles: group -> heading, in the order of the page.
        each: how many of each group.
    """
    chosen = []
    for group, title in titles.items():
        positions = [i for i, own in enumerate(groups) if own == group]
        step = max(1, len(positions) // each)
        chosen += [(title, i) for i in positions[::step][:each]]
    return chosen


def ascending(per_image: Mapping[str, Sequence[Any]], key: str) -> list[int]:
    """The positions of the images that have a figure, the lowest first; of equal ones, by name."""
    scores, names = per_image[key], per_image["name"]
    return sorted((i for i, value in enumerate(scores) if not math.isnan(value)), key=lambda i: (scores[i], names[i]))


def best_and_worst(images: Sequence[Item], each: int) -> tuple[Sequence[Item], Sequence[Item]]:
    """The first and the last of images that are ordered from best to worst; no image is in both."""
    return images[:each], images[::-1][: min(each, max(0, len(images) - each))]


def ranked_by(keys: Mapping[str, Any] | Sequence[str]) -> str:
    """The figure, of those that two runs have, by which their images are ordered."""
    return next((key for key in _RANKED_BY if key in keys), next(iter(keys)))


def differing_most(
    values: Sequence[ValuesOfBoth], each: int, names: Sequence[str] = ("A", "B")
) -> list[tuple[str, list[ValuesOfBoth]]]:
    """(heading, what differs most under it), for either run that is better somewhere; `names` are those of the runs."""
    ordered = sorted(values, key=lambda value: (value.b - value.a, value.name))
    both = [
        (f"{names[0]} is better", [value for value in ordered[:each] if value.a > value.b]),
        (f"{names[1]} is better", [value for value in ordered[::-1][:each] if value.b > value.a]),
    ]
    return [(heading, chosen) for heading, chosen in both if chosen]
