"""What loaders make of the ids of a mask: the right reading and every known wrong one, from the official mask."""

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
FOREGROUND = ("object-1", "object-255", "own-class-1", "own-class-255")
"""Readings that make a mask of 0 and one other value: of every class, or of the image's own class."""


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
"""Reading -> what it can make of the official ids; keys are those of `faults.FAULTS`."""


def explaining(seen: NDArray[Any], ids: Ids, view: Callable[[NDArray[Any]], NDArray[Any]], category: int) -> list[str]:
    """The readings that give the mask that was seen, ignored pixels aside.

    Args:
        seen: H x W, what the Dataset gave.
        ids: the official ids.
        view: turns, cuts and resizes an official mask to the shape of `seen`.
        category: the class of the image.
    """
    counted = view(ids) != IGNORE_ID
    exact = seen.shape == ids.shape
    found = [
        key
        for key, functions in READINGS.items()
        if any(_equal(seen, view(function(ids)), counted, exact) for function in functions)
    ]
    for on in (1, 255):
        for name, shown in (("object", ids > 0), ("own-class", ids == category)):
            if _equal(seen, view(np.where(shown, on, 0)), counted, exact):
                found.append(f"{name}-{on}")
    return found


def _equal(seen: NDArray[Any], expected: NDArray[Any], counted: NDArray[np.bool_], exact: bool) -> bool:
    """Equal in all pixels; in nearly all where both were resized, by programs that round differently."""
    equal = (seen == expected)[counted]
    if not equal.size:
        return True
    return bool(equal.all()) if exact else bool(equal.mean() >= TOLERANCE)
