"""The arithmetic of distance matching in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Ids = NDArray[Any]


def ids_like(ids: Any, features: Floats) -> Ids:
    """Ids as an int64 array."""
    return np.asarray(ids, dtype=np.int64)


def are_finite(vectors: Floats, axis: int) -> bool:
    """Whether every vector has a finite length: no NaN, no infinity, nothing so large that it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.linalg.norm(vectors, axis=axis)).all())


def upsample(features: Floats, factor: int) -> Floats:
    """See `segments.upsample`; pixel centres as in torch (align_corners=False)."""
    for axis in (1, 2):
        length = features.shape[axis]
        position = np.clip((np.arange(length * factor) + 0.5) / factor - 0.5, 0, None)
        low = position.astype(np.int64)
        high = np.minimum(low + 1, length - 1)
        share = (position - low).astype(features.dtype)
        share = share[:, None] if axis == 1 else share
        features = features.take(low, axis) * (1 - share) + features.take(high, axis) * share
    return features


def segment_embeddings(features: Floats, mask: Ids, ignore_index: int) -> tuple[Floats, Ids]:
    """See `segments.segment_embeddings`; the mask has the size of the features."""
    ids, inverse, counts = np.unique(mask.ravel(), return_inverse=True, return_counts=True)
    member = (inverse.ravel() == np.arange(len(ids))[:, None]).astype(features.dtype)
    means = member @ features.reshape(len(features), -1).T / counts[:, None].astype(features.dtype)
    scored = ids != ignore_index
    return _normalised(means[scored], axis=1), ids[scored]


def vote(pixels: Floats, bank: Floats, bank_ids: Ids, k: int, temperature: float, chunk: int) -> Ids:
    """See `neighbours.label_pixels`; `pixels` is D x P."""
    ids, position = np.unique(bank_ids, return_inverse=True)
    bank = _normalised(bank, axis=1)
    winners = np.empty(pixels.shape[1], np.int64)
    for start in range(0, pixels.shape[1], chunk):
        similarity = _normalised(pixels[:, start : start + chunk], axis=0).T @ bank.T
        near = (
            np.argpartition(similarity, -k, axis=1)[:, -k:]
            if k < len(bank)
            else np.tile(np.arange(k), (len(similarity), 1))
        )
        weight = np.exp(np.take_along_axis(similarity, near, 1).astype(np.float64) / temperature)
        row = np.arange(len(near))[:, None]
        votes = np.bincount((row * len(ids) + position[near]).ravel(), weight.ravel(), minlength=len(near) * len(ids))
        winners[start : start + chunk] = votes.reshape(len(near), len(ids)).argmax(axis=1)
    return ids[winners].astype(np.uint16)


def _normalised(vectors: Floats, axis: int) -> Floats:
    length = np.linalg.norm(vectors, axis=axis, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
