"""A batch of mask pairs -> the count rows of each image (`matched_miou/counts.py`), on the device of the masks.

Runs of equal pixels are found first, and only these few thousand are sorted. One-hot encoding and a table of
(C + 1) x (C + 1) are not needed. (`bincount` over the pairs needs that table, and on a GPU most pixels are added to
the same entry, one after the other.)
"""

from __future__ import annotations

from typing import Any

import torch

from .boundary_band import boundary_bands

Tensor = Any

_ID = 65536  # ids are 0..65535, as in a 16-bit mask


def count_batch(preds: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The count rows of a batch.

    Args:
        preds: B x H x W integers 0..65535.
        target: the same shape, on the same device.

    Returns:
        K x 6 int32, the rows of all images one after the other, each image's sorted by its two ids; and B int64, how
        many rows each image has.

    Examples:
        >>> rows, lengths = count_batch(torch.tensor([[[0, 7], [7, 7]]]), torch.tensor([[[0, 2], [2, 0]]]))
        >>> rows.tolist(), lengths.tolist()
        ([[0, 0, 1, 1, 1, 1], [0, 7, 1, 1, 1, 1], [2, 7, 2, 2, 2, 2]], [3])
    """
    # One integer per pixel: image, two ids, two bands. First its runs are summed by value, then values by pair of ids.
    pairs = torch.arange(len(target), device=target.device)[:, None, None] * _ID + target.long()
    keys = (pairs * _ID + preds.long()) * 4 + boundary_bands(target) * 2 + boundary_bands(preds)
    runs, run_lengths = torch.unique_consecutive(keys.flatten(), return_counts=True)
    values, of_run = torch.unique(runs, return_inverse=True)
    pixels = torch.zeros_like(values).index_add_(0, of_run, run_lengths)

    pairs, of_key = torch.unique_consecutive(values // 4, return_inverse=True)
    in_target, in_preds = values // 2 % 2, values % 2
    parts = torch.stack([pixels, pixels * in_target, pixels * in_preds, pixels * in_target * in_preds], dim=1)
    sums = torch.zeros((len(pairs), 4), dtype=torch.int64, device=pairs.device).index_add_(0, of_key, parts)
    rows = torch.cat([(pairs // _ID % _ID)[:, None], (pairs % _ID)[:, None], sums], dim=1).int()
    lengths = torch.zeros(len(target), dtype=torch.int64, device=pairs.device)
    return rows, lengths.index_add_(0, pairs // _ID // _ID, torch.ones_like(pairs))
