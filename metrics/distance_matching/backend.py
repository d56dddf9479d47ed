"""Which library an array belongs to."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def backend_of(array: Any) -> ModuleType:
    """The module that does the arithmetic for an array: `_torch` for tensors, `_numpy` for everything else."""
    if type(array).__module__.split(".")[0] == "torch":
        from imagenet_s.metrics.distance_matching import _torch

        return _torch
    from imagenet_s.metrics.distance_matching import _numpy

    return _numpy


def check_features(features: Any) -> tuple[int, int, int]:
    """The shape of a feature map.

    Raises:
        ValueError: not D x H x W numbers with at least one of each.
    """
    shape = tuple(getattr(features, "shape", ()))
    if len(shape) != 3 or 0 in shape:
        raise ValueError(f"the features have the shape {shape}: expected D x H x W, one image at a time.")
    if "float" not in str(features.dtype):
        raise ValueError(f"the features are {features.dtype}: expected floating point numbers.")
    return shape
