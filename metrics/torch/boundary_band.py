"""The boundary bands of a batch of masks, on their device: the definition of `matched_miou/boundary.py`."""

from __future__ import annotations

from typing import Any

import torch

from ..matched_miou.boundary import band_width

Tensor = Any


def boundary_bands(ids: Tensor) -> Tensor:
    """Which pixels lie in the boundary band of their own id.

    With the same steps as in NumPy: 2 x 2 blocks that hold two ids, then an OR over the blocks of each square.

    Args:
        ids: B x H x W integers.

    Returns:
        B x H x W bool.

    Examples:
        >>> boundary_bands(torch.zeros(1, 3, 4, dtype=torch.int64)).int()
        tensor([[[1, 1, 1, 1],
                 [1, 0, 0, 1],
                 [1, 1, 1, 1]]], dtype=torch.int32)
    """
    height, width = ids.shape[1:]
    d = band_width(height, width)
    band = torch.ones(ids.shape, dtype=torch.bool, device=ids.device)
    if height <= 2 * d or width <= 2 * d:
        return band
    across = ids[:, :, 1:] != ids[:, :, :-1]
    blocks = ids[:, 1:, :-1] != ids[:, :-1, :-1]
    blocks |= across[:, 1:]
    blocks |= across[:, :-1]
    band[:, d : height - d, d : width - d] = _any_of(_any_of(blocks, 2 * d, 1), 2 * d, 2)
    return band


def _any_of(values: Tensor, n: int, axis: int) -> Tensor:
    """OR of each n neighbours along an axis: L -> L - n + 1."""
    reach = 1
    while 2 * reach <= n:
        values = _either(values, reach, axis)
        reach *= 2
    return _either(values, n - reach, axis) if reach < n else values


def _either(values: Tensor, shift: int, axis: int) -> Tensor:
    length = values.shape[axis] - shift
    return values.narrow(axis, 0, length) | values.narrow(axis, shift, length)
