"""Masks in the forms that other tools read: COCO, Alpha-CLIP's list, YOLO, foreground PNGs, CSV.

`mask_set` opens the masks of a split, whatever holds them; each form is an `ExportFormat` in a file of its own; `rle`
and `polygons` encode regions; `export` runs the workers and writes.
"""

from collections.abc import Callable, Mapping

from .alphaclip import AlphaClip
from .coco import Coco
from .export_format import ExportFormat
from .foreground import Foreground
from .rle_csv import RleCsv
from .run_export import ExportedSplit, export_masks
from .yolo import Yolo

FORMATS: Mapping[str, Callable[..., ExportFormat]] = {
    one.name: one for one in (Coco, AlphaClip, Yolo, Foreground, RleCsv)
}
"""The name on the command line -> the form."""

__all__ = [
    "FORMATS",
    "AlphaClip",
    "Coco",
    "ExportFormat",
    "ExportedSplit",
    "Foreground",
    "RleCsv",
    "Yolo",
    "export_masks",
]
