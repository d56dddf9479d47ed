"""A miniature of ImageNet and of ImageNet-S' annotations, made by a formula: what the demo shows and the tests run on.

`contents.py` says which images there are (data: `images.csv`), `shapes.py` and `scene.py` draw them and their masks,
`images.py` makes the files, odd kinds included. `layouts.py` writes ImageNet as people have it (`folders.py`,
`tars.py`, `parquet.py`), `annotations.py` the official archives and lists, `tree.py` the official ImageNet-S tree.
`expected.py` says which rows a reader must get. Pictures and masks depend on the image's id alone.

May import `conversion.facts`, `conversion.masks`, `conversion.errors`, NumPy, Pillow, pyarrow.
"""

from imagenet_s.conversion.synthetic.annotations import ANNOTATION_FORMS, write_annotations
from imagenet_s.conversion.synthetic.catalog import IMAGES, KINDS, MiniImage, images_of, images_of_imagenet
from imagenet_s.conversion.synthetic.expected import ExpectedRow, expected_rows
from imagenet_s.conversion.synthetic.image_files import image_bytes
from imagenet_s.conversion.synthetic.layouts import LAYOUTS, write_imagenet
from imagenet_s.conversion.synthetic.layouts.tree import write_official_tree
from imagenet_s.conversion.synthetic.scene import mask_ids

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
