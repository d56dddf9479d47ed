"""`target_mask`: the pixels of one class of an annotation, and the pixels that count. What maps are scored against."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ImageNetSError
from ..facts import IGNORE_ID, OTHER_ID, categories
from .codec import decode_mask


class TargetMask(NamedTuple):
    """What `target_mask` gives: two H x W boolean arrays."""

    target: NDArray[np.bool_]
    scored: NDArray[np.bool_]


def target_mask(
    annotation: Any, category: int | None = None, *, imagenet_label: int | None = None, config: str | int = "919"
) -> TargetMask:
    """The pixels of a class, and the pixels that count: all but the ignored ones.

    Args:
        annotation: a mask in any form: the `annotation` of a row (PIL), H x W ids as an array or a tensor, an official
            RGB mask, or the bytes or the path of a PNG.
        category: the class, as in the column `category`: 1..C.
        imagenet_label: in its place, ImageNet's own label of the class, 0..999, as a classifier predicts it. For one
            image in eight the column `imagenet_label` names another class than `category`.
        config: whose ids the annotation holds; only `imagenet_label` needs it.

    Returns:
        `target` (the pixels of the class) and `scored` (all that are not ignored), H x W, bool. `target` is empty where
        the image does not show the class, or the label is no class of the configuration.

    Raises:
        ImageNetSError: no mask, or neither or both of `category` and `imagenet_label`.

    Examples:
        >>> target, scored = target_mask(np.array([[0, 7], [7, 1000]]), 7)
        >>> target.tolist(), scored.tolist()
        ([[False, True], [True, False]], [[True, True], [True, False]])
    """
    if (category is None) == (imagenet_label is None):
        raise ImageNetSError("name the class once: by category, or by imagenet_label.")
    ids = _ids(annotation)
    if category is None:
        category = categories(config).from_imagenet(imagenet_label)
        if category == OTHER_ID:  # a label outside the configuration: no pixel shows it, least of all `other`
            return TargetMask(np.zeros(ids.shape, bool), ids != IGNORE_ID)
    elif category not in range(1, categories("919").num_classes + 1):
        raise ImageNetSError(f"category {category!r}: expected a class id, 1..C; 0 is `other`, and no class.")
    return TargetMask(ids == int(category), ids != IGNORE_ID)


def _ids(annotation: Any) -> NDArray[np.integer[Any]]:
    if annotation is None:
        raise ImageNetSError("there is no annotation: only train_semi and validation have masks.")
    if isinstance(annotation, dict):  # a row whose images are not decoded
        annotation = annotation["path"] if annotation.get("bytes") is None else annotation["bytes"]
    if hasattr(annotation, "detach"):  # a tensor, on whatever device
        annotation = annotation.detach().cpu().numpy()
    if isinstance(annotation, np.ndarray) and annotation.ndim == 3 and annotation.shape[0] == 1:
        # with_format("torch") adds a channel; an official RGB mask has its channels last.
        annotation = annotation if annotation.shape[-1] == 3 and annotation.dtype == np.uint8 else annotation[0]
    return decode_mask(annotation)
