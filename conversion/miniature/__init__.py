"""A miniature of ImageNet and of ImageNet-S' annotations, made by a formula: what the demo shows and the tests run on.

`contents.py` says which images there are (data: `images.csv`), `shapes.py` and `scene.py` draw them and their masks,
`images.py` makes the files, odd kinds included. `layouts.py` writes ImageNet as people have it (`folders.py`,
`tars.py`, `parquet.py`), `annotations.py` the official archives and lists, `tree.py` the official ImageNet-S tree.
`expected.py` says which rows a reader must get. Pictures and masks depend on the image's id alone.

May import `conversion.facts`, `conversion.masks`, `conversion.errors`, NumPy, Pillow, pyarrow.
"""

from imagenet_s.conversion.miniature.annotations import ANNOTATION_FORMS, write_annotations
from imagenet_s.conversion.miniature.contents import IMAGES, KINDS, MiniImage, images_of, images_of_imagenet
from imagenet_s.conversion.miniature.expected import ExpectedRow, expected_rows
from imagenet_s.conversion.miniature.images import image_bytes
from imagenet_s.conversion.miniature.layouts import LAYOUTS, write_imagenet
from imagenet_s.conversion.miniature.scene import mask_ids
from imagenet_s.conversion.miniature.tree import write_official_tree

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
