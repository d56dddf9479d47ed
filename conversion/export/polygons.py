"""Masks as exact polygons: filled by the even-odd rule at the centres of pixels, they give the mask again.

A polygon follows the edges of pixels, not their centres, so all its coordinates are integers. There is one for each
piece of a region; pixels that touch at a corner belong to one piece. COCO and YOLO have no notation for holes: a hole
is joined to the border around it by a cut of no width, which is followed in both directions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Point = tuple[int, int]
"""x, y of a corner of pixels: (0, 0) is the upper left corner of the image, (W, H) the lower right one."""


def polygons(mask: NDArray[np.bool_]) -> list[list[Point]]:
    """The pieces of a mask as polygons.

    Args:
        mask: H x W booleans.

    Returns:
        The corners of each piece, clockwise from its topmost corner; the last is joined to the first. Pieces are in the
        order of their topmost corners.

    Examples:
        >>> polygons(np.array([[False, True], [False, True]]))
        [[(1, 0), (2, 0), (2, 2), (1, 2)]]
    """
    borders = _borders(mask)
    pieces: list[list[Point]] = []
    piece_of: dict[int, int] = {}
    holes = []
    for number, (points, is_hole) in enumerate(borders):
        if is_hole:
            holes.append(number)
        else:
            piece_of[number] = len(pieces)
            pieces.append(points)
    if holes:
        walls = _walls([points for points, _ in borders])
        # From left to right, so that the border that a cut to the left meets belongs to a piece already.
        for number in sorted(holes, key=lambda number: min(borders[number][0])):
            points = borders[number][0]
            start = points.index(min(points))  # the leftmost corner, of several the upper one
            x, y = points[start]
            met_x, met = _nearest_on_the_left(walls, x, y)
            piece_of[number] = piece_of[met]
            _join(pieces[piece_of[met]], (met_x, y), [*points[start:], *points[:start]])
    return pieces


def _borders(mask: NDArray[np.bool_]) -> list[tuple[list[Point], bool]]:
    """The corners along each border, with the region on the right hand side, and whether it is the border of a hole.

    In each row of corner points, corners pair up as the ends of horizontal edges; in each column as the ends of
    vertical edges. Where two pixels touch at a corner, there are two corners at one point.
    """
    height, width = mask.shape
    padded = np.zeros((height + 2, width + 2), bool)
    padded[1:-1, 1:-1] = mask
    # The four pixels around each point: upper left and right, lower left and right.
    a, b, c, d = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    odd, touching = a ^ b ^ c ^ d, (a == d) & (b == c) & (a != b)
    y, x = np.nonzero(odd | touching)
    double = touching[y, x]
    y, x, double = (np.repeat(values, 1 + double) for values in (y, x, double))
    count = len(x)
    index = np.arange(count)
    second = double & (index > 0) & np.roll(double, 1)
    second &= (y == np.roll(y, 1)) & (x == np.roll(x, 1))
    # Of a double corner, the first one in its row ends the edge on the left, and the first one in its column ends the
    # edge above. With a pixel at the upper left, both would belong to it; they are swapped, so that touching pixels
    # are joined.
    swapped = double & a[y, x]
    by_column = np.lexsort((second ^ swapped, y, x))
    vertical = np.empty(count, np.int64)
    vertical[by_column[0::2]], vertical[by_column[1::2]] = by_column[1::2], by_column[0::2]
    below = d[y, x].tolist()
    partner, corners = vertical.tolist(), list(zip(x.tolist(), y.tolist()))
    seen = bytearray(count)
    borders = []
    for first in range(0, count, 2):  # the left end of a horizontal edge
        if seen[first]:
            continue
        points, corner = [], first
        while not seen[corner]:
            other = corner ^ 1
            seen[corner] = seen[other] = 1
            points += [corners[corner], corners[other]]
            corner = partner[other]
        # The topmost edge of a piece has the region below it; that of a hole does not.
        is_hole = not below[first]
        borders.append((points[::-1] if is_hole else points, is_hole))
    return borders


def _walls(borders: list[list[Point]]) -> NDArray[np.int64]:
    """The vertical edges of all borders: x, upper y, lower y, number of the border."""
    edges = [
        (x, min(y, next_y), max(y, next_y), number)
        for number, points in enumerate(borders)
        for (x, y), (next_x, next_y) in zip(points, [*points[1:], points[0]])
        if x == next_x
    ]
    return np.array(edges, np.int64)


def _nearest_on_the_left(walls: NDArray[np.int64], x: int, y: int) -> tuple[int, int]:
    """The x and the border number of the nearest vertical edge on the left that crosses the row of pixels below y."""
    crossing = walls[(walls[:, 0] < x) & (walls[:, 1] <= y) & (walls[:, 2] > y)]
    nearest = crossing[crossing[:, 0].argmax()]
    return int(nearest[0]), int(nearest[3])


def _join(piece: list[Point], at: Point, hole: list[Point]) -> None:
    """Insert the border of a hole where the piece passes `at`."""
    x, y = at
    for i, ((x0, y0), (x1, y1)) in enumerate(zip(piece, [*piece[1:], piece[0]]), 1):
        if x0 == x1 == x and min(y0, y1) <= y < max(y0, y1):
            piece[i:i] = [at, *hole, hole[0], at]
            return
    raise AssertionError(f"no border at {at}")
