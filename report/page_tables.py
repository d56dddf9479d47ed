"""The tables of a report as plain data: groups of classes, confused pairs, the matching, pictures. No HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .page_data import ClassScore


class Group(Protocol):
    """Some classes under one name, as `imagenet_s.conversion.facts.class_groups` has them."""

    @property
    def kind(self) -> str:
        """`"animals"`, `"things"` or `"other"`."""

    @property
    def name(self) -> str:
        """`"dogs"`, `"vehicles"`, ..."""

    @property
    def ids(self) -> Sequence[int]:
        """The class ids."""


@dataclass(frozen=True)
class GroupScore:
    """A group: the means over those of its classes that some reference holds."""

    kind: str
    name: str
    classes: int
    iou: float
    boundary: float


@dataclass(frozen=True)
class ConfusedPair:
    """Pixels of one class that were predicted as another."""

    reference: str
    predicted: str
    pixels: int
    images: int


@dataclass(frozen=True)
class Picture:
    """One image to look at: pictures as data URIs; `image` is empty where no image was at hand.

    Attributes:
        legend: (colour, name) of its classes; the colour is empty for a name that has none.
    """

    rank: str
    name: str
    mean_iou: float
    image: str
    reference: str
    prediction: str
    difference: str
    legend: Sequence[tuple[str, str]] = ()


def group_scores(groups: Iterable[Group], classes: Sequence[ClassScore]) -> list[GroupScore]:
    """The groups of which some class is in the references, in the order given.

    Args:
        groups: classes by their ids.
        classes: those that the references hold, from `ranked_classes`.
    """
    by_id = {one.id: one for one in classes}
    scores = []
    for group in groups:
        held = [by_id[i] for i in group.ids if i in by_id]
        if held:
            iou, boundary = (math.fsum(values) / len(held) for values in zip(*((c.iou, c.boundary) for c in held)))
            scores.append(GroupScore(group.kind, group.name, len(held), iou, boundary))
    return scores


def confused_pairs(confusions: Iterable[tuple[int, int, int, int]], labels: Sequence[str]) -> list[ConfusedPair]:
    """Names for what `MatchedIoU.confusions` returned."""
    return [
        ConfusedPair(labels[reference], labels[predicted] if predicted >= 0 else "no class", pixels, images)
        for reference, predicted, pixels, images in confusions
    ]


def matched_clusters(match: Mapping[int, int], labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """Cluster, class id and name, by cluster; nothing where every id stands for itself."""
    if all(cluster == label for cluster, label in match.items()):
        return []
    return [(cluster, match[cluster], labels[match[cluster]]) for cluster in sorted(match) if cluster]


def chosen_images(per_image: Mapping[str, Sequence[Any]], each: int) -> list[tuple[str, int]]:
    """The images to show, as (rank, position): those of the lowest, middle and highest mean IoU.

    Args:
        per_image: what `MatchedIoU.per_image` returned.
        each: how many of each kind.
    """
    scores, names = per_image["mean_iou"], per_image["name"]
    order = sorted((i for i, value in enumerate(scores) if not math.isnan(value)), key=lambda i: (scores[i], names[i]))
    if len(order) <= 3 * each:
        return [("all", i) for i in order]
    middle = (len(order) - each) // 2
    parts = (("worst", order[:each]), ("median", order[middle : middle + each]), ("best", order[-each:][::-1]))
    return [(rank, i) for rank, positions in parts for i in positions]
