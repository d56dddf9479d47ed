"""`joint`: a torchvision v2 pipeline as a function of rows.

v2 transforms draw their parameters once for everything in a sample, so an image and its mask go through one call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors

from ..core.errors import ImageNetSError, some
from ..facts import IGNORE_ID
from ..masks.codec import open_mask_image
from .class_mask import ClassMask
from .image_decoder import Decoder, check_decoder, decode

_CALLS = (
    "joint calls its pipeline with a tv_tensors.Image (3 x H x W) and a tv_tensors.Mask (H x W) and takes the two "
    "back; where a row has no mask, with the image alone. Transforms of torchvision.transforms.v2 do that; those of "
    "torchvision.transforms (v1) and functions of the image alone do not"
)
_NARROW = (torch.uint8, torch.int8, torch.bool)


def joint(
    transform: Callable[..., Any], *, decoder: Decoder = "pillow", missing: int | None = None
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Turn a torchvision v2 pipeline into a function of rows: for `with_transform`, and for `map` of a stream.

    `Dataset.map` is no place for it: it stores what it gets, and tensors as nested lists.

    Args:
        transform: any `torchvision.transforms.v2` transform. It is called with a `tv_tensors.Image` (3 x H x W uint8)
            and a `tv_tensors.Mask` (H x W int32), or with the image alone where a row has no mask.
        decoder: decodes images that `datasets` did not decode (`cast_column("image", Image(decode=False))`):
            `"simplejpeg"` gives the same pixels as `"pillow"` in about two thirds of the time; files other than RGB or
            grey JPEGs go to Pillow anyway.
        missing: rows without a mask get one that is this id everywhere: with 1000 all is ignored, so that they share
            batches with rows that have masks. For None, no mask stays none.

    Returns:
        A function of a row or of a batch of rows (a list for each column). In its result, `image` is the output of the
        pipeline and `annotation` a `tv_tensors.Mask`, H x W int64: the same ids, and 1000 where the pipeline added
        pixels; None stays None. Other columns stay as they are. It can be pickled if `transform` can.

    Raises:
        ImageNetSError: no such decoder, or `missing` is no integer; from the function, rows without images, a mask that
            is not H x W, or a pipeline that does not return an image and a mask of its size with none but the ids that
            it was given.
        TypeError: from the function: the pipeline takes no masks (`AutoAugment` and the like, `FiveCrop`, `TenCrop`,
            transforms of v1).

    Examples:
        >>> from torchvision.transforms import v2  # doctest: +SKIP
        >>> augment = v2.Compose([v2.RandomResizedCrop(224), v2.RandomHorizontalFlip()])  # doctest: +SKIP
        >>> train = dataset.with_transform(joint(augment))  # doctest: +SKIP
        >>> train[0]["image"].shape, train[0]["annotation"].shape  # doctest: +SKIP
        (torch.Size([3, 224, 224]), torch.Size([224, 224]))
    """
    check_decoder(decoder)
    if missing is not None and (isinstance(missing, bool) or not isinstance(missing, (int, np.integer))):
        raise ImageNetSError(f"missing={missing!r}: expected an id; {IGNORE_ID} is ignored.")
    return _Joint(transform, decoder, None if missing is None else int(missing))


@dataclass(frozen=True)
class _Joint:
    """What `joint` returns; its attributes are the arguments."""

    transform: Callable[..., Any]
    decoder: Decoder
    missing: int | None

    def __call__(self, rows: dict[str, Any]) -> dict[str, Any]:
        if "image" not in rows:
            raise ImageNetSError(f"joint transforms the column 'image'; these rows have {', '.join(rows)}.")
        images = rows["image"]
        # with_format("torch") and ("numpy") give a batch as one array, of objects where the images differ in size.
        if not isinstance(images, list) and getattr(images, "ndim", 3) not in (1, 4):
            batch = self({name: [value] for name, value in rows.items()})
            return {name: values[0] for name, values in batch.items()}
        annotations = rows.get("annotation")
        if annotations is None:
            annotations = [None] * len(images)
        pairs = [self._transform(decode(image, self.decoder), mask) for image, mask in zip(images, annotations)]
        changed = {"image": [image for image, _ in pairs], "annotation": [mask for _, mask in pairs]}
        if self.missing is not None:
            rows = {**rows, "annotation": annotations}
        return {name: changed.get(name, values) for name, values in rows.items()}

    def _transform(self, image: tv_tensors.Image, annotation: Any) -> tuple[Any, Any]:
        if annotation is not None:
            return self._transform_pair(image, _ids(annotation, image))
        if self.missing is None:
            return self._call(image), None
        ignored = torch.full(image.shape[-2:], IGNORE_ID, dtype=torch.int32)
        changed, mask = self._transform_pair(image, ignored)
        return changed, tv_tensors.Mask(torch.full(mask.shape, self.missing))

    def _transform_pair(self, image: tv_tensors.Image, ids: torch.Tensor) -> tuple[Any, tv_tensors.Mask]:
        before = _values(ids)  # some transforms change masks in place
        result = self._call(image, ClassMask(ids))
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            size = f" of {len(result)}" if isinstance(result, (tuple, list)) else ""
            raise ImageNetSError(f"the pipeline returned a {type(result).__name__}{size}. {_CALLS}.")
        changed, mask = result
        return changed, tv_tensors.Mask(_checked(mask, before, changed))

    def _call(self, *sample: Any) -> Any:
        try:
            return self.transform(*sample)
        except TypeError as error:
            raise TypeError(f"{error}. {_CALLS}.") from error


def _ids(annotation: Any, image: tv_tensors.Image) -> torch.Tensor:
    """The mask of a row, decoded or not and however `datasets` formatted it, as H x W int32 (int64 if it is that)."""
    if isinstance(annotation, dict):
        stored = annotation["path"] if annotation["bytes"] is None else annotation["bytes"]
        annotation = open_mask_image(stored, annotation["path"] or "the annotation")
    ids = np.asarray(annotation)
    if ids.ndim == 3 and len(ids) == 1:  # with_format("torch") adds a channel to images
        ids = ids[0]
    indices = "indices of a palette" if getattr(annotation, "mode", None) == "P" else None
    kind = "partly masked" if np.ma.is_masked(annotation) else indices
    if kind or ids.shape != image.shape[-2:] or ids.dtype.kind not in "biu":
        raise ImageNetSError(
            f"a mask of shape {ids.shape}, {kind or ids.dtype}, beside an image of {tuple(image.shape[-2:])}: joint "
            "takes rows of ImageNet-S, whose masks are class ids, H x W integers, as large as the image."
        )
    return torch.from_numpy(ids.astype(np.int32 if np.can_cast(ids.dtype, np.int32) else np.int64))


def _checked(mask: Any, before: torch.Tensor, image: Any) -> torch.Tensor:
    """The mask that a pipeline returned, as int64, if it is one of the image and has no ids but those `before`."""
    if not isinstance(mask, torch.Tensor) or mask.is_floating_point() or mask.is_complex() or mask.dtype in _NARROW:
        kind = mask.dtype if isinstance(mask, torch.Tensor) else type(mask).__name__
        raise ImageNetSError(
            f"the pipeline made the mask {kind}: expected a tensor of integers, wide enough for ids up to {IGNORE_ID}. "
            "Leave its type alone; joint makes it int64."
        )
    size = tuple(image.shape[-2:]) if isinstance(image, torch.Tensor) and image.ndim == 3 else tuple(mask.shape)
    if mask.ndim != 2 or tuple(mask.shape) != size:
        raise ImageNetSError(
            f"the pipeline made a mask of shape {tuple(mask.shape)} beside an image of {size}: both need the same "
            "geometry, and masks stay H x W; change the size of one alone after joint."
        )
    ids = mask.as_subclass(torch.Tensor).long()
    after = _values(ids).cpu()
    strange = after[~torch.isin(after, before) & (after != IGNORE_ID)].tolist()
    if strange:
        raise ImageNetSError(
            f"the pipeline put ids into the mask that it did not have: {some([str(i) for i in strange])}. Was it "
            "interpolated, or were its ids changed? Resize masks to the nearest pixel, as v2 transforms do with a "
            "tv_tensors.Mask, and change ids after joint."
        )
    return ids


def _values(mask: torch.Tensor) -> torch.Tensor:
    """The ids in a mask, sorted. Runs first: they are few, and sorting all pixels takes as long as resizing them."""
    return torch.unique(torch.unique_consecutive(mask.flatten())).long()
