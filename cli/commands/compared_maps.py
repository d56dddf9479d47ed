"""The pictures of a comparison of maps: the images in which two runs differ most, with the map of either as heat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...conversion.dataset.open_masks import open_masks
from ...metrics.saliency.map_readers import open_map_reader
from ...metrics.saliency.map_scoring import ToScore
from ...metrics.saliency.score_options import ScoreOptions
from ...report.comparison_page import PictureOfBoth, ValuesOfBoth
from ...report.map_pictures import image_reader, pictures


def compared_maps(
    chosen: Sequence[tuple[str, Sequence[ValuesOfBoth]]],
    maps: Sequence[str],
    gt_dir: str,
    config: str,
    split: str,
    targets: Mapping[str, int],
    options: Sequence[ScoreOptions],
    images: str | None,
    annotations_dir: str | None = None,
    verify: bool = True,
) -> list[PictureOfBoth]:
    """Draw some images.

    Args:
        chosen: (heading, images) as `ends` has them.
        maps: where the maps of A and of B are.
        gt_dir: where the masks are.
        config: `"50"`, `"300"` or `"919"`.
        split: of a tree, a converted data set or an ImageNet.
        targets: image id -> the class that both its maps were to find.
        options: how the maps of A and of B were read.
        images: where the images are; None draws the heat alone.
        annotations_dir, verify: of the masks of an ImageNet.

    Raises:
        ValueError: a place holds no maps or masks, or not those of the images that the runs scored.
    """
    masks = open_masks(gt_dir, config, split, annotations_dir, verify)
    keys = masks.by_id
    readers = [open_map_reader(place) for place in maps]
    wanted = [one.name for _, found in chosen for one in found]
    for where, there in ((gt_dir, keys), *((place, set(reader.ids)) for place, reader in zip(maps, readers))):
        absent = [name for name in wanted if name not in there]
        if absent:
            raise ValueError(f"{where} has not {absent[0]}, which the runs scored: is it of these runs and this split?")
    read_image = image_reader(images, config)
    to_score = [ToScore(name, keys[name], targets[name]) for name in wanted]
    draw = [pictures(reader, masks, to_score, one, read_image) for reader, one in zip(readers, options)]
    return [
        PictureOfBoth(heading, one.name, one.a, one.b, "", "", draw[0](one.name), draw[1](one.name))
        for heading, found in chosen
        for one in found
    ]
