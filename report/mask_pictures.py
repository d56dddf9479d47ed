"""Masks as small pictures inside a page: image, reference, prediction after matching, and where they differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..conversion.masks.split_masks import image_of
from ..metrics.evaluation.scored_masks import ScoredMasks
from .class_colors import NO_CLASS, class_color
from .comparison_tables import PictureOfBoth
from .overlays import data_uri, largest_classes, mask_difference, mask_overlay, resized_ids
from .which_images import ValuesOfBoth

if TYPE_CHECKING:  # it imports datasets, which a page without images does not need
    from .images_by_id import ImagesById

_GROUND = "#b9bec6"
"""Under the masks where no image is at hand."""
_SIDE = 224
"""Of the longer side, in pixels."""
_NAMED = 6
"""How many classes are named beside one image."""


@dataclass(frozen=True)
class Picture:
    """One image to look at: pictures as data URIs; `image` is empty where no image was at hand.

    Attributes:
        legend: (colour, name) of its classes; the colour is empty for a name that has none.
    """

    rank: str
    name: str
    mean_iou: float
    image: str
    reference: str
    prediction: str
    difference: str
    legend: Sequence[tuple[str, str]] = ()


def draw_masks(
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
    masks = [resized_ids(mask, size) for mask in masks]
    alpha = 0.65 if image else 1.0
    ground = Image.new("RGB", size, _GROUND) if image is None else image.resize(size, Image.Resampling.LANCZOS)
    return Picture(
        rank=rank,
        name=name,
        mean_iou=mean_iou,
        image=_embedded(ground) if image else "",
        reference=_embedded(mask_overlay(ground, masks[0], alpha)),
        prediction=_embedded(mask_overlay(ground, masks[1], alpha)) if len(masks) > 1 else "",
        difference=_embedded(mask_difference(ground, masks[0], masks[1], alpha)) if len(masks) > 1 else "",
        legend=legend,
    )


def pictures_of_run(
    masks: ScoredMasks,
    per_image: Mapping[str, Sequence[Any]],
    ranked: Iterable[tuple[str, int]],
    match: Mapping[int, int],
    labels: Sequence[str],
    images: ImagesById | None,
) -> list[Picture]:
    """Some images of a run.

    Args:
        masks: where the masks are.
        per_image: what `MatchedIoU.per_image` returned.
        ranked: (heading, position) of the images, as `chosen_images` returns them.
        match: cluster -> class, of the same matching.
        labels: names by class id.
        images: where the images are; None draws the masks over a plain ground.
    """
    chosen = [(rank, per_image["name"][i], per_image["mean_iou"][i]) for rank, i in ranked]
    pairs = {key: masks.read(key) for _, key, _ in chosen}
    shown = _images_beside({key: reference for key, (reference, _) in pairs.items()}, images)
    return [
        draw_masks(rank, key, mean_iou, pairs[key][0], matched_ids(pairs[key][1], match), labels, shown.get(key))
        for rank, key, mean_iou in chosen
    ]


def pictures_of_two_runs(
    chosen: Sequence[tuple[str, Sequence[ValuesOfBoth]]],
    masks: Sequence[ScoredMasks],
    matches: Sequence[Mapping[int, int]],
    labels: Sequence[str],
    images: ImagesById | None,
) -> list[PictureOfBoth]:
    """The images in which two runs differ most, with the predictions of both.

    Args:
        chosen: (heading, images) as `differing_most` returned.
        masks: where the masks of A and of B are.
        matches: cluster -> class, of A and of B.
        labels: names by class id.
        images: where the images are; None draws the masks over a plain ground.
    """
    keys = [values.name for _, differing in chosen for values in differing]
    shown = _images_beside({key: masks[0].read(key)[0] for key in keys} if images else {}, images)

    def draw(heading: str, name: str, value: float, run: int) -> Picture:
        reference, prediction = masks[run].read(name)
        return draw_masks(
            heading, name, value, reference, matched_ids(prediction, matches[run]), labels, shown.get(name)
        )

    pictures = []
    for heading, differing in chosen:
        for values in differing:
            a, b = draw(heading, values.name, values.a, 0), draw(heading, values.name, values.b, 1)
            legend = [entry for entry in dict.fromkeys((*a.legend, *b.legend)) if entry[0]]
            drawn = a.image, a.reference, a.prediction, b.prediction
            pictures.append(PictureOfBoth(heading, values.name, values.a, values.b, *drawn, legend))
    return pictures


def pictures_of_rows(
    rows: Iterable[Mapping[str, Any]],
    labels: Sequence[str],
    prediction_of: Callable[[str], NDArray[Any] | None] = lambda image_id: None,
) -> list[Picture]:
    """Rows of the data set, by class.

    Args:
        rows: with `image_id`, `category`, `annotation` and perhaps `image`.
        labels: names by class id.
        prediction_of: the H x W ids of the prediction of an image after matching, by its id; None where it has none.
    """
    pictures = []
    for row in sorted(rows, key=lambda row: row["category"]):
        name, rank, image = row["image_id"], labels[row["category"]], row.get("image")
        rgb = None if image is None else image.convert("RGB")
        pictures.append(
            draw_masks(rank, name, math.nan, np.asarray(row["annotation"]), prediction_of(name), labels, rgb)
        )
    return pictures


def matched_ids(prediction: NDArray[Any], match: Mapping[int, int]) -> NDArray[np.int64]:
    """The class of every pixel; `NO_CLASS` where a cluster has none."""
    present, index = np.unique(prediction, return_inverse=True)
    classes = np.array([match.get(int(cluster), NO_CLASS) for cluster in present], np.int64)
    ids: NDArray[np.int64] = classes[index.reshape(prediction.shape)]
    return ids


def _images_beside(references: Mapping[str, NDArray[Any]], images: ImagesById | None) -> dict[str, Image.Image]:
    """The images of some references, by the same keys; those that are not at hand are left out."""
    if images is None:
        return {}
    ids = {key: image_of(key) for key in references}
    read = images.read({ids[key]: reference for key, reference in references.items()})
    return {key: read[image_id] for key, image_id in ids.items() if image_id in read}


def _legend(masks: Sequence[NDArray[Any]], labels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(colour, name) of the classes in the masks, most pixels first."""
    classes = largest_classes(masks)
    named = [(_hex(class_color(i)), labels[i] if i < len(labels) else "no class") for i in classes[:_NAMED]]
    return (*named, *([("", f"{len(classes) - _NAMED:,} more")] if len(classes) > _NAMED else []))


def _embedded(picture: Image.Image) -> str:
    return data_uri(picture, quality=80, subsampling=0, optimize=True)


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
