"""A synthetic ImageNet with its annotations, small and made by a formula: what the demo shows and the tests run on.

`catalog` says which images there are (data: `images.csv`), `drawings` and `scene` draw them and their masks,
`image_files` encodes them, odd files included. `layouts/` writes ImageNet in every layout that people have,
`annotations` the official archives and lists. `expected` says which rows a reader must get. Pictures and masks depend
on the image's id alone.
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
