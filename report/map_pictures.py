"""Pictures for the page of maps: the best and worst over their images, from any ImageNet or a converted data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..conversion.core.errors import ImageNetSError
from ..conversion.masks.split_masks import SplitMasks
from ..metrics.saliency.map_readers import MapReader
from ..metrics.saliency.map_scoring import ToScore
from ..metrics.saliency.read_map import fit, read_map
from ..metrics.saliency.score_options import ScoreOptions
from .map_overlay import overlay


def pictures(
    maps: MapReader,
    masks: SplitMasks,
    images: list[ToScore],
    options: ScoreOptions,
    read_image: Callable[[str, NDArray[Any]], Image.Image | None],
) -> Callable[[str], str]:
    """A function that draws the map of an image, by its id, as `html_map_report` takes it."""
    by_id = {image.image_id: image for image in images}

    def draw(image_id: str) -> str:
        _, key, target = by_id[image_id]
        values, ids = fit(read_map(maps.read(image_id), image_id), masks.read(key), options.resize, image_id)
        if options.relevance != "signed":
            values = np.maximum(values, 0) if options.relevance == "positive" else np.abs(values)
        return overlay(read_image(image_id, ids), values, ids == target)

    return draw


def image_reader(place: str | None, config: str) -> Callable[[str, NDArray[Any]], Image.Image | None]:
    """A function that reads an image by its id and the ids of its mask; of no place, a function that has none.

    Args:
        place: where the images are, as `ImagesById` takes it.
        config: `"50"`, `"300"` or `"919"`.
    """
    if place is None:
        return lambda image_id, ids: None
    from .images_by_id import ImagesById  # imports datasets: only where it is needed

    images = ImagesById(place, config)

    def read(image_id: str, ids: NDArray[Any]) -> Image.Image:
        found = images.read({image_id: ids})
        if image_id not in found:
            raise ImageNetSError(
                f"{place} (--images) has no image {image_id}: is it the ImageNet that the maps are of?"
            )
        return found[image_id]

    return read
