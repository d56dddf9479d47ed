"""Readings: the ways in which loaders read the ids of a mask, right and wrong, as functions of the official ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..facts import IGNORE_ID
from ..masks.codec import encode_mask

Ids = NDArray[np.int64]
SAME = "same"
TOLERANCE = 0.985
"""The share of pixels that must be equal where masks were resized: programs round differently."""
FOREGROUND_READINGS = ("object-1", "object-255", "own-class-1", "own-class-255")
"""Readings that give a mask of 0 and one other value, for every class or for the image's own class."""


def _grey(ids: Ids) -> Ids:
    return np.asarray(Image.fromarray(encode_mask(ids)).convert("L")).astype(np.int64)


def _grey_of_opencv(ids: Ids) -> Ids:
    red, green = ids & 255, ids >> 8
    return (4899 * red + 9617 * green + 8192) >> 14  # the weights of cvtColor, in fixed point


def _palette(ids: Ids) -> Ids:
    return np.asarray(Image.fromarray(encode_mask(ids)).convert("P")).astype(np.int64)


def _adaptive_palette(ids: Ids) -> Ids:
    image = Image.fromarray(encode_mask(ids)).convert("P", palette=Image.Palette.ADAPTIVE)
    return np.asarray(image).astype(np.int64)


def _enumerated(ids: Ids) -> Ids:
    return np.unique(ids, return_inverse=True)[1].reshape(ids.shape)


def _enumerated_without_ignored(ids: Ids) -> Ids:
    present = np.unique(ids[ids != IGNORE_ID])
    return np.where(ids == IGNORE_ID, IGNORE_ID, np.searchsorted(present, ids))


READINGS: Mapping[str, tuple[Callable[[Ids], Ids], ...]] = {
    SAME: (lambda ids: ids,),
    "grey": (_grey, _grey_of_opencv),
    "palette": (_palette, _adaptive_palette),
    "red-only": (lambda ids: ids & 255,),
    "clipped": (lambda ids: np.minimum(ids, 255),),
    "swapped": (lambda ids: (ids & 255) * 256 + (ids >> 8),),
    "zero": (np.zeros_like,),
    "blue-for-red": (lambda ids: (ids >> 8) * 256, lambda ids: ids >> 8),
    # With 0 as -1, as 255 (unsigned), or as 255 on purpose (do_reduce_labels).
    "shifted": (
        lambda ids: ids - 1,
        lambda ids: np.where(ids == 0, 255, ids - 1),
        lambda ids: (ids - 1) & 255,
        lambda ids: np.where(ids == 0, IGNORE_ID, ids - 1),
        lambda ids: ids + 1,
    ),
    "shifted-clamped": (lambda ids: np.maximum(ids - 1, 0),),
    "enumerated": (_enumerated, _enumerated_without_ignored),
}
"""Reading -> the functions of the official ids that it stands for; keys are those of `fault_catalog.FAULTS`."""


def explaining(seen: NDArray[Any], ids: Ids, view: Callable[[NDArray[Any]], NDArray[Any]], category: int) -> list[str]:
    """The readings that explain the mask that was seen; ignored pixels are not compared.

    Args:
        seen: H x W, what the Dataset gave.
        ids: the official ids.
        view: turns, cuts and resizes an official mask to the shape of `seen`.
        category: the class of the image.

    Returns:
        Keys of `READINGS` and of `FOREGROUND_READINGS`; empty where nothing explains the mask.
    """
    counted = view(ids) != IGNORE_ID
    exact = seen.shape == ids.shape
    readings = [
        key
        for key, functions in READINGS.items()
        if any(_equal(seen, view(function(ids)), counted, exact) for function in functions)
    ]
    for value in (1, 255):
        for name, foreground in (("object", ids > 0), ("own-class", ids == category)):
            if _equal(seen, view(np.where(foreground, value, 0)), counted, exact):
                readings.append(f"{name}-{value}")
    return readings


def _equal(seen: NDArray[Any], expected: NDArray[Any], counted: NDArray[np.bool_], exact: bool) -> bool:
    """Whether all pixels are equal, or nearly all where both were resized, because programs round differently."""
    equal = (seen == expected)[counted]
    if not equal.size:
        return True
    return bool(equal.all()) if exact else bool(equal.mean() >= TOLERANCE)
