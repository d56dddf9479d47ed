"""The pictures of a report: the worst, middle and best images with their masks, small and inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagenet_s.cli.mask_pairs import MaskPairs
from imagenet_s.cli.output import hint
from imagenet_s.conversion.class_colors import class_color
from imagenet_s.conversion.facts import IGNORE_ID, OTHER_ID
from imagenet_s.conversion.visualization import difference, overlay, resized_ids
from imagenet_s.metrics.report import Picture, chosen_images

if TYPE_CHECKING:  # it imports datasets, which a report without images does not need
    from imagenet_s.cli.images_by_id import ImagesById

NO_CLASS = IGNORE_ID + 1
"""The id of clusters that no class was matched to."""
_SIDE = 224
"""Of the longer side, in pixels."""
_GROUND = "#b9bec6"
"""Under the masks where no image is at hand."""
_NAMED = 6
"""How many classes are named beside one image."""


def report_pictures(
    masks: MaskPairs,
    per_image: Mapping[str, Sequence[Any]],
    match: Mapping[int, int],
    labels: Sequence[str],
    images: ImagesById | None,
    each: int = 3,
) -> list[Picture]:
    """Draw some images.

    Args:
        masks: where the masks are.
        per_image: what `MatchedIoU.per_image` returned.
        match: cluster -> class, of the same matching.
        labels: names by class id.
        images: where the images are; None draws the masks over a plain ground.
        each: how many of the worst, of the middle and of the best.
    """
    chosen = [(rank, per_image["name"][i], per_image["mean_iou"][i]) for rank, i in chosen_images(per_image, each)]
    ids = {key: PurePosixPath(key).stem for _, key, _ in chosen}
    found = images.read(ids.values()) if images else {}
    if images and (lacking := [one for one in ids.values() if one not in found]):
        hint(
            f"{images.place} (--images) lacks {len(lacking):,} of the {len(ids):,} images shown, {lacking[0]} for one."
        )
    return [_picture(rank, key, iou, masks, match, labels, found.get(ids[key])) for rank, key, iou in chosen]


def _picture(
    rank: str,
    key: str,
    mean_iou: float,
    masks: MaskPairs,
    match: Mapping[int, int],
    labels: Sequence[str],
    image: Image.Image | None,
) -> Picture:
    reference, prediction = masks.read(key)
    prediction = matched_ids(prediction, match)
    scale = _SIDE / max(reference.shape)
    size = max(1, round(reference.shape[1] * scale)), max(1, round(reference.shape[0] * scale))
    named = _legend(reference, prediction, labels)
    reference, prediction = resized_ids(reference, size), resized_ids(prediction, size)
    alpha = 0.65 if image else 1.0
    ground = Image.new("RGB", size, _GROUND) if image is None else image.resize(size, Image.Resampling.LANCZOS)
    return Picture(
        rank=rank,
        name=key,
        mean_iou=mean_iou,
        image=_address(ground) if image else "",
        reference=_address(overlay(ground, reference, alpha)),
        prediction=_address(overlay(ground, prediction, alpha)),
        difference=_address(difference(ground, reference, prediction, alpha)),
        legend=named,
    )


def matched_ids(prediction: NDArray[Any], match: Mapping[int, int]) -> NDArray[np.int64]:
    """The class of every pixel; `NO_CLASS` where a cluster has none."""
    present, index = np.unique(prediction, return_inverse=True)
    classes = np.array([match.get(int(one), NO_CLASS) for one in present], np.int64)
    found: NDArray[np.int64] = classes[index.reshape(prediction.shape)]
    return found


def _legend(reference: NDArray[Any], prediction: NDArray[Any], labels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(colour, name) of the classes in either mask, most pixels first."""
    values, counts = np.unique(np.concatenate([reference.ravel(), prediction.ravel()]), return_counts=True)
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
