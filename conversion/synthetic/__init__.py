"""A small synthetic ImageNet with its annotations, drawn by formulas: the demo shows it, the tests run on it.

Start with `catalog`, the table of its images. `drawings` and `scene` draw pictures and masks from an image's id alone;
`image_files` encodes them, odd files included. `layouts/` writes this ImageNet in every layout that people have,
`generated_annotations` the official archives and lists, and `expected` computes the rows that readers must return.
"""

from .catalog import IMAGES, KINDS, MiniImage, images_of, images_of_imagenet
from .expected import ExpectedRow, expected_rows
from .generated_annotations import ANNOTATION_FORMS, write_annotations
from .image_files import image_bytes
from .layouts import LAYOUTS, write_imagenet
from .layouts.tree import write_official_tree
from .scene import mask_ids

__all__ = [
    "ANNOTATION_FORMS",
    "IMAGES",
    "KINDS",
    "LAYOUTS",
    "ExpectedRow",
    "MiniImage",
    "expected_rows",
    "image_bytes",
    "images_of",
    "images_of_imagenet",
    "mask_ids",
    "write_annotations",
    "write_imagenet",
    "write_official_tree",
]
