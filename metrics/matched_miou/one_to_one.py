"""One-to-one matchings of clusters to classes: the objective, how ties are broken, and the range that ties allow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .assignment import optimise, smallest_ids
from .count_table import CountTables, Ints

ONE_TO_ONE = ("hungarian", "hungarian_pixel", "munkres", "pixel")


class OneToOne(NamedTuple):
    """An assignment of clusters to classes, and the equally good assignments."""

    columns: Ints
    """For each cluster its class - 1, or -1 for none."""
    open_pairs: int
    """The number of occurring clusters whose class (or lack of one) differs between optimal assignments."""
    extremes: tuple[Ints, ...]
    """The optimal assignments with the fewest and the most pixels in common; empty if no pair is open."""


def solve(matching: str, images: Ints, pixels: Ints, occurring: NDArray[np.bool_], num_images: int) -> OneToOne:
    """The assignment of a matching.

    Args:
        matching: one of `ONE_TO_ONE`. The objective is the number of images, for `pixel` the number of pixels.
        images: R x C, the number of images that hold both cluster and class.
        pixels: R x C, the number of pixels that are both.
        occurring: R, whether the predictions hold the cluster.
        num_images: the number of all images.
    """
    # For `pixel`, all optimal assignments have the same number of pixels in common; they differ in images.
    objective, other = (pixels, images) if matching == "pixel" else (images, pixels)
    face = optimise(objective)
    open_pairs = int((face.open_rows() & occurring).sum())
    extremes: tuple[Ints, ...] = ()
    if open_pairs:
        # Every class is taken, so the greatest sum of `max - other` is the smallest sum of `other`.
        extremes = tuple(smallest_ids(optimise(weight, face)) for weight in (int(other.max()) - other, other))
    if matching == "munkres":
        return OneToOne(_munkres(images, num_images), open_pairs, extremes)
    if matching == "hungarian_pixel":
        face = optimise(other, face)
    return OneToOne(smallest_ids(face), open_pairs, extremes)


def overlaps(tables: CountTables, clusters: Ints) -> tuple[Ints, Ints]:
    """R x C, for each cluster and each class 1..C: the number of images that hold both, and of pixels that are both."""
    images, pixels = np.zeros((2, len(clusters), tables.num_classes), np.int64)
    position = np.zeros(int(clusters.max()) + 1, np.int64)
    position[clusters] = np.arange(len(clusters))
    scale = 65536
    for table in tables:
        # Every pair of a predicted id of an image and a class of its reference.
        pred_image, pred = np.divmod(np.unique((table.image * scale + table.pred)[table.pred > 0]), scale)
        gt_image, gt = np.divmod(np.unique((table.image * scale + table.gt)[table.gt > 0]), scale)
        first = np.searchsorted(gt_image, pred_image, "left")
        number = np.searchsorted(gt_image, pred_image, "right") - first
        partner = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number - first, number)
        np.add.at(images, (position[np.repeat(pred, number)], gt[partner] - 1), 1)

        both = (table.pred > 0) & (table.gt > 0)
        np.add.at(pixels, (position[table.pred[both]], table.gt[both] - 1), table.pixels[both])
    return images, pixels


def check_munkres() -> None:
    """Raise an ImportError that says what to install, if the munkres package is not installed."""
    try:
        import munkres  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'matching="munkres" needs the package with which the official tool matches: pip install munkres (or '
            '"imagenet-s[munkres]"). matching="hungarian" reaches the same sum without it.'
        ) from error


def _munkres(images: Ints, num_images: int) -> Ints:
    """The assignment that the munkres package finds for the official matrix of costs.

    The costs of the official tool (hungarian.py at b2312ba) are 1 - images / number of images, calculated in float64
    and rounded to float32, for clusters and classes 1..C. Clusters above C, which it does not support, are more rows.
    """
    from munkres import Munkres

    costs = (1.0 - images / num_images).astype(np.float32).tolist()
    columns = np.full(len(costs), -1)
    for row, column in Munkres().compute(costs):
        columns[row] = column
    return columns
