"""The figures over the pixels of all images: sums of integers, so that no order or partition changes a bit."""

from __future__ import annotations

import math

import numpy as np

from .map_array import Floats
from .score_formulas import EDGES, ImageScores, Ints

_UNITS = 2.0**40
"""IoUs are summed as integers in units of 2**-40: each is off by 5e-13 at the most, and their sum is exact."""


class PooledPixels:
    """Sums over images.

    Attributes:
        counts: tp, fp, fn, tn at the threshold `mean`.
        above: 2 x 1001 pixels at or above each of `EDGES`: of the targets, outside them.
        ious: 1001 sums of the IoU of {s >= edge}, in units of 2**-40.
        images: how many were added.
    """

    def __init__(self) -> None:
        self.counts: Ints = np.zeros(4, np.int64)
        self.above: Ints = np.zeros((2, len(EDGES)), np.int64)
        self.ious: Ints = np.zeros(len(EDGES), np.int64)
        self.images = 0

    def add(self, image: ImageScores) -> None:
        """Add an image whose target is not absent."""
        on, off = image.above
        self.counts += image.counts
        self.above += image.above
        # At the edge 0 every pixel counts: on[0] is the size of the target.
        self.ious += np.rint(on / (on[0] + off) * _UNITS).astype(np.int64)
        self.images += 1

    def merge(self, other: PooledPixels) -> None:
        """Add the images of another."""
        self.counts += other.counts
        self.above += other.above
        self.ious += other.ious
        self.images += other.images

    def curve(self) -> Floats:
        """The mean over images of the IoU of {s >= edge}, for each of `EDGES`; NaN without images."""
        return self.ious / _UNITS / self.images if self.images else np.full(len(EDGES), np.nan)

    def compute(self) -> dict[str, float]:
        """The pooled figures; NaN without images."""
        if not self.images:
            names = ("pixel_accuracy", "mean_iou", "px_ap", "dataset_max_iou", "dataset_max_iou_threshold")
            return dict.fromkeys(names, math.nan)
        tp, fp, fn, tn = self.counts.tolist()
        best = int(self.ious.argmax())  # the first, and so the lowest, edge of the greatest
        return {
            "pixel_accuracy": (tp + tn) / (tp + fp + fn + tn),
            "mean_iou": (_ratio(tp, tp + fp + fn) + _ratio(tn, tn + fp + fn)) / 2,
            "px_ap": self._average_precision(),
            "dataset_max_iou": float(self.curve()[best]),
            "dataset_max_iou_threshold": float(EDGES[best]),
        }

    def _average_precision(self) -> float:
        on, off = self.above
        gained = on - np.append(on[1:], 0)
        some = gained > 0
        return math.fsum((gained[some] / on[0] * (on[some] / (on[some] + off[some]))).tolist())


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
