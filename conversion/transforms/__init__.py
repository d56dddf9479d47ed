"""Functions of rows: torchvision's v2 pipelines on image and mask, and pictures of object and background.

`pipeline`: `joint` makes any v2 pipeline a function of rows; `class_mask` defines how its transforms treat class ids,
`image_decoder` decodes stored images. These need torchvision, and are imported when they are used.
`composite`: the object alone, the background alone, the object before another background; `composite_pictures` makes
one picture, `fills` what replaces pixels, `partners` chooses backgrounds. These need Pillow and NumPy alone.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .composite import composite

if TYPE_CHECKING:
    from .class_mask import ClassMask
    from .pipeline import joint

_NEED_TORCHVISION = {"ClassMask": "class_mask", "joint": "pipeline"}


def __getattr__(name: str) -> Any:
    if name not in _NEED_TORCHVISION:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import torchvision.transforms.v2  # noqa: F401
    except (ImportError, RuntimeError) as error:  # a RuntimeError where torchvision was built for another torch
        raise ImportError(
            f'imagenet_s.conversion.transforms.{name} needs torchvision ({error}): pip install "imagenet-s[vision]", '
            "with the torchvision that belongs to your torch."
        ) from error
    return getattr(importlib.import_module(f".{_NEED_TORCHVISION[name]}", __name__), name)


__all__ = ["ClassMask", "composite", "joint"]
