"""COCO's run-length encoding of masks.

A mask is read column by column. The lengths of its runs, beginning with a run of 0, are written as COCO does: from the
fourth on as the difference from the length two before, each number in groups of five bits, as characters from "0" on
(pycocotools, `maskApi.c`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_GROUPS = 8
"""Groups of five bits: enough for 32-bit lengths and their differences."""


@dataclass(frozen=True)
class Region:
    """The pixels of one id in a mask.

    Attributes:
        id: the class id.
        size: height, width of the mask.
        counts: the runs, in COCO's compressed form.
        area: the number of pixels.
        bbox: x, y, width, height.
    """

    id: int
    size: tuple[int, int]
    counts: str
    area: int
    bbox: tuple[int, int, int, int]

    @property
    def rle(self) -> dict[str, Any]:
        """What `pycocotools.mask.decode` takes."""
        return {"size": list(self.size), "counts": self.counts}


def regions(ids: NDArray[np.integer[Any]]) -> list[Region]:
    """The region of every id but 0 in a mask, in the order of the ids.

    Args:
        ids: H x W integers.

    Examples:
        >>> regions(np.array([[0, 7], [0, 7]]))
        [Region(id=7, size=(2, 2), counts='22', area=2, bbox=(1, 0, 1, 2))]
    """
    present = np.flatnonzero(np.bincount(ids.ravel()))
    return [region(ids == class_id, int(class_id)) for class_id in present if class_id]


def region(mask: NDArray[np.bool_], class_id: int) -> Region:
    """The region of the True pixels of H x W booleans, of which at least one is True."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y = int(columns[0]), int(rows[0])
    return Region(
        id=class_id,
        size=(mask.shape[0], mask.shape[1]),
        counts=encode(mask),
        area=int(np.count_nonzero(mask)),
        bbox=(x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1),
    )


def encode(mask: NDArray[np.bool_]) -> str:
    """The compressed runs of H x W booleans.

    Examples:
        >>> encode(np.eye(3, dtype=bool))
        '013000'
    """
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    # The first run is of 0, and empty if the mask begins with 1.
    bounds = np.concatenate([[0, 0] if flat[0] else [0], edges, [flat.size]])
    values = np.diff(bounds)
    values[3:] -= values[1:-2].copy()
    return _as_text(values)


def _as_text(values: NDArray[np.int64]) -> str:
    """Numbers in groups of five bits, the lowest first; the sixth bit is set if more groups follow."""
    rest = values[:, None] >> (5 * np.arange(_GROUPS))
    groups, rest = rest & 31, rest >> 5
    # A number ends where all remaining bits equal the sign bit of the last group.
    ended = rest == np.where(groups & 16, -1, 0)
    last = ended.argmax(1)
    place = np.arange(_GROUPS)
    characters = (groups + np.where(place < last[:, None], 32, 0) + ord("0")).astype(np.uint8)
    return characters[place <= last[:, None]].tobytes().decode("ascii")
