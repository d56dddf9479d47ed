"""`ClassMask`: what torchvision's v2 transforms do to a mask of class ids.

Pixels that a transform adds become 1000 (ignored), whatever the transform's `fill` is: torchvision's default of 0 is
the class `other` here, and its crops take no `fill` at all. Masks are resized to the nearest pixel centre, as Pillow
does it.

torchvision looks operations up by the type of their input; here are those of `ClassMask` (see "How to write your own
TVTensor class" in its documentation).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional

from ..facts import IGNORE_ID


class ClassMask(tv_tensors.Mask):
    """A mask of class ids, H x W integers, that every v2 transform fills with 1000 whatever its `fill` is."""


def _register(operation: Callable[..., Any]) -> Callable[[Callable[..., torch.Tensor]], Callable[..., torch.Tensor]]:
    """Make a function of plain tensors torchvision's implementation of an operation on `ClassMask`."""

    def register(kernel: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        def run(mask: ClassMask, *args: Any, **options: Any) -> ClassMask:
            return kernel(mask.as_subclass(torch.Tensor), *args, **options).as_subclass(ClassMask)

        functional.register_kernel(operation, ClassMask)(run)
        return kernel

    return register


def _fill_with_ignore(operation: Callable[..., Any], kernel: Callable[..., torch.Tensor]) -> None:
    @_register(operation)
    def fill_with_ignore(mask: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
        options.pop("interpolation", None)  # meant for the image
        return kernel(mask, *args, **{**options, "fill": IGNORE_ID})


_fill_with_ignore(functional.pad, functional.pad_mask)
_fill_with_ignore(functional.rotate, functional.rotate_mask)
_fill_with_ignore(functional.affine, functional.affine_mask)
_fill_with_ignore(functional.perspective, functional.perspective_mask)
_fill_with_ignore(functional.elastic, functional.elastic_mask)


@_register(functional.crop)
def _crop(mask: torch.Tensor, top: int, left: int, height: int, width: int) -> torch.Tensor:
    # torchvision fills crops with 0 and takes no fill: ids are shifted so that 0 means 1000.
    if min(top, left) >= 0 and top + height <= mask.shape[-2] and left + width <= mask.shape[-1]:
        return functional.crop_mask(mask, top, left, height, width)
    return functional.crop_mask(mask - IGNORE_ID, top, left, height, width) + IGNORE_ID


@_register(functional.center_crop)
def _center_crop(mask: torch.Tensor, output_size: list[int]) -> torch.Tensor:
    size = [output_size] if isinstance(output_size, int) else output_size
    if mask.shape[-2] >= size[0] and mask.shape[-1] >= size[-1]:
        return functional.center_crop_mask(mask, output_size)
    return functional.center_crop_mask(mask - IGNORE_ID, output_size) + IGNORE_ID


@_register(functional.resize)
def _resize(mask: torch.Tensor, size: list[int] | None, max_size: int | None = None, **_: Any) -> torch.Tensor:
    # "nearest" of torch takes the pixel up and to the left of a centre; images are resized about centres.
    exact = functional.InterpolationMode.NEAREST_EXACT
    return functional.resize_image(mask[None], size, interpolation=exact, max_size=max_size)[0]


@_register(functional.resized_crop)
def _resized_crop(
    mask: torch.Tensor, top: int, left: int, height: int, width: int, size: list[int], **_: Any
) -> torch.Tensor:
    return _resize(_crop(mask, top, left, height, width), size)
