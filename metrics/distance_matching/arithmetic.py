"""The arithmetic of distance matching, on the device of the features, and checks of what it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

Tensor = Any
_LARGEST_ID = 65535


def ids_like(ids: Any, features: Tensor) -> Tensor:
    """Ids as int64 on the device of the features; arrays are copied, as most torch operators do not take uint16."""
    if not isinstance(ids, torch.Tensor):
        ids = torch.from_numpy(np.array(ids, dtype=np.int64))
    return ids.to(device=features.device, dtype=torch.int64)


def are_finite(vectors: Tensor, axis: int) -> bool:
    """Whether every vector has a finite length: no NaN, no infinity, nothing so large that it overflows."""
    return bool(torch.isfinite(torch.linalg.vector_norm(vectors, dim=axis)).all())


def mean_of_segments(features: Tensor, mask: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Embeddings and ids of `segments.segment_embeddings`; the mask has the size of the features."""
    ids, inverse, counts = torch.unique(mask.reshape(-1), return_inverse=True, return_counts=True)
    member = functional.one_hot(inverse, len(ids)).to(features.dtype).T
    means = member @ features.reshape(len(features), -1).T / counts[:, None].to(features.dtype)
    scored = ids != ignore_index
    return functional.normalize(means[scored], dim=1), ids[scored]


def vote(pixels: Tensor, bank: Tensor, bank_ids: Tensor, k: int, temperature: float, chunk: int) -> Tensor:
    """See `neighbours.label_pixels`; `pixels` is D x P."""
    ids, position = torch.unique(bank_ids, return_inverse=True)
    bank = functional.normalize(bank.to(device=pixels.device, dtype=pixels.dtype), dim=1)
    winners = torch.empty(pixels.shape[1], dtype=torch.int64, device=pixels.device)
    for start in range(0, pixels.shape[1], chunk):
        similarity = functional.normalize(pixels[:, start : start + chunk], dim=0).T @ bank.T
        nearest, near = similarity.topk(k, dim=1)
        weight = (nearest.float() / temperature).exp()
        votes = torch.zeros(len(near), len(ids), dtype=weight.dtype, device=weight.device)
        votes.scatter_add_(1, position[near], weight)
        best = votes.max(dim=1, keepdim=True).values
        winners[start : start + chunk] = (votes == best).to(torch.uint8).argmax(dim=1)  # the lowest id on a tie
    return ids[winners]


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


def check_features(features: Tensor) -> tuple[int, int, int]:
    """Check a feature map; returns its shape (D, H, W).

    Raises:
        ValueError: no tensor, or not D x H x W numbers with at least one of each.
    """
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
