"""Readers of the exported forms that share no code with the package: plain Python, from their descriptions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def decode_rle(rle: dict) -> NDArray[np.bool_]:
    """COCO's compressed runs, character by character."""
    height, width = rle["size"]
    runs: list[int] = []
    position = 0
    text = rle["counts"]
    while position < len(text):
        value = shift = 0
        while True:
            digit = ord(text[position]) - 48
            position += 1
            value |= (digit & 31) << shift
            shift += 5
            if not digit & 32:
                break
        if digit & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
    assert sum(runs) == height * width
    pixels = [bit for number, run in enumerate(runs) for bit in [number % 2] * run]
    return np.array(pixels, bool).reshape(width, height).T


def fill(pieces: Sequence[Sequence[float]], height: int, width: int) -> NDArray[np.bool_]:
    """The pixels whose centre is inside of a polygon by the even-odd rule; flat lists of x, y."""
    inside = np.zeros((height, width), bool)
    y, x = np.mgrid[:height, :width] + 0.5
    for flat in pieces:
        points = list(zip(flat[::2], flat[1::2]))
        piece = np.zeros((height, width), bool)
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]]):
            if y0 != y1:
                crosses = (y > min(y0, y1)) & (y < max(y0, y1))
                piece ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        inside |= piece
    return inside
