"""Where the points are lost, as plain data for pages and terminals: kinds, groups of images, clusters. No HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..metrics.matched_miou.anatomy import GROUPS, KINDS, PARTS, PLACES

KIND_TITLES: Mapping[str, tuple[str, str]] = {
    "background_as_object": ("Background as object", "“other” that was predicted as a class"),
    "object_as_background": ("Object as background", "a class that was predicted as “other”"),
    "wrong_class": ("Wrong class", "a class that was predicted as another"),
    "unmatched": ("No class", "in a cluster that no class was matched to"),
}
"""Of each kind of wrong pixels: its title, and what it means."""
GROUP_TITLES: Mapping[str, str] = {
    "right": "Right class, right place",
    "wrong_class_right_place": "Wrong class, right place",
    "right_class_wrong_place": "Right class, wrong place",
    "wrong": "Wrong class, wrong place",
}
_PART_TITLES = dict(
    zip(
        PARTS,
        (
            "missed, taken for “other”",
            "missed, taken for another class",
            "missed, in a cluster without a class",
            "added on “other”",
            "added on another class",
        ),
    )
)
AGREEMENT_TITLES: Mapping[str, str] = {
    "homogeneity": "Homogeneity",
    "completeness": "Completeness",
    "v_measure": "V-measure",
    "adjusted_rand_index": "Adjusted Rand index",
    "normalized_mutual_information": "Normalized mutual information",
}
_SHOWN = 15


@dataclass(frozen=True)
class LostKind:
    """Wrong pixels of one kind, boundary and interior: their shares, and the mean IoU if they were right."""

    title: str
    meaning: str
    share: tuple[float, float]
    mended: tuple[float, float]


@dataclass(frozen=True)
class ImageGroup:
    """How many of the images that show an object belong to a group."""

    title: str
    images: int
    share: float


@dataclass(frozen=True)
class MixedUp:
    """A cluster that holds several ids, or a class that lies in several clusters."""

    name: str
    lost: int
    partners: str


@dataclass(frozen=True)
class LostPoints:
    """What the section "Where the points are lost" shows.

    Attributes:
        kinds: the four kinds of wrong pixels, each at the boundary and in the interior.
        groups: images by whether the object was recognized and localized.
        parts: for each class id, (share, description) of what its error consists of, the largest first.
        agreement: (title, key, value) of the scores of clusters; none where ids are classes.
        merged: clusters with most pixels beyond their largest id.
        split: classes with most pixels beyond their largest cluster.
    """

    wrong_pixels: int
    kinds: Sequence[LostKind]
    groups: Sequence[ImageGroup]
    parts: Sequence[Sequence[tuple[float, str]]]
    agreement: Sequence[tuple[str, str, float]]
    merged: Sequence[MixedUp]
    split: Sequence[MixedUp]


def lost_points(anatomy: Mapping[str, Any], labels: Sequence[str]) -> LostPoints:
    """Titles, names and order for what `MatchedIoU.anatomy` returned.

    Args:
        anatomy: its result.
        labels: C + 1 names, by class id.
    """
    clusters = anatomy["clusters"]
    return LostPoints(
        anatomy["wrong_pixels"],
        [_kind(anatomy, kind) for kind in KINDS],
        _groups(anatomy["images"]),
        [_parts(category) for category in anatomy["per_category"]],
        [(title, key, clusters[key]) for key, title in AGREEMENT_TITLES.items()] if clusters else [],
        _mixed_up(clusters["clusters"], "id", labels) if clusters else [],
        _mixed_up(clusters["classes"], "cluster", labels) if clusters else [],
    )


def _kind(anatomy: Mapping[str, Any], kind: str) -> LostKind:
    boundary, interior = (anatomy["kinds"][f"{kind}_{place}"] for place in PLACES)
    return LostKind(
        *KIND_TITLES[kind],
        (boundary["share"], interior["share"]),
        (anatomy["mean_iou"] + boundary["mean_iou_gain"], anatomy["mean_iou"] + interior["mean_iou_gain"]),
    )


def _groups(images: Mapping[str, int]) -> list[ImageGroup]:
    total = sum(images.values()) or 1
    return [ImageGroup(GROUP_TITLES[group], images[group], images[group] / total) for group in GROUPS]


def _parts(category: Mapping[str, Any]) -> list[tuple[float, str]]:
    parts = [(category[part], title) for part, title in _PART_TITLES.items() if category[part]]
    return sorted(parts, key=lambda part: -part[0])


def _mixed_up(entries: Iterable[Mapping[str, Any]], partner: str, labels: Sequence[str]) -> list[MixedUp]:
    """The entries that lose most pixels to partners other than their largest."""

    def name(key: str, value: int) -> str:
        return f"cluster {value}" if key == "cluster" else labels[value]

    own = "cluster" if partner == "id" else "id"
    rows = [
        MixedUp(
            name(own, entry["id"]),
            entry["pixels"] - entry["largest"][0]["pixels"],
            ", ".join(f"{name(partner, share[partner])} {100 * share['share']:.0f} %" for share in entry["largest"]),
        )
        for entry in entries
    ]
    return sorted((row for row in rows if row.lost), key=lambda row: (-row.lost, row.name))[:_SHOWN]
