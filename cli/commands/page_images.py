"""The images of a page (`--images`), which `evaluate`, `evaluate-maps` and `compare` share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ..output import hint

if TYPE_CHECKING:
    from ...report.images_by_id import ImagesById


def open_images(place: str | None, config: str) -> ImagesById | None:
    """The images that masks and maps are drawn over; None where no place is given."""
    if place is None:
        return None
    from ...report.images_by_id import ImagesById  # imports datasets: only where it is needed

    return ImagesById(place, config)


def hint_absent_images(pictures: Sequence[Any], images: ImagesById | None) -> None:
    """Say which images of some pictures, each with a `name` and an `image`, are not at hand; each image once."""
    at_hand = {PurePosixPath(picture.name).stem: bool(picture.image) for picture in pictures}
    absent = [image_id for image_id, is_there in at_hand.items() if not is_there]
    if images and absent:
        of_all = f"{len(absent):,} of the {len(at_hand):,} images shown, {absent[0]} for one."
        hint(f"{images.place} (--images) lacks {of_all}")
