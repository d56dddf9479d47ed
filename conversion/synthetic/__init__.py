"""A small synthetic ImageNet with its annotations, drawn by formulas: the demo shows it, the tests run on it.

Start with `catalog`, the table of its images. `drawings` and `scene` draw pictures and masks from an image's id alone;
`image_files` encodes them, odd files included, and writes them as class folders; `generated_annotations` writes the
official archives and lists, `made_predictions` predictions.
"""

from .catalog import IMAGES, KINDS, MiniImage, images_of, images_of_imagenet
from .generated_annotations import ANNOTATION_FORMS, write_annotations
from .image_files import image_bytes, write_imagenet
from .scene import mask_ids

__all__ = [
    "ANNOTATION_FORMS",
    "IMAGES",
    "KINDS",
    "MiniImage",
    "image_bytes",
    "images_of",
    "images_of_imagenet",
    "mask_ids",
    "write_annotations",
    "write_imagenet",
]
