"""The ways to turn, cut, pad and resize a mask or an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
UPRIGHT, MIRRORED = "as it is", "mirrored"
_TURNS: Mapping[str, Callable[[Array], Array]] = {
    UPRIGHT: lambda array: array,
    MIRRORED: lambda array: array[:, ::-1],
    "turned upside down": lambda array: array[::-1, ::-1],
    "flipped": lambda array: array[::-1],
    "turned left": np.rot90,
    "turned right": lambda array: np.rot90(array, 3),
    "transposed": np.transpose,
    "transversed": lambda array: np.rot90(array.T, 2),
}
TURNS = tuple(_TURNS)
SIDEWAYS = TURNS[4:]
OUTSIDE = -1


def turn(array: Array, name: str) -> Array:
    """The array turned in one of the eight ways."""
    return _TURNS[name](array)


@dataclass(frozen=True)
class Box:
    """The part of the turned original that an array shows, in pixels of the original; it may reach beyond."""

    turn: str
    top: float
    left: float
    height: float
    width: float

    def edges(self, count: int, axis: int) -> NDArray[np.float64]:
        """The borders of `count` equal rows (axis 0) or columns."""
        start, size = ((self.top, self.height), (self.left, self.width))[axis]
        return start + np.arange(count + 1, dtype=np.float64) * (size / count)

    def view(self, array: Array, shape: Shape, grid: Sequence[Array] | None = None) -> Array:
        """The array as the box shows it, resized by nearest; -1 outside.

        Args:
            array: the original.
            shape: height and width of what shows it.
            grid: the rows and columns of that to return; by default all.
        """
        indices, inside = [], []
        for axis, size in enumerate(array.shape[::-1] if self.turn in SIDEWAYS else array.shape):
            edges = self.edges(shape[axis], axis)
            centres = np.floor((edges[1:] + edges[:-1]) / 2 + 1e-6)[slice(None) if grid is None else grid[axis]]
            inside.append((centres >= 0) & (centres < size))
            indices.append(np.clip(centres, 0, size - 1).astype(int))
        return np.where(np.logical_and.outer(*inside), turn(array, self.turn)[np.ix_(*indices)], OUTSIDE)

    def is_near(self, other: Box) -> bool:
        """Whether it shows nearly the same part: small objects don't tell more exactly where they are cut."""
        pairs = zip((self.edges(1, 0), self.edges(1, 1)), (other.edges(1, 0), other.edges(1, 1)))
        near = all(abs(mine - theirs).max() < 0.04 * np.ptp(theirs) for mine, theirs in pairs)
        return self.turn == other.turn and near

    def is_whole(self, shape: Shape) -> bool:
        """Whether it shows all of an original of this shape, and no more."""
        return self.is_near(Rule(self.turn).box(shape, shape[::-1] if self.turn in SIDEWAYS else shape))

    def words(self, shape: Shape) -> str:
        """What it shows of an original of this shape."""
        rows, columns = (self.top, self.top + self.height), (self.left, self.left + self.width)
        cut = f"rows {rows[0]:.0f} to {rows[1]:.0f}, columns {columns[0]:.0f} to {columns[1]:.0f}"
        return ", ".join([self.turn] * (self.turn != UPRIGHT) + ["whole" if self.is_whole(shape) else cut])


@dataclass(frozen=True)
class Rule:
    """A way to cut that gives a box for an original of any size.

    Attributes:
        turn: how the original is turned first.
        scaling: `cover` (the short side fills the shape), `contain` (the long side does), `squash`, or `unscaled`.
        part: the sides of the box by those that the scaling alone gives, as 224 / 256.
        corner: the box starts in the upper left corner, not around the centre.
    """

    turn: str = UPRIGHT
    scaling: str = "squash"
    part: float = 1.0
    corner: bool = False

    def box(self, original: Shape, shape: Shape) -> Box:
        """Its box for an original and a result of these shapes."""
        height, width = original[::-1] if self.turn in SIDEWAYS else original
        scales = height / shape[0], width / shape[1]
        same = {"cover": min(scales), "contain": max(scales), "unscaled": 1.0}.get(self.scaling)
        sides = [self.part * size * (same or scale) for size, scale in zip(shape, scales)]
        start = (0.0, 0.0) if self.corner else ((height - sides[0]) / 2, (width - sides[1]) / 2)
        return Box(self.turn, *start, *sides)


WHOLE = Rule()
