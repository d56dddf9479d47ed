"""Maps and masks -> scores, in this process or in several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import NamedTuple

from ...conversion.core.workers import map_unordered
from ...conversion.masks.split_masks import SplitMasks
from .localization_metric import Localization
from .map_files import MapReader
from .score_options import ScoreOptions

_CHUNK = 16
"""Images a task: about a tenth of a second."""


class ToScore(NamedTuple):
    """An image to score: its id, the key of its mask, and the class that its map should find."""

    image_id: str
    key: str
    target: int


_Shared = tuple[MapReader, SplitMasks, ScoreOptions]


def score_maps(
    maps: MapReader,
    masks: SplitMasks,
    images: Sequence[ToScore],
    options: ScoreOptions,
    *,
    workers: int = 1,
    progress: Callable[[int], object] = lambda images: None,
) -> Localization:
    """Score images.

    Args:
        maps: reader of the maps.
        masks: of the images.
        images: what to score.
        options: of the scores (`Localization.options`).
        workers: processes; 1 scores in this one.
        progress: called with the number of images that were scored since the last call.

    Returns:
        The scores, with the images in the order they were given.

    Raises:
        ValueError: a map or mask that cannot be scored, by the image's id.
    """
    if workers < 1:
        raise ValueError(f"workers={workers}: expected at least 1.")
    chunks = [images[i : i + _CHUNK] for i in range(0, len(images), _CHUNK)]
    parts: dict[int, Localization] = {}
    with closing(map_unordered(_score_chunk, (maps, masks, options), chunks, workers)) as results:
        for place, part in results:
            parts[place] = part
            progress(len(part))
    metric = _empty(options)
    for place in sorted(parts):
        metric.merge(parts[place])
    return metric


def _empty(options: ScoreOptions) -> Localization:
    return Localization(options.thresholds, options.tolerance, options.relevance, options.resize)


def _score_chunk(shared: _Shared, chunk: Sequence[ToScore]) -> Localization:
    maps, masks, options = shared
    metric = _empty(options)
    for image_id, key, target in chunk:
        metric.update(maps.read(image_id), masks.read(key), target, image_id)
    return metric
