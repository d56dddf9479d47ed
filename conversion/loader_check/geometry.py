"""How a mask or image was turned, cut and resized: every usual way is tried, and the best fit is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WHOLE = "whole"
CUTS = ("centre crop", "short side 256, centre crop 224")
TURNS = ("turned left", "turned upside down", "turned right", "transposed", "transversed")
"""The effects of the EXIF orientations 8, 3, 6, 5 and 7."""
MIRRORED, FLIPPED = "mirrored", "flipped"
_THUMBNAIL = 24
_GOOD_ENOUGH = 0.98
_AS_GOOD = 0.02
"""Another way must score this much higher than the unchanged array, which is the simplest explanation."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Fit:
    """A way, and how well it explains what was seen: 1 perfectly, 0 no better than without the original."""

    way: str
    score: float


def possible_views(array: Array, shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    """Each way in which the array may have been turned or cut before it was resized to `shape`: (name, result)."""
    yield WHOLE, array
    yield CUTS[0], _centre(array, shape, 1.0)
    yield CUTS[1], _centre(array, shape, 224 / 256)
    yield MIRRORED, array[:, ::-1]
    yield FLIPPED, array[::-1]
    yield TURNS[0], np.rot90(array)
    yield TURNS[1], np.rot90(array, 2)
    yield TURNS[2], np.rot90(array, 3)
    yield TURNS[3], array.T
    yield TURNS[4], np.rot90(array.T, 2)


def viewer(way: str, shape: tuple[int, ...], centred: bool = True) -> Callable[[Array], Array]:
    """A function that turns or cuts an array in the given way and resizes it to `shape` by nearest."""
    return lambda array: nearest(
        next(view for name, view in possible_views(array, shape) if name == way), shape, centred
    )


def nearest(array: Array, shape: tuple[int, ...], centred: bool = True) -> Array:
    """Resized by nearest, as Pillow and `nearest-exact` do it, or (not centred) as OpenCV and `nearest` do."""
    if array.shape == tuple(shape):
        return array
    at = 0.5 if centred else 0.0
    rows, columns = (((np.arange(new) + at) * old / new).astype(int) for new, old in zip(shape, array.shape))
    return array[np.ix_(rows, columns)]


def fit_mask(seen: Array, ids: Array) -> Fit:
    """The way in which a mask, whose ids may have been changed too, follows best from the official one."""
    best = Fit(WHOLE, -1.0)
    for way, view in possible_views(ids, seen.shape):
        if seen.shape == ids.shape and way in CUTS:
            continue
        fit = Fit(way, _determined(seen, nearest(view, seen.shape)))
        if fit.score > best.score + (_AS_GOOD if best.score >= 0 else 0):
            best = fit
        if best.score >= _GOOD_ENOUGH:
            break
    return best


def fit_image(seen: NDArray[np.float32], original: NDArray[np.float32]) -> Fit:
    """The way in which an image follows best from the original; brightness and contrast do not matter."""
    target = _thumbnail(seen)
    scores = {way: float((target * _thumbnail(view)).mean()) for way, view in possible_views(original, seen.shape)}
    best = max(scores, key=lambda way: scores[way])
    way = WHOLE if scores[WHOLE] >= scores[best] - _AS_GOOD else best
    return Fit(way, scores[way])


def _centre(array: Array, shape: tuple[int, ...], part: float) -> Array:
    """The centre box with the ratio of `shape`; its sides are `part` of the largest such box."""
    scale = part * min(array.shape[0] / shape[0], array.shape[1] / shape[1])
    height, width = (max(1, round(scale * side)) for side in shape)
    top, left = (array.shape[0] - height) // 2, (array.shape[1] - width) // 2
    return array[top : top + height, left : left + width]


def _determined(seen: Array, ids: Array) -> float:
    """How far the ids determine what is seen (Goodman and Kruskal's lambda): 1 where each id became a single value."""
    _, values = np.unique(seen, return_inverse=True)
    _, names = np.unique(ids, return_inverse=True)
    table = np.zeros((int(names.max()) + 1, int(values.max()) + 1), np.int64)
    np.add.at(table, (names.ravel(), values.ravel()), 1)
    # Pixels that are guessed right by the most frequent value of all, and by the most frequent value of their id.
    overall, by_id = int(table.sum(0).max()), int(table.max(1).sum())
    return 1.0 if overall == seen.size else (by_id - overall) / (seen.size - overall)


def _thumbnail(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    image = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    small = np.asarray(image.resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX), np.float32)
    return (small - small.mean()) / max(float(small.std()), 1e-6)
