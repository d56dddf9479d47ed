"""CSV: one `masks.csv` for each split, with a line for each id in each mask, the ignored 1000 too, but not 0.

Of a mask that is 0 everywhere, that is the one line: no image is lost, and every line is read alike.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from ..facts import OTHER_ID
from .export_format import ExportFormat, Ids
from .mask_set import MaskRow, MaskSet
from .rle import region, regions

CSV_FILE = "masks.csv"
HEADER = ("image_id", "wnid", "category", "height", "width", "class_id", "area", "rle")
"""`category` is the class of the image, `class_id` the id of the region, `rle` the compressed counts of COCO."""


class RleCsv(ExportFormat):
    name: ClassVar[str] = "rle-csv"

    def encode(self, row: MaskRow, ids: Ids) -> list[tuple[object, ...]]:
        """The lines of one mask."""
        of_classes = regions(ids) or [region(ids == OTHER_ID, OTHER_ID)]
        about = (row.image_id, row.wnid, row.category, *ids.shape)
        return [(*about, part.id, part.area, part.counts) for part in of_classes]

    def write(self, folder: Path, masks: MaskSet, encoded: Iterable[tuple[MaskRow, Any]]) -> None:
        with open(folder / CSV_FILE, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            for _, lines in encoded:
                writer.writerows(lines)
