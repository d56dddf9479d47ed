"""Masks in the formats that other tools read (COCO, Alpha-CLIP's list, YOLO, foreground PNGs, CSV), and composites.

Start with `run_export`, which runs the workers and writes a split. `mask_set` opens the masks of a split from any
source; each format is an `ExportFormat` in a module of its own; `rle` and `polygons` encode regions.
"""

from collections.abc import Callable, Mapping

from .alphaclip import AlphaClip
from .coco import Coco
from .composites import Composites
from .export_format import ExportFormat
from .foreground import Foreground
from .rle_csv import RleCsv
from .run_export import ExportedSplit, export_masks
from .yolo import Yolo

EXPORT_FORMATS: Mapping[str, Callable[..., ExportFormat]] = {
    form.name: form for form in (Coco, AlphaClip, Yolo, Foreground, RleCsv, Composites)
}
"""Name on the command line -> format."""

__all__ = [
    "EXPORT_FORMATS",
    "AlphaClip",
    "Coco",
    "Composites",
    "ExportFormat",
    "ExportedSplit",
    "Foreground",
    "RleCsv",
    "Yolo",
    "export_masks",
]
