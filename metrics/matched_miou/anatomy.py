"""`anatomy`: where a segmentation loses its points, from the counts alone; docs/metric.md has the definitions.

Wrong pixels are divided into kinds, images by whether the object was recognized and localized, the error of each class
by what it was taken for. All are sums of integers until the last division, and independent of the order of the images.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .count_table import CountTable, Ints, sum_by
from .scores import image_hits, ious

Bools = NDArray[np.bool_]

KINDS = ("background_as_object", "object_as_background", "wrong_class", "unmatched")
"""What a wrong pixel was and became: `other` predicted as a class, a class as `other`, a class as another class, or
anything as a cluster that has no class."""
PLACES = ("boundary", "interior")
"""Whether a pixel lies in the boundary band of its reference, the band of `boundary_mean_iou`."""
GROUPS = ("right", "wrong_class_right_place", "right_class_wrong_place", "wrong")
"""The groups of the images that show an object: recognized and localized, localized only, recognized only, neither."""
PARTS = (
    "missed_as_background",
    "missed_as_another_class",
    "missed_as_unmatched",
    "false_on_background",
    "false_on_another_class",
)
"""What union minus intersection of an id consists of: its pixels that were missed, and those falsely given to it."""


def anatomy(table: CountTable, labels: Ints, localized_at: float) -> dict[str, Any]:
    """Kinds of wrong pixels, groups of images, and parts of each id's error.

    Args:
        table: the counts, of at least one image.
        labels: the class of each row's prediction (`matching.apply_match`).
        localized_at: the IoU of foreground from which an object is localized.

    Returns:
        `mean_iou`, `pixels`, `wrong_pixels`; `kinds`, `images` and `per_category` as `MatchedIoU.anatomy` says.
    """
    totals = _Totals(table, labels)
    wrong = {kind: rows & (labels != table.gt) for kind, rows in _kinds(table, labels).items()}
    total = int(table.pixels[labels != table.gt].sum())
    mean_iou = totals.mean_iou()
    kinds = {}
    for kind, rows in wrong.items():
        for place, pixels in zip(PLACES, (table.gt_band, table.pixels - table.gt_band)):
            number = int(pixels[rows].sum())
            kinds[f"{kind}_{place}"] = {
                "pixels": number,
                "share": number / total if total else 0.0,
                "mean_iou_gain": totals.mean_iou(table.gt[rows], labels[rows], pixels[rows]) - mean_iou,
            }
    groups = image_groups(table, labels, localized_at)
    return {
        "mean_iou": mean_iou,
        "pixels": int(table.pixels.sum()),
        "wrong_pixels": total,
        "kinds": kinds,
        "images": {group: int((groups == number).sum()) for number, group in enumerate(GROUPS)},
        "per_category": _per_category(table, labels, wrong, totals),
    }


def image_groups(table: CountTable, labels: Ints, localized_at: float) -> Ints:
    """For each image its index in `GROUPS`; -1 for an image whose reference shows no object.

    Recognized is what `image_accuracy` counts. Localized: IoU of foreground (anything but `other`, clusters without a
    class included) with the objects of the reference.
    """
    predicted, actual = labels > 0, table.gt > 0
    hit = table.per_image(table.pixels * (predicted & actual))
    union = table.per_image(table.pixels * (predicted | actual))
    localized = np.divide(hit, union, out=np.zeros(len(hit)), where=union > 0) >= localized_at
    groups = np.where(image_hits(table, labels), 0, 1) + np.where(localized, 0, 2)
    return np.where(table.per_image(table.pixels * actual) > 0, groups, -1)


def _kinds(table: CountTable, labels: Ints) -> dict[str, Bools]:
    """The rows of each kind; right ones are among those of `wrong_class`."""
    unmatched = labels > table.num_classes
    objects, predicted = table.gt > 0, (labels > 0) & ~unmatched
    return dict(
        zip(KINDS, (~objects & predicted, objects & (labels == 0), objects & predicted, unmatched)),
    )


class _Totals:
    """Pixels of each id over all images: both, predicted, actual. Enough for the mean IoU, and for what it would be."""

    def __init__(self, table: CountTable, labels: Ints) -> None:
        self.ids = table.num_classes + 1
        right, has_class = labels == table.gt, labels < self.ids
        self.hit = sum_by(table.gt[right], table.pixels[right], self.ids)
        self.predicted = sum_by(labels[has_class], table.pixels[has_class], self.ids)
        self.actual = sum_by(table.gt, table.pixels, self.ids)

    def iou(self) -> NDArray[np.float64]:
        return ious(self.hit, self.predicted, self.actual)

    def mean_iou(self, gt: Ints | None = None, labels: Ints | None = None, pixels: Ints | None = None) -> float:
        """The mean IoU, or what it would be if some pixels of (gt, label) were (gt, gt)."""
        hit, predicted = self.hit, self.predicted
        if gt is not None and labels is not None and pixels is not None:
            moved = sum_by(gt, pixels, self.ids)
            has_class = labels < self.ids
            hit, predicted = hit + moved, predicted + moved - sum_by(labels[has_class], pixels[has_class], self.ids)
        return math.fsum(ious(hit, predicted, self.actual)) / self.ids


def _per_category(table: CountTable, labels: Ints, wrong: dict[str, Bools], totals: _Totals) -> list[dict[str, Any]]:
    ids = totals.ids

    def pixels_by(keys: Ints, rows: Bools) -> Ints:
        return sum_by(keys[rows], table.pixels[rows], ids)

    is_wrong, unmatched = labels != table.gt, wrong["unmatched"]
    to_class, to_background = is_wrong & (labels > 0) & ~unmatched, wrong["object_as_background"]
    named = is_wrong & ~unmatched
    parts = np.stack(
        [
            pixels_by(table.gt, to_background),
            pixels_by(table.gt, to_class),
            pixels_by(table.gt, unmatched),
            pixels_by(labels, named & (table.gt == 0)),
            pixels_by(labels, named & (table.gt > 0)),
        ],
        axis=1,
    )
    errors = parts.sum(axis=1)
    shares = np.divide(parts, errors[:, None], out=np.zeros(parts.shape), where=errors[:, None] > 0)
    return [
        {"id": i, "iou": iou, "wrong_pixels": error, **dict(zip(PARTS, row))}
        for i, (iou, error, row) in enumerate(zip(totals.iou().tolist(), errors.tolist(), shares.tolist()))
    ]
