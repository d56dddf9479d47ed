"""`center_map`: the map that knows nothing of the image but where objects usually are."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...conversion.masks.split_masks import SplitMasks
from ..matched_miou.read_mask import read_mask
from .map_array import Floats
from .map_files import MapReader
from .score_maps import ToScore

_SIGMA = 0.25
"""Of the sides: half of the width lies within one standard deviation of the centre."""


def center_map(height: int, width: int) -> Floats:
    """A Gaussian in the middle of an image, its standard deviation a quarter of either side.

    A method should be compared with it: photographers put objects in the middle.

    Returns:
        H x W float64, at most 1.

    Raises:
        ValueError: a side below 1.

    Examples:
        >>> center_map(3, 3).round(2).tolist()
        [[0.17, 0.41, 0.17], [0.41, 1.0, 0.41], [0.17, 0.41, 0.17]]
    """
    height, width = operator.index(height), operator.index(width)
    if min(height, width) < 1:
        raise ValueError(f"height={height}, width={width}: expected pixels.")
    rows, columns = (np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (_SIGMA * n)) ** 2) for n in (height, width))
    return np.outer(rows, columns)


class CenterMaps(MapReader):
    """A `center_map` of each image, as large as its mask."""

    path = Path("--center")

    def __init__(self, masks: SplitMasks, images: Sequence[ToScore]) -> None:
        self._masks = masks
        self._keys = {image.image_id: image.key for image in images}
        self.ids = sorted(self._keys)

    def read(self, image_id: str) -> Floats:
        """The map of an image: H x W float64."""
        return center_map(*read_mask(self._masks.read(self._keys[image_id]), image_id).shape)
