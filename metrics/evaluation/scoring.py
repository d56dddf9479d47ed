"""Pairs of masks -> counts, in this process or in several."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import numpy as np

from ...conversion.core.workers import map_unordered
from ...conversion.masks.split_masks import SplitMasks
from ..matched_miou.counts import CountRows, count_pair
from ..matched_miou.id_ranges import IGNORE_INDEX
from ..matched_miou.metric import MatchedIoU
from ..matched_miou.read_mask import read_mask
from .pairing import Pairs

ON_MISSING = ("error", "skip", "empty")
_CHUNK = 32
"""Pairs a task: a fifth of a second or less, so that the last tasks end together and Ctrl-C is answered soon."""

_Chunk = list[tuple[str, str | None]]
_Counted = tuple[list[int], CountRows]
"""The number of rows of each pair of a chunk, and the rows of all of them."""


def score(
    predictions: SplitMasks,
    references: SplitMasks,
    pairs: Pairs,
    num_classes: int,
    *,
    ignore_index: int = IGNORE_INDEX,
    workers: int = 1,
    on_missing: str = "error",
    progress: Callable[[int], object] = lambda images: None,
) -> MatchedIoU:
    """Count every pair.

    Args:
        predictions: their masks.
        references: their masks.
        pairs: what to count (`pair_up`).
        num_classes: C.
        ignore_index: the id of reference pixels that are not scored.
        workers: processes; 1 counts in this one.
        on_missing: a reference without a prediction is an `error`, is left out (`skip`), or counts as predicted 0 in
            all its pixels (`empty`).
        progress: called with the number of images that were counted since the last call.

    Raises:
        ValueError: missing predictions, or a mask that cannot be scored, by name.
    """
    if on_missing not in ON_MISSING or workers < 1:
        raise ValueError(f"on_missing={on_missing!r}, workers={workers}: expected one of {ON_MISSING}, and at least 1.")
    todo: _Chunk = list(pairs.matched)
    if pairs.missing and on_missing == "error":
        shown = ", ".join(pairs.missing[:5]) + (" and more" if len(pairs.missing) > 5 else "")
        raise ValueError(
            f"{predictions.path} has no prediction for {len(pairs.missing):,} of "
            f"{len(pairs.missing) + len(pairs.matched):,} masks: {shown}. "
            'on_missing="skip" (--on-missing skip) leaves them out, "empty" counts them as predicted `other`.'
        )
    if on_missing == "empty":
        todo += [(key, None) for key in pairs.missing]
    chunks = [todo[i : i + _CHUNK] for i in range(0, len(todo), _CHUNK)]
    metric = MatchedIoU(num_classes, ignore_index)
    with closing(map_unordered(_count, (predictions, references), chunks, workers)) as results:
        for place, (lengths, rows) in results:
            for (name, _), one in zip(chunks[place], np.split(rows, np.cumsum(lengths)[:-1])):
                metric.update_counts(one, name)
            progress(len(lengths))
    return metric


def _count(masks: tuple[SplitMasks, SplitMasks], chunk: _Chunk) -> _Counted:
    predictions, references = masks
    rows = []
    for key, prediction_key in chunk:
        reference = read_mask(references.read(key), f"the reference of {key}")
        prediction = np.zeros_like(reference) if prediction_key is None else predictions.read(prediction_key)
        rows.append(count_pair(prediction, reference, key))
    return [len(pair) for pair in rows], np.concatenate(rows)
