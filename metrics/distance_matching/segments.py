"""Annotated segments as feature vectors, the resizing of feature maps and masks, and checks of what is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

Tensor = Any


def segment_embeddings(features: Any, mask: Any, ignore_index: int = 1000) -> tuple[Any, Any]:
    """The mean feature of every segment of an image, L2-normalised.

    Args:
        features: a tensor of D x H x W floats.
        mask: h x w ids, a tensor or an array; resized to H x W with nearest if it has another size. A segment without
            a pixel left has no embedding.
        ignore_index: the id that is no segment; 0, "other", is a segment.

    Returns:
        K x D embeddings of length 1 (0 where the mean is 0), and the K ids, ascending. K is 0 where all is ignored.

    Raises:
        ValueError: shapes that do not fit, features that are not finite.

    Examples:
        >>> import torch
        >>> features = torch.tensor([[[3.0, 3.0, 0.0]], [[4.0, 4.0, 2.0]]], dtype=torch.float64)
        >>> means, ids = segment_embeddings(features, torch.tensor([[7, 7, 0]]))
        >>> means.tolist(), ids.tolist()
        ([[0.0, 1.0], [0.6, 0.8]], [0, 7])
    """
    _, height, width = check_features(features)
    mask = ids_like(mask, features)
    if mask.ndim != 2:
        raise ValueError(f"the mask has the shape {tuple(mask.shape)}: expected H x W ids.")
    if tuple(mask.shape) != (height, width):
        mask = resize_nearest(mask, (height, width))
    if not are_finite(features.reshape(len(features), -1), 0):
        raise ValueError(f"NaN, an infinity or vectors too long for {features.dtype} in the features.")
    ids, inverse, counts = torch.unique(mask.reshape(-1), return_inverse=True, return_counts=True)
    member = functional.one_hot(inverse, len(ids)).to(features.dtype).T
    means = member @ features.reshape(len(features), -1).T / counts[:, None].to(features.dtype)
    scored = ids != ignore_index
    return functional.normalize(means[scored], dim=1), ids[scored]


def upsample(features: Any, factor: int = 4) -> Any:
    """A feature map `factor` times as high and wide, bilinear, as `torch.nn.functional.interpolate` does it.

    Args:
        features: D x H x W floats.
        factor: 4 in PASS.

    Returns:
        D x (factor H) x (factor W).
    """
    check_features(features)
    if factor < 1:
        raise ValueError(f"factor={factor}: expected a whole number of at least 1.")
    return functional.interpolate(features[None], scale_factor=factor, mode="bilinear", align_corners=False)[0]


def resize_nearest(ids: Any, size: tuple[int, int]) -> Any:
    """Ids at another size, as `torch.nn.functional.interpolate` with `mode="nearest"` and `size`, which PASS uses.

    Pixel (y, x) takes that of (floor(y * H / height), floor(x * W / width)), with torch's rounding: H / height and the
    product are float32, so that some pixels take the neighbour before.

    Args:
        ids: H x W.
        size: (height, width).

    Returns:
        height x width.
    """
    height, width = size
    if ids.ndim != 2 or 0 in ids.shape or height < 1 or width < 1:
        raise ValueError(f"cannot bring ids of the shape {tuple(ids.shape)} to {height} x {width} (H x W).")
    rows, columns = _nearest(ids.shape[0], height), _nearest(ids.shape[1], width)
    return ids[rows[:, None], columns]  # a tensor is indexed by NumPy arrays likewise


def ids_like(ids: Any, features: Tensor) -> Tensor:
    """Ids as int64 on the device of the features; arrays are copied, as most torch operators do not take uint16."""
    if not isinstance(ids, torch.Tensor):
        ids = torch.from_numpy(np.array(ids, dtype=np.int64))
    return ids.to(device=features.device, dtype=torch.int64)


def are_finite(vectors: Tensor, axis: int) -> bool:
    """Whether every vector has a finite length: no NaN, no infinity, nothing so large that it overflows."""
    return bool(torch.isfinite(torch.linalg.vector_norm(vectors, dim=axis)).all())


def check_features(features: Tensor) -> tuple[int, int, int]:
    """The shape (D, H, W) of a feature map; a ValueError if it has no such shape or no floating point numbers."""
    if not isinstance(features, torch.Tensor):
        raise ValueError(
            f"the features are {type(features).__name__}: expected a tensor, as torch.from_numpy makes it."
        )
    shape = tuple(features.shape)
    if len(shape) != 3 or 0 in shape:
        raise ValueError(f"the features have the shape {shape}: expected D x H x W, one image at a time.")
    if not features.is_floating_point():
        raise ValueError(f"the features are {features.dtype}: expected floating point numbers.")
    return shape


def _nearest(before: int, after: int) -> NDArray[np.int64]:
    """For each of `after` positions, the position among `before` that it takes."""
    scale = np.float32(before) / np.float32(after)
    return np.minimum((np.arange(after, dtype=np.float32) * scale).astype(np.int64), before - 1)
