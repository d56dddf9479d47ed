"""The count rows of many images as columns, and how they are summed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .counts import BOTH_BANDS, GT, GT_BAND, PIXELS, PRED, PRED_BAND, CountRows

Ints = NDArray[np.int64]

_ROWS = 1 << 18
"""Count rows of one of `CountTables`: 15 MB of columns, and a few times as much while they are summed."""


@dataclass(frozen=True)
class CountTable:
    """Count rows without the ignored pixels; all columns have the same length, rows are sorted by image, then gt."""

    num_classes: int
    """C; ids are 0..C."""
    names: Sequence[str]
    """The name of each image; `image` holds indices of this sequence."""
    image: Ints
    gt: Ints
    pred: Ints
    pixels: Ints
    gt_band: Ints
    pred_band: Ints
    both_bands: Ints

    @property
    def num_images(self) -> int:
        """The number of images, those without a pixel to score included."""
        return len(self.names)

    def name_of(self, row: int) -> str:
        """What to call the image of a row in an error."""
        return display_name(self.names, int(self.image[row]))

    @cached_property
    def group_starts(self) -> Ints:
        """The index of the first row of every (image, gt) pair."""
        keys = self.image * (self.num_classes + 1) + self.gt
        return np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.zeros(0, np.int64)

    def per_image(self, values: Ints) -> Ints:
        """The sum of a column for each image."""
        return sum_by(self.image, values, self.num_images)


@dataclass(frozen=True)
class CountTables:
    """The count rows of all images as tables of some images each, made anew whenever they are iterated over.

    What is a sum over images needs one table at a time. All rows of a noisy prediction in one table, 700 an image,
    take a gigabyte while they are summed.
    """

    num_classes: int
    ignore_index: int
    names: Sequence[str]
    rows: Sequence[CountRows]

    @property
    def num_images(self) -> int:
        """The number of images of all tables."""
        return len(self.rows)

    def __iter__(self) -> Iterator[CountTable]:
        ends = np.cumsum([len(image_rows) for image_rows in self.rows])
        first = 0
        while first < len(ends):
            before = ends[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(ends, before + _ROWS, "right")))
            # Images without a name are called by their number among all.
            names = [display_name(self.names, i) for i in range(first, last)]
            yield table_of(self.num_classes, self.ignore_index, names, self.rows[first:last])
            first = last


def table_of(num_classes: int, ignore_index: int, names: Sequence[str], rows: Sequence[CountRows]) -> CountTable:
    """Columns of the rows of one or more images, without the pixels whose reference is ignored."""
    image = np.repeat(np.arange(len(rows)), [len(image_rows) for image_rows in rows])
    joined = np.concatenate(rows)
    keep = joined[:, GT] != ignore_index
    image, joined = image[keep], joined[keep].astype(np.int64)
    columns = (np.ascontiguousarray(joined[:, i]) for i in (GT, PRED, PIXELS, GT_BAND, PRED_BAND, BOTH_BANDS))
    return CountTable(num_classes, names, image, *columns)


def sum_by(keys: Ints, values: Ints, length: int) -> Ints:
    """An array of `length` integers; element k is the sum of the values whose key is k."""
    out = np.zeros(length, np.int64)
    np.add.at(out, keys, values)
    return out


def sum_groups(keys: Ints, values: Ints) -> tuple[Ints, Ints]:
    """The keys that occur, sorted, and the integer sum of the values of each."""
    unique, inverse = np.unique(keys, return_inverse=True)
    return unique, sum_by(inverse, values, len(unique))


def display_name(names: Sequence[str], index: int) -> str:
    """The name of an image, or its number in the order given where it has none."""
    return names[index] or nameless(index)


def nameless(index: int) -> str:
    """What to call the image at a position, from 0, if it has no name."""
    return f"image {index + 1:,} (in the order given)"
