"""Alpha-CLIP: one `regions.json` for each split, the list that region classifiers read.

It has one entry per image, the region of its class. The reader (SunzeY/AlphaCLIP,
`eval/imagenet_s_zs_test/imagenet_s.py`) numbers classes in the order in which their folders change, so the entries of a
class must be adjacent: they are sorted by class folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from .export_format import ExportFormat, Ids, warn_of_masks_without_class
from .mask_set import MaskRow, MaskSet
from .rle import region

REGIONS_FILE = "regions.json"


class AlphaClip(ExportFormat):
    name: ClassVar[str] = "alphaclip"

    def encode(self, row: MaskRow, ids: Ids) -> dict[str, Any] | None:
        """Image path, class folder and RLE; None if the mask has no pixel of the image's class."""
        mask = ids == row.category
        if not mask.any():
            return None
        return {"image_pth": row.file_name, "category_word": row.wnid, "mask": region(mask, row.category).rle}

    def write(self, folder: Path, masks: MaskSet, encoded: Iterable[tuple[MaskRow, Any]]) -> None:
        """Write the list, one entry per line."""
        without = []
        with open(folder / REGIONS_FILE, "w", encoding="utf-8", newline="\n") as file:
            file.write("[")
            separator = "\n"
            for row, entry in encoded:
                if entry is None:
                    without.append(row.image_id)
                    continue
                file.write(separator + json.dumps(entry))
                separator = ",\n"
            file.write("\n]\n")
        warn_of_masks_without_class(without)
