"""CSV: one `masks.csv` for each split, with a line for each id but 0 in each mask; the ignored 1000 has lines too."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from .export_format import ExportFormat, Ids
from .mask_set import MaskRow, MaskSet
from .rle import regions

CSV_FILE = "masks.csv"
HEADER = ("image_id", "wnid", "category", "height", "width", "class_id", "area", "rle")
"""`category` is the class of the image, `class_id` the id of the region, `rle` the compressed counts of COCO."""


class RleCsv(ExportFormat):
    name: ClassVar[str] = "rle-csv"

    def encode(self, row: MaskRow, ids: Ids) -> list[tuple[object, ...]]:
        """The lines of one mask; for a mask of 0 alone a line without `class_id`, so that no image is lost."""
        about = (row.image_id, row.wnid, row.category, *ids.shape)
        return [(*about, region.id, region.area, region.counts) for region in regions(ids)] or [(*about, "", 0, "")]

    def write(self, folder: Path, masks: MaskSet, encoded: Iterable[tuple[MaskRow, Any]]) -> None:
        with open(folder / CSV_FILE, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            for _, lines in encoded:
                writer.writerows(lines)
