"""Confusions: pixels of one class that were predicted as another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .count_table import CountTable, Ints, sum_by


class Confusion(NamedTuple):
    """Pixels whose reference is one class and whose prediction is another.

    Attributes:
        reference: the true id, 0 (`other`) to C.
        predicted: the predicted id, 0 to C; -1 for clusters without a class.
        pixels: how many, over all images.
        images: the number of images with such pixels.
    """

    reference: int
    predicted: int
    pixels: int
    images: int


def confusions(table: CountTable, labels: Ints, limit: int) -> list[Confusion]:
    """The most frequent confusions, most pixels first; ties go to the smaller ids."""
    wrong = np.flatnonzero((labels != table.gt) & (table.pixels > 0))
    predicted = np.where(labels[wrong] > table.num_classes, -1, labels[wrong])
    pairs = table.gt[wrong] * (table.num_classes + 2) + predicted + 1
    distinct, position = np.unique(pairs, return_inverse=True)
    pixels = sum_by(position, table.pixels[wrong], len(distinct))
    # Several clusters of one image may share a class: an image counts once.
    in_images = np.unique(position * table.num_images + table.image[wrong]) // max(1, table.num_images)
    images = sum_by(in_images, np.ones(len(in_images), np.int64), len(distinct))
    order = np.lexsort((distinct, -pixels))[:limit]
    reference, shifted = np.divmod(distinct[order], table.num_classes + 2)
    return [Confusion(*map(int, row)) for row in zip(reference, shifted - 1, pixels[order], images[order])]
