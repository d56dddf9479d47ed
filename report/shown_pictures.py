"""One image as small pictures inside a page: the image, its masks, and where they differ."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..conversion.facts import IGNORE_ID, OTHER_ID
from . import Picture
from .class_colors import class_color
from .visualization import difference, overlay, resized_ids

NO_CLASS = IGNORE_ID + 1
"""The id of clusters that no class was matched to."""
GROUND = "#b9bec6"
"""Under the masks where no image is at hand."""
_SIDE = 224
"""Of the longer side, in pixels."""
_NAMED = 6
"""How many classes are named beside one image."""


def draw(
    rank: str,
    name: str,
    mean_iou: float,
    reference: NDArray[Any],
    prediction: NDArray[Any] | None,
    labels: Sequence[str],
    image: Image.Image | None,
) -> Picture:
    """Draw one image.

    Args:
        rank: under which heading.
        name: of the image.
        mean_iou: its figure; NaN for none.
        reference: H x W ids.
        prediction: H x W ids after matching (`matched_ids`); None for none.
        labels: names by class id.
        image: None draws the masks over a plain ground.
    """
    scale = _SIDE / max(reference.shape)
    size = max(1, round(reference.shape[1] * scale)), max(1, round(reference.shape[0] * scale))
    masks = [reference] if prediction is None else [reference, prediction]
    legend = _legend(masks, labels)
    masks = [resized_ids(one, size) for one in masks]
    alpha = 0.65 if image else 1.0
    ground = Image.new("RGB", size, GROUND) if image is None else image.resize(size, Image.Resampling.LANCZOS)
    return Picture(
        rank=rank,
        name=name,
        mean_iou=mean_iou,
        image=_address(ground) if image else "",
        reference=_address(overlay(ground, masks[0], alpha)),
        prediction=_address(overlay(ground, masks[1], alpha)) if len(masks) > 1 else "",
        difference=_address(difference(ground, masks[0], masks[1], alpha)) if len(masks) > 1 else "",
        legend=legend,
    )


def matched_ids(prediction: NDArray[Any], match: Mapping[int, int]) -> NDArray[np.int64]:
    """The class of every pixel; `NO_CLASS` where a cluster has none."""
    present, index = np.unique(prediction, return_inverse=True)
    classes = np.array([match.get(int(one), NO_CLASS) for one in present], np.int64)
    found: NDArray[np.int64] = classes[index.reshape(prediction.shape)]
    return found


def _legend(masks: Sequence[NDArray[Any]], labels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(colour, name) of the classes in the masks, most pixels first."""
    values, counts = np.unique(np.concatenate([one.ravel() for one in masks]), return_counts=True)
    order = [int(values[i]) for i in np.argsort(-counts, kind="stable") if values[i] not in (OTHER_ID, IGNORE_ID)]
    named = [(_hex(class_color(i)), labels[i] if i < len(labels) else "no class") for i in order[:_NAMED]]
    return (*named, *([("", f"{len(order) - _NAMED:,} more")] if len(order) > _NAMED else []))


def _address(picture: Image.Image) -> str:
    """The picture as a data URI."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80, subsampling=0, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
