"""Maps as pictures inside a page: heat over the image, with the outline of the object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..conversion.core.errors import ImageNetSError
from ..conversion.masks.split_masks import SplitMasks
from ..metrics.saliency.map_array import fit, read_map
from ..metrics.saliency.map_files import MapReader
from ..metrics.saliency.score_maps import ToScore
from ..metrics.saliency.score_options import ScoreOptions
from .comparison_tables import PictureOfBoth
from .overlays import overlay
from .which_images import ValuesOfBoth

if TYPE_CHECKING:  # it imports datasets, which a page without images does not need
    from .images_by_id import ImagesById


def map_drawer(
    maps: MapReader,
    masks: SplitMasks,
    scored: Iterable[ToScore],
    options: ScoreOptions,
    images: ImagesById | None,
) -> Callable[[str], str]:
    """A function that draws the map of an image, by its id, as `html_map_report` takes it.

    Args:
        maps: reader of the maps.
        masks: the masks.
        scored: the images that may be drawn.
        options: how the maps were read.
        images: where the images are; None draws the heat alone.
    """
    by_id = {image.image_id: image for image in scored}

    def draw(image_id: str) -> str:
        _, key, target = by_id[image_id]
        values, ids = fit(read_map(maps.read(image_id), image_id), masks.read(key), options.resize, image_id)
        if options.relevance != "signed":
            values = np.maximum(values, 0) if options.relevance == "positive" else np.abs(values)
        image = None
        if images is not None:
            image = images.read({image_id: ids}).get(image_id)
            if image is None:
                raise ImageNetSError(
                    f"{images.place} (--images) has no image {image_id}: is it the ImageNet that the maps are of?"
                )
        return overlay(image, values, ids == target)

    return draw


def maps_of_two_runs(
    chosen: Sequence[tuple[str, Sequence[ValuesOfBoth]]],
    maps: Sequence[MapReader],
    masks: SplitMasks,
    scored: Mapping[str, ToScore],
    options: Sequence[ScoreOptions],
    images: ImagesById | None,
    labels: Sequence[str],
) -> list[PictureOfBoth]:
    """The images in which two runs differ most, with the map of either.

    Args:
        chosen: (heading, images) as `differing_most` returned.
        maps: readers of the maps of A and of B.
        masks: the masks.
        scored: image id -> the key of its mask, and the class that both its maps were to find.
        options: how the maps of A and of B were read.
        images: where the images are; None draws the heat alone.
        labels: names by class id.

    Raises:
        ValueError: a place has no map or mask of an image that the runs scored.
    """
    names = [values.name for _, differing in chosen for values in differing]
    for place, ids in ((masks.path, scored.keys()), *((reader.path, set(reader.ids)) for reader in maps)):
        if absent := [name for name in names if name not in ids]:
            raise ValueError(f"{place} has not {absent[0]}, which the runs scored: is it of these runs and this split?")
    draw_a, draw_b = (map_drawer(reader, masks, scored.values(), how, images) for reader, how in zip(maps, options))
    pictures = []
    for heading, differing in chosen:
        for values in differing:
            name, category = values.name, labels[scored[values.name].target]
            drawn = "", "", draw_a(name), draw_b(name)
            pictures.append(PictureOfBoth(heading, name, values.a, values.b, *drawn, category=category))
    return pictures
