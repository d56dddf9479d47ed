"""One-to-one matchings of clusters to classes: which objective is maximised, who wins a tie, and what ties allow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .assignment import optimise, smallest_ids
from .count_table import CountTable, Ints, sum_by, sum_groups

ONE_TO_ONE = ("hungarian", "hungarian_pixel", "munkres", "pixel")


class OneToOne(NamedTuple):
    """An assignment of clusters to classes, and the others that are as good."""

    columns: Ints
    """For each cluster its class - 1, or -1."""
    open_pairs: int
    """How many clusters that occur do not have the same class, or none, in all optimal assignments."""
    extremes: tuple[Ints, ...]
    """The optimal assignments with the fewest and the most pixels in common; none where nothing is open."""


def solve(matching: str, images: Ints, pixels: Ints, occurring: NDArray[np.bool_], num_images: int) -> OneToOne:
    """The assignment of a matching.

    Args:
        matching: one of `ONE_TO_ONE`. The objective is the number of images, for `pixel` that of pixels.
        images: R x C, the images that hold both cluster and class.
        pixels: R x C, the pixels that are both.
        occurring: R, the clusters that the predictions hold.
        num_images: how many images there are.
    """
    # For `pixel`, all optimal assignments have the same pixels in common: there, images tell them apart.
    objective, other = (pixels, images) if matching == "pixel" else (images, pixels)
    face = optimise(objective)
    open_pairs = int((face.open_rows() & occurring).sum())
    extremes: tuple[Ints, ...] = ()
    if open_pairs:
        # Every class is taken, so the greatest sum of `max - other` is the smallest sum of `other`.
        extremes = tuple(smallest_ids(optimise(one, face)) for one in (int(other.max()) - other, other))
    if matching == "munkres":
        return OneToOne(_munkres(images, num_images), open_pairs, extremes)
    if matching == "hungarian_pixel":
        face = optimise(other, face)
    return OneToOne(smallest_ids(face), open_pairs, extremes)


def overlaps(table: CountTable, clusters: Ints) -> tuple[Ints, Ints]:
    """For each cluster and each class 1..C: the images that hold both anywhere, and the pixels that are both."""
    num_classes = table.num_classes
    position = np.zeros(int(clusters.max()) + 1, np.int64)
    position[clusters] = np.arange(len(clusters))
    # Every pair of a predicted id of an image and a class of its reference.
    scale = 65536
    pred_image, pred = np.divmod(np.unique((table.image * scale + table.pred)[table.pred > 0]), scale)
    gt_image, gt = np.divmod(np.unique((table.image * scale + table.gt)[table.gt > 0]), scale)
    first = np.searchsorted(gt_image, pred_image, "left")
    number = np.searchsorted(gt_image, pred_image, "right") - first
    partner = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number - first, number)
    cells = position[np.repeat(pred, number)] * num_classes + gt[partner] - 1
    shape = (len(clusters), num_classes)
    images = sum_by(cells, np.ones(len(cells), np.int64), shape[0] * shape[1]).reshape(shape)

    both = (table.pred > 0) & (table.gt > 0)
    cells, overlap = sum_groups(position[table.pred[both]] * num_classes + table.gt[both] - 1, table.pixels[both])
    pixels = sum_by(cells, overlap, shape[0] * shape[1]).reshape(shape)
    return images, pixels


def check_munkres() -> None:
    """Raise an ImportError that says what to install, if the munkres package is not there."""
    try:
        import munkres  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'matching="munkres" needs the package with which the official tool matches: pip install munkres (or '
            '"imagenet-s[munkres]"). matching="hungarian" reaches the same sum without it.'
        ) from error


def _munkres(images: Ints, num_images: int) -> Ints:
    """What the munkres package makes of the official matrix of costs.

    The official tool (hungarian.py at b2312ba) takes 1 - images / number of images, calculated in float64 and rounded
    to float32, of clusters and classes 1..C. Clusters above C, which it does not know, are further rows here.
    """
    from munkres import Munkres

    costs = (1.0 - images / num_images).astype(np.float32).tolist()
    columns = np.full(len(costs), -1)
    for row, column in Munkres().compute(costs):
        columns[row] = column
    return columns
