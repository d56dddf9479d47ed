"""Count rows of an image: the pixels of each (reference id, predicted id) pair, in all and in the boundary bands.

These integers determine every figure under every matching, and they can be added: nothing else of a mask is stored.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .boundary import boundary_band
from .read_mask import MaskLike, read_mask

GT, PRED, PIXELS, GT_BAND, PRED_BAND, BOTH_BANDS = range(6)
"""The columns of a count row: the two ids; the number of pixels that have both; how many of these lie in the band of
the reference, in the band of the prediction, and in both."""

CountRows = NDArray[np.int32]
"""K x 6, one row for each (id, id) pair that occurs, sorted by the two ids."""


def count_pair(prediction: MaskLike, reference: MaskLike, name: str = "") -> CountRows:
    """The count rows of one image; ignored pixels are counted here like any others.

    Args:
        prediction: ids of classes or clusters, in any form of a mask.
        reference: the true ids, of the same height and width.
        name: the image's name, for errors.

    Returns:
        K x 6 int32, see the column constants.

    Raises:
        ValueError: no mask, or the two differ in size.

    Examples:
        >>> count_pair([[0, 7], [7, 7]], [[0, 2], [2, 0]]).tolist()
        [[0, 0, 1, 1, 1, 1], [0, 7, 1, 1, 1, 1], [2, 7, 2, 2, 2, 2]]
    """
    gt = read_mask(reference, f"the reference of {name}" if name else "the reference")
    pred = read_mask(prediction, f"the prediction of {name}" if name else "the prediction")
    if gt.shape != pred.shape:
        raise ValueError(_size_message(name or "an image", pred.shape, gt.shape))
    return _rows(gt, pred)


def _rows(gt: NDArray[np.uint16], pred: NDArray[np.uint16]) -> CountRows:
    fields = (gt.ravel(), pred.ravel(), boundary_band(gt).ravel(), boundary_band(pred).ravel())
    # Masks have large flat areas, so only runs of equal pixels, a few thousand, are sorted and summed.
    changes = fields[0][1:] != fields[0][:-1]
    for field in fields[1:]:
        changes |= field[1:] != field[:-1]
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    lengths = np.diff(starts, append=gt.size)
    gts, preds, in_gt, in_pred = (field[starts] for field in fields)

    pairs = gts.astype(np.uint32) << np.uint32(16) | preds
    order = np.argsort(pairs)
    pairs, lengths, in_gt, in_pred = pairs[order], lengths[order], in_gt[order], in_pred[order]
    first = np.concatenate(([0], np.flatnonzero(pairs[1:] != pairs[:-1]) + 1))
    rows = np.empty((len(first), 6), np.int32)
    rows[:, GT] = pairs[first] >> 16
    rows[:, PRED] = pairs[first] & 0xFFFF
    for column, weight in ((PIXELS, True), (GT_BAND, in_gt), (PRED_BAND, in_pred), (BOTH_BANDS, in_gt & in_pred)):
        rows[:, column] = np.add.reduceat(lengths * weight, first)
    return rows


def _size_message(name: str, pred: tuple[int, ...], gt: tuple[int, ...]) -> str:
    turned = pred == gt[::-1]
    advice = (
        "one of the two was rotated, as EXIF-aware readers do with the image: predict on the image as it is stored"
        if turned
        else "resize the prediction with nearest to the size of the reference"
    )
    return f"{name}: the prediction is {pred[0]} x {pred[1]} (H x W), the reference {gt[0]} x {gt[1]}; {advice}."
