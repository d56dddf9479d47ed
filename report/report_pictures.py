"""The pictures of a report: the worst, middle and best images with their masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from PIL import Image

from ..cli.mask_pairs import MaskPairs
from ..cli.output import hint
from . import Picture, chosen_images
from .shown_pictures import draw, matched_ids

if TYPE_CHECKING:  # it imports datasets, which a report without images does not need
    from .images_by_id import ImagesById


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
    pairs = {key: masks.read(key) for key in ids}
    found = images_shown(images, {ids[key]: reference for key, (reference, _) in pairs.items()})
    pictures = []
    for rank, key, mean_iou in chosen:
        reference, prediction = pairs[key]
        matched = matched_ids(prediction, match)
        pictures.append(draw(rank, key, mean_iou, reference, matched, labels, found.get(ids[key])))
    return pictures


def images_shown(images: ImagesById | None, references: Mapping[str, NDArray[Any]]) -> dict[str, Image.Image]:
    """The images of some references, by image id; those that are not there are said."""
    found = images.read(references) if images else {}
    if images and (lacking := [one for one in references if one not in found]):
        hint(
            f"{images.place} (--images) lacks {len(lacking):,} of the {len(references):,} images shown, {lacking[0]} "
            "for one."
        )
    return found
