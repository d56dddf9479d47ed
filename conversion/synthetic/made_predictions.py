"""Predictions for the generated images: what an unsupervised method might give, and beside them what is right.

A prediction is the true mask, disturbed: moved by a few pixels, one image in four with a class that it does not hold,
and every id replaced by a cluster number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..facts import IGNORE_ID, categories
from ..masks.codec import encode_official_png

_SHIFT = 4  # pixels


def write_truth_and_prediction(
    root: Path, image_id: str, wnid: str, truth: NDArray[Any], config: str, number: int
) -> None:
    """Write `ground-truth/` and `predictions/` of one image, laid out as the official tools want them.

    Args:
        root: the folder that gets both.
        image_id, wnid: of the image.
        truth: H x W ids.
        config: `"50"`, `"300"` or `"919"`.
        number: of the image: every fourth one is confused.
    """
    truth = truth.astype(np.uint16)
    for folder, ids in (
        ("ground-truth", truth),
        ("predictions", disturbed(truth, number, categories(config).num_classes)),
    ):
        path = root / folder / wnid / f"{image_id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_official_png(ids))


def disturbed(truth: NDArray[Any], number: int, classes: int) -> NDArray[np.uint16]:
    """A prediction for a mask: H x W ids in 0..classes, clusters numbered from the other end."""
    moved = np.roll(truth, (_SHIFT, -_SHIFT), axis=(0, 1))
    moved[moved == IGNORE_ID] = 0  # a prediction ignores nothing
    if number % 4 == 3:
        moved[moved > 0] = moved.max() % classes + 1
    return np.where(moved > 0, classes + 1 - moved.astype(np.int64), 0).astype(np.uint16)
