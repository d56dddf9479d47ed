"""Labelling pixels by their nearest segments."""

from __future__ import annotations

from typing import Any

from .arithmetic import are_finite, check_bank_ids, check_features, ids_like, vote

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
    if k < 1 or not temperature > 0 or (chunk is not None and chunk < 1):
        raise ValueError(
            f"k={k} (-k), temperature={temperature} (--temperature), chunk={chunk}: expected numbers above 0."
        )
    check_bank_ids(bank_ids)
    for what, vectors, axis in (("features", features.reshape(depth, -1), 0), ("bank", bank, 1)):
        if not are_finite(vectors, axis):
            raise ValueError(
                f"NaN, an infinity or vectors too long for {vectors.dtype} in the {what}: they have no direction."
            )
    chunk = chunk or max(1, _SIMILARITIES_AT_ONCE // shape[0])
    labels = vote(features.reshape(depth, -1), bank, ids, min(k, shape[0]), temperature, chunk)
    return labels.reshape(height, width)
