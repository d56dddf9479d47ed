"""Images that a classifier has right, and wrong once the background is another: what it was shown, what it answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from ..conversion.facts import COMPOSITE_KINDS
from .overlays import data_uri

_WIDTH = 240


@dataclass(frozen=True)
class ShownKind:
    """A picture of an image, and the answer to it.

    Attributes:
        kind: what it shows.
        picture: a data URI.
        answer: the name of the class that stood first.
        right: whether that is the image's own.
    """

    kind: str
    picture: str
    answer: str
    right: bool


@dataclass(frozen=True)
class FlippedImage:
    """An image that flips: its name, the name of its class, and its kinds."""

    name: str
    category: str
    kinds: Sequence[ShownKind]


def flipped_images(
    per_image: Mapping[str, Sequence[Any]],
    dataset: Any,
    pictures: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]],
    labels: Sequence[str],
    shown: int = 8,
) -> list[FlippedImage]:
    """Images that are right on the original and wrong on `mixed_random`, evenly spread over the names of all of them.

    Args:
        per_image: what `ObjectReliance.per_image` returned.
        dataset: the rows that were shown, map-style, with images and masks.
        pictures: kind -> what `composite` returned for it; kinds that were not counted are not shown.
        labels: names of the classes, by their number in `per_image`.
        shown: how many images.
    """
    flipped = [i for i, value in enumerate(per_image.get("flipped", ())) if value == 1]
    number = min(shown, len(flipped))
    chosen = [flipped[i * len(flipped) // number] for i in range(number)]
    position = {image_id: i for i, image_id in enumerate(dataset.with_format(None)["image_id"])}
    kinds = [kind for kind in COMPOSITE_KINDS if kind in pictures and f"answer_{kind}" in per_image]
    images = []
    for i in chosen:
        name = per_image["name"][i]
        if name in position:
            row = dataset[position[name]]
            views = [_shown(kind, pictures[kind](row)["image"], per_image, i, labels) for kind in kinds
                     if per_image[f"answer_{kind}"][i] >= 0]  # fmt: skip
            images.append(FlippedImage(name, labels[per_image["target"][i]], views))
    return images


def _shown(
    kind: str, picture: Image.Image, per_image: Mapping[str, Sequence[Any]], i: int, labels: Sequence[str]
) -> ShownKind:
    picture = picture.convert("RGB")
    picture.thumbnail((_WIDTH, _WIDTH))
    answer = labels[per_image[f"answer_{kind}"][i]]
    return ShownKind(kind, data_uri(picture, quality=85), answer, per_image[f"rank_{kind}"][i] == 1)
