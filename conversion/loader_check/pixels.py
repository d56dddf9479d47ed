"""Masks and images of items as arrays: tensors, PIL images, lists and paths."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..facts import IGNORE_ID

_IMAGE_ENDINGS = (".jpg", ".jpeg")


def as_array(value: Any) -> NDArray[Any] | None:
    """A value as an array of numbers of 2 to 4 dimensions; None for anything else."""
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
        value = (value.float() if value.is_floating_point() else value).numpy()
    if isinstance(value, Image.Image):
        value = np.asarray(value)
    if isinstance(value, list) and value and isinstance(value[0], list):
        try:
            value = np.array(value)
        except ValueError:  # of several lengths
            return None
    if isinstance(value, np.ndarray) and value.ndim in (2, 3, 4) and value.size and value.dtype.kind in "biuf":
        return value[0] if value.ndim == 4 and len(value) == 1 else value
    return None


def as_ids(value: Any, num_classes: int) -> NDArray[Any] | None:
    """H x W numbers of a mask: of 1 x H x W too, one-hot, official RGB, or the path of a PNG; None for anything else.

    Args:
        value: what an item holds.
        num_classes: C. One-hot masks have C channels, or C + 1 with `other`; of the latter a pixel without any channel
            is ignored.
    """
    if isinstance(value, (str, os.PathLike)):
        if not os.fspath(value).lower().endswith(".png") or not os.path.isfile(value):
            return None
        with Image.open(value, formats=["PNG"]) as image:
            return as_ids(image.copy(), num_classes)
    array = as_array(value)
    if array is None:
        return None
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[2]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    for axis in (0, 2):
        extra = array.shape[axis] - num_classes if array.ndim == 3 else -1
        if extra in (0, 1) and ((array == 0) | (array == 1)).all():
            channel = array.argmax(axis).astype(np.int64) + 1 - extra
            return np.where(array.any(axis), channel, IGNORE_ID if extra else 0)
    if array.ndim == 3 and array.dtype == np.uint8 and 3 in (array.shape[0], array.shape[2]):
        array = array if array.shape[2] == 3 else array.transpose(1, 2, 0)
        if array[..., 2].any() or array[..., 1].max(initial=0) > 3:  # a picture
            return None
        return array[..., 0].astype(np.int64) + 256 * array[..., 1].astype(np.int64)
    if array.ndim != 2 or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        return None
    if array.dtype.kind == "f" and (array % 1).any():  # scaled, soft or interpolated
        return array.astype(np.float64)
    return array.astype(np.int64)


def as_grey(value: Any) -> NDArray[np.float32] | None:
    """H x W numbers of an image: colours in the first or last dimension, a PIL image, or the path of a JPEG."""
    if isinstance(value, (str, os.PathLike)):
        if not os.fspath(value).lower().endswith(_IMAGE_ENDINGS) or not os.path.isfile(value):
            return None
        with Image.open(value, formats=("JPEG", "PNG")) as image:
            return np.asarray(image.convert("L"), np.float32)
    if isinstance(value, Image.Image):
        return None if value.mode[0] in "IF1" else np.asarray(value.convert("L"), np.float32)
    array = as_array(value)
    if array is None or array.ndim != 3 or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        return None
    if array.shape[0] in (1, 3, 4):
        return array[:3].mean(0, dtype=np.float32)
    return array[..., :3].mean(-1, dtype=np.float32) if array.shape[2] in (1, 3, 4) else None
