"""Labelling pixels by their nearest segments."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from .segments import Tensor, are_finite, check_features, ids_like

_LARGEST_ID = 65535
_SIMILARITIES_AT_ONCE = 1 << 24
"""64 MB of float32, whatever the sizes of the image and the bank are."""


def label_pixels(
    features: Any,
    bank: Any,
    bank_ids: Any,
    k: int = 10,
    temperature: float = 0.07,
    chunk: int | None = None,
) -> Any:
    """The id of every pixel of a feature map, voted by the segments nearest to it.

    Pixels and embeddings are normalised to length 1; each of the k segments with the greatest dot products votes for
    its id with exp(similarity / temperature); the id with the greatest sum wins, the lowest on a tie.

    Args:
        features: a tensor of D x H x W floats.
        bank: a tensor of N x D segment embeddings of any length; those that PASS saves are not normalised.
        bank_ids: their N ids, a tensor or an array.
        k: neighbours; all segments if there are fewer. Which of equally near segments is the k-th is not specified.
        temperature: the smaller, the more the nearest segments count.
        chunk: pixels at a time; by default as many as keep memory near 100 MB.

    Returns:
        H x W ids, int64, on the device of the features.

    Raises:
        ValueError: shapes that do not fit, an empty bank, vectors without a direction, ids out of range.
    """
    depth, height, width = check_features(features)
    shape = tuple(bank.shape)
    if len(shape) != 2 or shape[1] != depth or not shape[0]:
        raise ValueError(f"the bank has the shape {shape}: expected N x {depth}, N at least 1.")
    ids = ids_like(bank_ids, features)
    if tuple(ids.shape) != shape[:1]:
        raise ValueError(f"{shape[0]} embeddings and ids of the shape {tuple(ids.shape)}: expected as many.")
    check_votes(k, temperature, chunk)
    _check_bank_ids(bank_ids)
    for what, vectors, axis in (("features", features.reshape(depth, -1), 0), ("bank", bank, 1)):
        if not are_finite(vectors, axis):
            raise ValueError(
                f"NaN, an infinity or vectors too long for {vectors.dtype} in the {what}: they have no direction."
            )
    chunk = chunk or max(1, _SIMILARITIES_AT_ONCE // shape[0])
    labels = _vote(features.reshape(depth, -1), bank, ids, min(k, shape[0]), temperature, chunk)
    return labels.reshape(height, width)


def check_votes(k: int, temperature: float, chunk: int | None = None) -> None:
    """Raise a ValueError for settings that are no numbers above 0."""
    if k < 1 or not temperature > 0 or (chunk is not None and chunk < 1):
        raise ValueError(
            f"k={k} (-k), temperature={temperature} (--temperature), chunk={chunk}: expected numbers above 0."
        )


def _vote(pixels: Tensor, bank: Tensor, bank_ids: Tensor, k: int, temperature: float, chunk: int) -> Tensor:
    """The ids of D x P pixels."""
    ids, position = torch.unique(bank_ids, return_inverse=True)
    bank = functional.normalize(bank.to(device=pixels.device, dtype=pixels.dtype), dim=1)
    winners = torch.empty(pixels.shape[1], dtype=torch.int64, device=pixels.device)
    for start in range(0, pixels.shape[1], chunk):
        similarity = functional.normalize(pixels[:, start : start + chunk], dim=0).T @ bank.T
        nearest, near = similarity.topk(k, dim=1)
        # Relative to the nearest: exp(1 / temperature) itself is too great for float32 below a temperature of 0.0113.
        weight = ((nearest.float() - nearest[:, :1].float()) / temperature).exp()
        votes = torch.zeros(len(near), len(ids), dtype=weight.dtype, device=weight.device)
        votes.scatter_add_(1, position[near], weight)
        best = votes.max(dim=1, keepdim=True).values
        winners[start : start + chunk] = (votes == best).to(torch.uint8).argmax(dim=1)  # the lowest id on a tie
    return ids[winners]


def _check_bank_ids(ids: Any) -> None:
    """A ValueError for ids that a 16-bit mask can't hold: they would become other ids."""
    array = np.asarray(ids.detach().cpu() if hasattr(ids, "detach") else ids)
    if array.dtype.kind not in "iuf" or (array != np.floor(array)).any():
        raise ValueError(f"the ids of the bank are {array.dtype}: expected whole numbers.")
    if array.size and (array.min() < 0 or array.max() > _LARGEST_ID):
        raise ValueError(f"the ids of the bank are {array.min()}..{array.max()}: expected 0..{_LARGEST_ID}.")
