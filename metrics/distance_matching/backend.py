"""The choice between NumPy and torch, and checks of arrays of either."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

_LARGEST_ID = 65535


def backend_of(array: Any) -> ModuleType:
    """The module that does the arithmetic for an array: `_torch` for tensors, `_numpy` for everything else."""
    if type(array).__module__.split(".")[0] == "torch":
        from . import _torch

        return _torch
    from . import _numpy

    return _numpy


def check_bank_ids(ids: Any) -> None:
    """Refuse ids that a 16-bit mask can't hold: they would become other ids.

    Raises:
        ValueError: fractions, or ids outside of 0..65535.
    """
    array = np.asarray(ids.detach().cpu() if hasattr(ids, "detach") else ids)
    if array.dtype.kind not in "iuf" or (array != np.floor(array)).any():
        raise ValueError(f"the ids of the bank are {array.dtype}: expected whole numbers.")
    if array.size and (array.min() < 0 or array.max() > _LARGEST_ID):
        raise ValueError(f"the ids of the bank are {array.min()}..{array.max()}: expected 0..{_LARGEST_ID}.")


def check_features(features: Any) -> tuple[int, int, int]:
    """Check a feature map; returns its shape (D, H, W).

    Raises:
        ValueError: not D x H x W numbers with at least one of each.
    """
    shape = tuple(getattr(features, "shape", ()))
    if len(shape) != 3 or 0 in shape:
        raise ValueError(f"the features have the shape {shape}: expected D x H x W, one image at a time.")
    if "float" not in str(features.dtype):
        raise ValueError(f"the features are {features.dtype}: expected floating point numbers.")
    return shape
