"""The tables of the page of masks as plain data: classes, groups, images, confused pairs, the matching. No HTML."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .which_images import ascending

_NAMES = 3
"""How many class names are listed for one image."""


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
class ClassScore:
    """A class that some reference holds, and in how many images."""

    id: int
    name: str
    iou: float
    boundary: float
    images: int


@dataclass(frozen=True)
class GroupScore:
    """A group: the means over those of its classes that some reference holds."""

    kind: str
    name: str
    classes: int
    iou: float
    boundary: float


@dataclass(frozen=True)
class ImageScore:
    """An image; its classes as text, most pixels first."""

    name: str
    mean_iou: float
    pixel_accuracy: float
    f_measure: float
    reference: str
    prediction: str


@dataclass(frozen=True)
class ConfusedPair:
    """Pixels of one class that were predicted as another."""

    reference: str
    predicted: str
    pixels: int
    images: int


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
    held = sorted((c for c in classes if c.images), key=lambda c: (-c.iou, -c.boundary, c.images, c.id))
    return held, [c.name for c in classes if not c.images]


def group_scores(groups: Iterable[Group], classes: Sequence[ClassScore]) -> list[GroupScore]:
    """The groups of which some class is in the references, in the order given.

    Args:
        groups: classes by their ids.
        classes: those that the references hold, from `ranked_classes`.
    """
    by_id = {score.id: score for score in classes}
    scores = []
    for group in groups:
        held = [by_id[i] for i in group.ids if i in by_id]
        if held:
            iou, boundary = (math.fsum(values) / len(held) for values in zip(*((c.iou, c.boundary) for c in held)))
            scores.append(GroupScore(group.kind, group.name, len(held), iou, boundary))
    return scores


def ranked_images(per_image: Mapping[str, Sequence[Any]], labels: Sequence[str]) -> list[ImageScore]:
    """The images that have a mean IoU, worst first; `per_image` is what `MatchedIoU.per_image` returned."""
    return [
        ImageScore(
            name=str(per_image["name"][i]),
            mean_iou=per_image["mean_iou"][i],
            pixel_accuracy=per_image["pixel_accuracy"][i],
            f_measure=per_image["f_measure"][i],
            reference=_names(per_image["classes"][i], labels),
            prediction=_names(per_image["predicted_classes"][i], labels),
        )
        for i in ascending(per_image, "mean_iou")
    ]


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


def _names(ids: Iterable[int], labels: Sequence[str]) -> str:
    names = [labels[i] for i in ids]
    more = [f"{len(names) - _NAMES:,} more"] if len(names) > _NAMES else []
    return ", ".join(names[:_NAMES] + more) or "–"
