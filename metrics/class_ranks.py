"""Predictions of classifiers as the rank that each image's class has in them, and the class that is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .matched_miou.read_mask import refuse_masked_array

TOP = (1, 5)
"""A prediction is right for these k where the rank is 1..k."""


class Predictions(NamedTuple):
    """What is kept of N predictions.

    Attributes:
        names: of the images; empty where none was given.
        targets: the right classes.
        ranks: of the targets, from 1; 0 where a list of classes does not hold the target.
        answers: the classes that stand first; -1 for an empty list.
    """

    names: list[str]
    targets: NDArray[np.int64]
    ranks: NDArray[np.int64]
    answers: NDArray[np.int64]


def read_predictions(
    prediction: Any, target: Any, name: str | Sequence[str] | None, num_classes: int, first: int = 1
) -> Predictions:
    """One prediction, or a batch.

    Ties count as errors: a class ranks behind all others of the same score, so a model that scores all classes alike
    is never right.

    Args:
        prediction: scores, real numbers, higher is better: C of them; of class ids also C + 1, the first of `other`,
            which then competes with the classes. Or integers: classes in the order of preference, the best first, as
            many as there are. N rows of either for a batch. NumPy, torch or nested lists.
        target: the class; N of them for a batch.
        name: of the image; N of them for a batch.
        num_classes: C.
        first: the lowest class: 1 for the class ids of ImageNet-S, 0 for the labels of ImageNet.

    Raises:
        ValueError: numbers that do not fit together, a score that is NaN, a target that is no class.
    """
    array = as_array(prediction)
    rows = array[None] if array.ndim == 1 else array
    targets = np.atleast_1d(as_array(target))
    names = [""] * len(targets) if name is None else [str(name)] if isinstance(name, str) else [str(n) for n in name]
    if rows.ndim != 2 or targets.ndim != 1 or not len(rows) == len(targets) == len(names):
        raise ValueError(
            f"predictions of shape {array.shape}, {targets.size} targets, {len(names)} names: expected one image "
            "(C scores, a target) or a batch (N x C scores, N targets, N names)."
        )
    last = first + num_classes - 1
    if not np.issubdtype(targets.dtype, np.integer):
        raise ValueError(f"targets are {targets.dtype}: expected class ids {first}..{last}.")
    if len(targets) and not (targets.min() >= first and targets.max() <= last):
        hint = (
            "0 (`other`) is no class of a region, and the labels 0..999 of ImageNet are other numbers"
            if first
            else "they are labels as ImageNet numbers its classes"
        )
        raise ValueError(f"targets hold {targets.min()}..{targets.max()}: class ids are {first}..{last}; {hint}.")
    targets = targets.astype(np.int64)
    if np.issubdtype(rows.dtype, np.integer):
        ranks, answers = _of_lists(rows, targets, last)
    elif np.issubdtype(rows.dtype, np.floating):
        ranks, answers = _of_scores(rows, targets, num_classes, first)
    else:
        raise ValueError(f"predictions are {rows.dtype}: expected scores, or class ids as integers.")
    return Predictions(names, targets, ranks, answers)


def _of_scores(
    rows: NDArray[Any], targets: NDArray[np.int64], num_classes: int, first: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    width = rows.shape[1]
    if width not in (num_classes, num_classes + first):
        expected = f"{num_classes}, the first of class {first}"
        other = f", or {num_classes + 1}, the first of `other`" if first else ""
        raise ValueError(f"{width} scores an image: expected {expected}{other}.")
    if np.isnan(rows).any():
        raise ValueError("a score is NaN: a region without pixels, or a half-precision overflow?")
    lowest = first if width == num_classes else 0
    every = np.arange(len(rows))
    target_scores = rows[every, targets - lowest]
    ranks = (rows >= target_scores[:, None]).sum(1)
    best = rows == rows.max(1, initial=-np.inf)[:, None]
    best[every, targets - lowest] = ranks == 1  # of equal scores, that of the target does not stand first
    return ranks, best.argmax(1) + lowest


def _of_lists(rows: NDArray[Any], targets: NDArray[np.int64], last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if rows.size and not (rows.min() >= 0 and rows.max() <= last):
        raise ValueError(
            f"predicted ids {rows.min()}..{rows.max()}: class ids are 0..{last}; scores must be floating-point numbers."
        )
    ordered = np.sort(rows, 1)
    if (ordered[:, 1:] == ordered[:, :-1]).any():
        raise ValueError("a class id occurs twice in a list of predictions: expected the best first, each once.")
    if not rows.shape[1]:
        return np.zeros(len(rows), np.int64), np.full(len(rows), -1)
    hits = rows == targets[:, None]
    return np.where(hits.any(1), hits.argmax(1) + 1, 0), rows[:, 0].astype(np.int64)


def as_array(values: Any) -> NDArray[Any]:
    """Numbers as NumPy has them, tensors of torch included.

    Raises:
        ValueError: rows of several lengths.
    """
    refuse_masked_array(
        values, "the array of predictions or targets", "without the classes or images that do not count"
    )
    # Without importing torch: whatever can be detached and moved to the CPU is a tensor.
    if hasattr(values, "detach") and hasattr(values, "cpu"):
        values = values.detach().cpu()
        if str(values.dtype) == "torch.bfloat16":  # NumPy has no such type
            values = values.float()
        values = values.numpy()
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"not an array of numbers ({error}): rows of a batch have the same length.") from None
