"""torchvision's v2 transforms for rows of the data set: images and masks go through the same geometry.

`joint` (in `pipeline`) makes a pipeline a function of rows, `class_mask` says what transforms do to class ids,
`image_decoder` turns stored images into tensors. Needs torchvision; may import `errors`, `facts`.
"""

try:
    import torchvision.transforms.v2  # noqa: F401
except (ImportError, RuntimeError) as error:  # a RuntimeError where torchvision was built for another torch
    raise ImportError(
        f'imagenet_s.conversion.transforms needs torchvision ({error}): pip install "imagenet-s[vision]", with the '
        "torchvision that belongs to your torch."
    ) from error

from .class_mask import ClassMask
from .pipeline import joint

__all__ = ["ClassMask", "joint"]
