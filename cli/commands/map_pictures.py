"""Pictures for the page of maps: the best and worst over their images, from any ImageNet or a converted data set."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.image_header import FORMATS
from imagenet_s.metrics.evaluation.mask_readers import MaskReader
from imagenet_s.metrics.localization.options import Options
from imagenet_s.metrics.localization.read_map import fit, read_map
from imagenet_s.metrics.map_evaluation.map_readers import MapReader
from imagenet_s.metrics.map_evaluation.scoring import ToScore
from imagenet_s.metrics.report import overlay


def pictures(
    maps: MapReader,
    masks: MaskReader,
    images: list[ToScore],
    options: Options,
    read_image: Callable[[str], Image.Image | None],
) -> Callable[[str], str]:
    """A function that draws the map of an image, by its id, as `html_map_report` takes it."""
    by_id = {image.image_id: image for image in images}

    def draw(image_id: str) -> str:
        _, key, target = by_id[image_id]
        values, ids = fit(read_map(maps.read(image_id), image_id), masks.read(key), options.resize, image_id)
        if options.relevance != "signed":
            values = np.maximum(values, 0) if options.relevance == "positive" else np.abs(values)
        return overlay(read_image(image_id), values, ids == target)

    return draw


def image_reader(place: str | None, config: str, split: str, verify: bool) -> Callable[[str], Image.Image | None]:
    """A function that reads an image by its id; of no place, a function that has none.

    Args:
        place: an ImageNet in any layout, an official tree, or a data set that `imagenet-s convert` wrote.
        config: `"50"`, `"300"` or `"919"`.
        split: `"validation"` or `"train_semi"`.
        verify: as in `open_source`.
    """
    if place is None:
        return lambda image_id: None
    shards = [
        path for folder in (Path(place), Path(place) / config) for path in sorted(folder.glob(f"{split}-*.parquet"))
    ]
    if shards:
        return lambda image_id: _decode(_from_shards(shards, image_id), image_id, place)
    from imagenet_s.conversion.source import open_source  # imports datasets: only where it is needed

    reader = open_source(config, place, verify=verify).reader(split)

    def read(image_id: str) -> Image.Image:
        import pyarrow as pa

        rows = reader.find(pa.array([image_id]))
        found = next(iter(reader.read(rows, 1)), None) if rows.num_rows else None
        return _decode(None if found is None else found[0].as_py(), image_id, place)

    return read


def _from_shards(shards: list[Path], image_id: str) -> Any:
    import pyarrow.parquet as pq

    for shard in shards:
        if "image" not in pq.read_schema(shard).names:
            return None
        found = pq.read_table(shard, columns=["image"], filters=[("image_id", "=", image_id)])
        if found.num_rows:
            return found["image"][0].as_py()
    return None


def _decode(stored: Any, image_id: str, place: str) -> Image.Image:
    if stored is None:
        raise ImageNetSError(f"{place} (--images) has no image {image_id}: is it the ImageNet that the maps are of?")
    source = io.BytesIO(stored["bytes"]) if stored["bytes"] else stored["path"]
    with Image.open(source, formats=FORMATS) as image:  # in the stored orientation, which the masks have
        return image.convert("RGB")
