"""The official figures, as fractions of 1, from counts and a match.

Every figure is defined by the official evaluator (LUSSeg/ImageNet-S at b2312ba; Gao et al., TPAMI 2022, section 5):
see docs/metric.md. Sums are integers; means of fractions are correctly rounded sums (`math.fsum`), so that no figure
depends on the order of the images.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .count_table import CountTable, CountTables, Ints, sum_by, sum_groups
from .matching import Match, apply_match

SIZES = ("s", "ms", "ml", "l")
"""The size of a class in an image: up to 5, 25, 50 and 100 percent of the scored pixels."""
UPPER_PERCENT = (5, 25, 50)
"""The greatest share of all sizes but the last."""
HEADLINES = (
    "image_accuracy",
    "mean_iou",
    "boundary_mean_iou",
    *(f"mean_iou_{size}" for size in SIZES),
    *(f"boundary_mean_iou_{size}" for size in SIZES),
    "f_measure",
)
"""The figures that are one number, in the order of the official evaluator."""

Floats = NDArray[np.float64]


class IoUTerms(NamedTuple):
    """The terms of one figure's IoUs: each is three columns, of images, ids and numbers of pixels."""

    name: str
    per_category: str | None
    """The key of the per-class values; None if they are not reported."""
    hit: tuple[Ints, Ints, Ints]
    predicted: tuple[Ints, Ints, Ints]
    actual: tuple[Ints, Ints, Ints]


def iou_terms(table: CountTable, labels: Ints) -> Iterator[IoUTerms]:
    """The ten IoU figures: all pixels, or those of classes of one size; whole areas, or bands only."""
    for size, rows in _sizes(table):
        chosen = np.flatnonzero(rows)
        image, gt, label = table.image[chosen], table.gt[chosen], labels[chosen]
        right, has_class = label == gt, label <= table.num_classes
        for prefix, hit, predicted, actual in (
            ("", table.pixels, table.pixels, table.pixels),
            ("boundary_", table.both_bands, table.pred_band, table.gt_band),
        ):
            yield IoUTerms(
                f"{prefix}mean_iou" + (f"_{size}" if size else ""),
                None if size else f"per_category_{prefix}iou",
                (image[right], gt[right], hit[chosen][right]),
                (image[has_class], label[has_class], predicted[chosen][has_class]),
                (image, gt, actual[chosen]),
            )


def compute_scores(tables: CountTables, match: Match) -> dict[str, float | list[float]]:
    """All figures of the counts.

    Returns:
        `HEADLINES`, `per_category_iou` and `per_category_boundary_iou` (C + 1 values each); fractions of 1, NaN for a
        size that no class has.
    """
    result: dict[str, float | list[float]] = {}
    sums: dict[tuple[str, str | None], Ints] = {}
    hits, f = 0, []
    for table in tables:
        labels = apply_match(table, match)
        for terms in iou_terms(table, labels):
            key = terms.name, terms.per_category
            sums[key] = sums.get(key, 0) + _sums(terms, table.num_classes)
        hits += int(image_hits(table, labels).sum())
        f += f_measures(table, labels).tolist()
    for (name, per_category), (hit, predicted, actual) in sums.items():
        iou = ious(hit, predicted, actual)
        if per_category:
            result[per_category] = iou.tolist()
            result[name] = math.fsum(iou) / len(iou)
        else:
            # Ids with pixels, "other" among them; ids without a pixel do not pull the mean down.
            present = iou[actual > 0]
            result[name] = math.fsum(present) / len(present) if len(present) else math.nan
    result["image_accuracy"] = hits / tables.num_images
    result["f_measure"] = math.fsum(f) / tables.num_images
    return result


def mean_iou(tables: CountTables, match: Match) -> float:
    """The `mean_iou` of `compute_scores`, without the other figures."""
    terms = (next(iou_terms(table, apply_match(table, match))) for table in tables)
    hit, predicted, actual = np.sum([_sums(part, tables.num_classes) for part in terms], axis=0)
    return math.fsum(ious(hit, predicted, actual)) / (tables.num_classes + 1)


def _sums(terms: IoUTerms, num_classes: int) -> Ints:
    """3 x (C + 1): of each id the pixels hit, those predicted, and those that the references have."""
    columns = (terms.hit, terms.predicted, terms.actual)
    return np.stack([sum_by(ids, pixels, num_classes + 1) for _, ids, pixels in columns])


def ious(hit: Ints, predicted: Ints, actual: Ints) -> Floats:
    """Intersection over union; 0 where neither side has a pixel."""
    union = predicted + actual - hit
    return np.divide(hit, union, out=np.zeros(union.shape), where=union > 0)


def image_hits(table: CountTable, labels: Ints) -> NDArray[np.bool_]:
    """For each image whether its most frequent predicted class, `other` left out, occurs in its reference.

    The lowest id wins a tie. An image without a predicted class is a miss, and so is one whose most frequent cluster
    has no class.
    """
    named = labels > 0
    scale = int(labels.max(initial=0)) + 1
    keys, pixels = sum_groups(table.image[named] * scale + labels[named], table.pixels[named])
    image, label = np.divmod(keys, scale)
    order = np.lexsort((label, -pixels, image))
    image, label = image[order], label[order]
    first = np.flatnonzero(np.diff(image, prepend=-1))
    hits = np.zeros(table.num_images, np.bool_)
    hits[image[first]] = np.isin(image[first] * scale + label[first], _reference_pairs(table, scale))
    return hits


def f_measures(table: CountTable, labels: Ints) -> Floats:
    """For each image the F-measure of foreground (id > 0), beta = 0.3 as it is and not squared; 0 where undefined.

    (1 + beta) P R / (beta P + R) with P = hit / predicted and R = hit / actual, multiplied out:
    1.3 hit / (0.3 actual + predicted).
    """
    predicted, actual = labels > 0, table.gt > 0
    hit = table.per_image(table.pixels * (predicted & actual))
    base = 3 * table.per_image(table.pixels * actual) + 10 * table.per_image(table.pixels * predicted)
    return np.divide(13 * hit, base, out=np.zeros(table.num_images), where=base > 0)


def image_ious(table: CountTable, labels: Ints) -> Floats:
    """For each image the mean IoU over the ids that its prediction or reference holds; NaN without a scored pixel."""
    scale = int(max(labels.max(initial=0), table.num_classes)) + 1
    gt_keys, actual = sum_groups(table.image * scale + table.gt, table.pixels)
    pred_keys, predicted = sum_groups(table.image * scale + labels, table.pixels)
    right = labels == table.gt
    hit_keys, hit = sum_groups((table.image * scale + labels)[right], table.pixels[right])
    keys = np.union1d(gt_keys, pred_keys)
    union = np.zeros(len(keys), np.int64)
    union[np.searchsorted(keys, gt_keys)] += actual
    union[np.searchsorted(keys, pred_keys)] += predicted
    inside = np.zeros(len(keys), np.int64)
    inside[np.searchsorted(keys, hit_keys)] = hit
    iou = inside / (union - inside)
    image = keys // scale
    number = np.bincount(image, minlength=table.num_images)
    with np.errstate(invalid="ignore"):
        return np.bincount(image, iou, table.num_images) / number


def classes_by_image(table: CountTable, ids: Ints) -> list[list[int]]:
    """For each image the classes 1..C among the ids of its rows, the one with most pixels first."""
    chosen = (ids > 0) & (ids <= table.num_classes)
    scale = table.num_classes + 1
    keys, pixels = sum_groups((table.image * scale + ids)[chosen], table.pixels[chosen])
    image, number = np.divmod(keys, scale)
    order = np.lexsort((number, -pixels, image))
    ends = np.cumsum(np.bincount(image, minlength=table.num_images))[:-1]
    return [ids_of_image.tolist() for ids_of_image in np.split(number[order], ends)]


def _reference_pairs(table: CountTable, scale: int) -> Ints:
    """The (image, class) pairs of the references as keys, without ids from `scale` on, whose keys would collide."""
    starts = table.group_starts
    image, gt = table.image[starts], table.gt[starts]
    return (image * scale + gt)[gt < scale]


def _sizes(table: CountTable) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The rows that count towards all pixels (size ""), and towards each size.

    A size counts, in every image that has a class of this size, the pixels of these classes and of "other".
    """
    yield "", np.ones(len(table.gt), np.bool_)
    starts = table.group_starts
    lengths = np.diff(starts, append=len(table.gt))
    area = np.add.reduceat(table.pixels, starts) if len(starts) else starts
    total = table.per_image(table.pixels)[table.image[starts]]
    # ceil(100 area / total) <= p exactly where 100 area <= p total
    bucket = np.sum([100 * area > percent * total for percent in UPPER_PERCENT], axis=0)
    bucket[table.gt[starts] == 0] = -1
    row_bucket = np.repeat(bucket, lengths)
    for number, size in enumerate(SIZES):
        has = np.zeros(table.num_images, np.bool_)
        has[table.image[starts][bucket == number]] = True
        yield size, (row_bucket == number) | ((table.gt == 0) & has[table.image])
