"""COCO: one `instances.json` for each split.

ImageNet-S has no instances: an annotation is the region of one class in one image. Ignored pixels are an annotation
of the image's own class with `iscrowd` and `ignore` 1: COCO's evaluation then counts no detection of that class there
as wrong, and training code skips such annotations. A crowd is always RLE, as in COCO.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..facts import IGNORE_ID, categories
from .export_format import ExportFormat, Ids
from .mask_set import MaskRow, MaskSet
from .polygons import polygons
from .rle import regions

INSTANCES_FILE = "instances.json"


@dataclass(frozen=True)
class Coco(ExportFormat):
    """COCO's format.

    Attributes:
        polygons: write regions as polygons instead of RLE; they give the same pixels.
    """

    name: ClassVar[str] = "coco"
    polygons: bool = False

    def encode(self, row: MaskRow, ids: Ids) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The entry of the image, and its annotations, which have no `id` yet."""
        height, width = ids.shape
        image = {"id": row.number, "file_name": row.file_name, "height": height, "width": width}
        annotations = []
        for region in regions(ids):
            ignored = region.id == IGNORE_ID
            shape: Any = region.rle
            if self.polygons and not ignored:
                shape = [[value for point in piece for value in point] for piece in polygons(ids == region.id)]
            annotation = {
                "image_id": row.number,
                "category_id": row.category if ignored else region.id,
                "segmentation": shape,
                "area": region.area,
                "bbox": list(region.bbox),
                "iscrowd": int(ignored),
            }
            annotations.append({**annotation, "ignore": 1} if ignored else annotation)
        return {**image, "image_id": row.image_id, "wnid": row.wnid}, annotations

    def write(self, folder: Path, masks: MaskSet, encoded: Iterable[tuple[MaskRow, Any]]) -> None:
        """Write the images as they come, then the annotations, which are kept in a temporary file meanwhile."""
        with (
            open(folder / INSTANCES_FILE, "w", encoding="utf-8", newline="\n") as file,
            tempfile.TemporaryFile("w+", dir=folder) as waiting,
        ):
            head = {
                "info": {"description": f"ImageNet-S-{masks.config} {masks.split}"},
                "licenses": [],
                "categories": [
                    {"id": category.id, "name": category.name, "wnid": category.wnid, "supercategory": "imagenet-s"}
                    for category in categories(masks.config).rows[1:]
                ],
            }
            file.write(json.dumps(head)[:-1] + ', "images": [')
            number = 0
            for i, (_, (image, annotations)) in enumerate(encoded):
                file.write((",\n" if i else "\n") + json.dumps(image))
                for annotation in annotations:
                    waiting.write(
                        (",\n" if number else "\n") + json.dumps({"id": (number := number + 1), **annotation})
                    )
            file.write('\n], "annotations": [')
            waiting.seek(0)
            shutil.copyfileobj(waiting, file)
            file.write("\n]}\n")
