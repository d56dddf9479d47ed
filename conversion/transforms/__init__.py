"""torchvision's v2 transforms for rows of the data set: images and masks go through the same geometry.

Start with `pipeline`: its `joint` makes any v2 pipeline a function of rows. `class_mask` defines how transforms treat
class ids, `image_decoder` decodes stored images. Needs torchvision.
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
