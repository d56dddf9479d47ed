"""`joint`: a torchvision v2 pipeline as a function of rows.

v2 transforms draw their parameters once for everything in a sample, so an image and its mask go through one call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors

from ..core.errors import ImageNetSError
from ..facts import IGNORE_ID
from .class_mask import ClassMask
from .image_decoder import Decoder, check_decoder, decode


def joint(transform: Callable[..., Any], *, decoder: Decoder = "pillow") -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Turn a torchvision v2 pipeline into a function of rows, for `with_transform` and `map`.

    Args:
        transform: any `torchvision.transforms.v2` transform. It is called with a `tv_tensors.Image` (3 x H x W uint8)
            and a `tv_tensors.Mask` (H x W int32), or with the image alone where a row has no mask.
        decoder: decodes images that `datasets` did not decode (`cast_column("image", Image(decode=False))`):
            `"simplejpeg"` gives the same pixels as `"pillow"` in about two thirds of the time; files other than RGB or
            grey JPEGs go to Pillow anyway.

    Returns:
        A function of a row or of a batch of rows (a list for each column). In its result, `image` is the output of the
        pipeline and `annotation` a `tv_tensors.Mask`, H x W int64: the same ids, and 1000 where the pipeline added
        pixels; None stays None. Other columns stay as they are. It can be pickled if `transform` can.

    Raises:
        ImageNetSError: no such decoder; from the function, rows without images, a mask that is not H x W, or a pipeline
            that stores the mask in a type too small for ids.
        TypeError: from the function, by torchvision: the pipeline has a transform that is not defined for masks
            (`AutoAugment` and the like, `FiveCrop`, `TenCrop`).

    Examples:
        >>> from torchvision.transforms import v2  # doctest: +SKIP
        >>> augment = v2.Compose([v2.RandomResizedCrop(224), v2.RandomHorizontalFlip()])  # doctest: +SKIP
        >>> train = dataset.with_transform(joint(augment))  # doctest: +SKIP
        >>> train[0]["image"].shape, train[0]["annotation"].shape  # doctest: +SKIP
        (torch.Size([3, 224, 224]), torch.Size([224, 224]))
    """
    check_decoder(decoder)
    return functools.partial(_transform_rows, transform, decoder)


def _transform_rows(transform: Callable[..., Any], decoder: Decoder, rows: dict[str, Any]) -> dict[str, Any]:
    if "image" not in rows:
        raise ImageNetSError(f"joint transforms the column 'image'; these rows have {', '.join(rows)}.")
    if not isinstance(rows["image"], list):
        batch = _transform_rows(transform, decoder, {name: [value] for name, value in rows.items()})
        return {name: values[0] for name, values in batch.items()}
    masks = rows.get("annotation", [None] * len(rows["image"]))
    pairs = [_transform(transform, decode(image, decoder), mask) for image, mask in zip(rows["image"], masks)]
    changed = {"image": [image for image, _ in pairs], "annotation": [mask for _, mask in pairs]}
    return {name: changed.get(name, values) for name, values in rows.items()}


def _transform(transform: Callable[..., Any], image: tv_tensors.Image, annotation: Any) -> tuple[Any, Any]:
    if annotation is None:
        return transform(image), None
    ids = np.array(annotation, np.int32)
    if ids.shape != image.shape[-2:]:
        raise ImageNetSError(
            f"a mask of shape {ids.shape} beside an image of {tuple(image.shape[-2:])}: joint takes rows of "
            "ImageNet-S, whose masks are class ids, H x W, as large as the image."
        )
    changed, mask = transform(image, ClassMask(torch.from_numpy(ids)))
    if not isinstance(mask, torch.Tensor) or mask.dtype in (torch.uint8, torch.int8, torch.bool):
        kind = mask.dtype if isinstance(mask, torch.Tensor) else type(mask).__name__
        raise ImageNetSError(f"the pipeline made the mask {kind}, which cannot hold ids up to {IGNORE_ID}.")
    return changed, tv_tensors.Mask(mask.as_subclass(torch.Tensor).long())
