"""Ways in which torchvision, timm and others cut an image and its mask, with Pillow alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
from generated_split import Row
from PIL import Image

NEAREST, BICUBIC = Image.Resampling.NEAREST, Image.Resampling.BICUBIC
Picture = Image.Image
Cut = Callable[[Picture, bool, int], Picture]
"""Takes a picture, whether it is a mask, and a number of the image from which random choices are drawn."""


def how(is_mask: bool) -> Image.Resampling:
    return NEAREST if is_mask else BICUBIC


def centre(picture: Picture, height: int, width: int) -> Picture:
    """A crop around the centre, padded where the picture is smaller."""
    left, top = round((picture.width - width) / 2), round((picture.height - height) / 2)
    return picture.crop((left, top, left + width, top + height))


def short_side(size: int, crop: int) -> Cut:
    def cut(picture: Picture, is_mask: bool, seed: int) -> Picture:
        scale = size / min(picture.size)
        sides = (max(size, int(scale * picture.width)), max(size, int(scale * picture.height)))
        return centre(picture.resize(sides, how(is_mask)), crop, crop)

    return cut


def squash(size: int, crop: int) -> Cut:
    return lambda picture, is_mask, seed: centre(picture.resize((size, size), how(is_mask)), crop, crop)


def long_side(size: int, crop: int, corner: bool = False) -> Cut:
    def cut(picture: Picture, is_mask: bool, seed: int) -> Picture:
        scale = size / max(picture.size)
        small = picture.resize((round(scale * picture.width), round(scale * picture.height)), how(is_mask))
        return small.crop((0, 0, crop, crop)) if corner else centre(small, crop, crop)

    return cut


def random_crop(picture: Picture, is_mask: bool, seed: int) -> Picture:
    """RandomResizedCrop and both flips."""
    rng = np.random.default_rng(seed)
    area, ratio = rng.uniform(0.2, 1), np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
    width = min(picture.width, round((area * picture.width * picture.height * ratio) ** 0.5))
    height = min(picture.height, round(width / ratio))
    left, top = (
        int(rng.integers(0, whole - side + 1)) for whole, side in ((picture.width, width), (picture.height, height))
    )
    cut = picture.resize((224, 224), how(is_mask), (left, top, left + width, top + height))
    return cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else cut


def kept(picture: Picture, is_mask: bool, seed: int) -> Picture:
    return picture


def unscaled(picture: Picture, is_mask: bool, seed: int) -> Picture:
    return centre(picture, 224, 224)


def mirrored(picture: Picture, is_mask: bool, seed: int) -> Picture:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def quarter_turn(picture: Picture, is_mask: bool, seed: int) -> Picture:
    return picture.transpose(Image.Transpose.ROTATE_90)


def stride(picture: Picture, is_mask: bool, seed: int) -> Picture:
    """Sides as multiples of 32."""
    return picture.resize(tuple(max(32, round(side / 32) * 32) for side in picture.size), how(is_mask))


CUTS: dict[str, Cut] = {
    **{
        f"timm {part} at {size}": short_side(int(size / part), size)
        for part in (0.875, 0.9, 0.95, 1.0)
        for size in (224, 384)
    },
    "Resize 256, crop 224": short_side(256, 224),
    "Resize 512, crop 448": short_side(512, 448),
    "squash 224": squash(224, 224),
    "squash 256, crop 224": squash(256, 224),
    "squash 518, crop 448": squash(518, 448),
    "long side 224, padded": long_side(224, 224),
    "long side 224, padded below": long_side(224, 224, corner=True),
    "long side 256, crop 224": long_side(256, 224),
    "random": random_crop,
    "kept": kept,
    "crop 224 alone": unscaled,
    "mirrored": mirrored,
    "quarter turn": quarter_turn,
    "multiples of 32": stride,
    "16 x 16": squash(16, 16),
}
DIFFER: dict[str, tuple[Cut, Cut, str]] = {
    "image cut, mask squashed": (short_side(256, 224), squash(224, 224), "image-and-mask-differ"),
    "image cut, mask kept": (short_side(256, 224), kept, "image-and-mask-differ"),
    "image kept, mask cut": (kept, short_side(256, 224), "image-and-mask-differ"),
    "image cut at 0.9, mask at 0.8": (short_side(248, 224), short_side(280, 224), "image-and-mask-differ"),
    "image squashed, mask padded": (squash(224, 224), long_side(224, 224), "image-and-mask-differ"),
    "image mirrored": (mirrored, kept, "image-and-mask-differ"),
    "mask mirrored": (kept, mirrored, "image-and-mask-differ"),
    "image turned": (quarter_turn, kept, "orientation"),
    "mask turned": (kept, quarter_turn, "mask-turned"),
    "two random crops": (
        random_crop,
        lambda picture, is_mask, seed: random_crop(picture, is_mask, seed + 1),
        "image-and-mask-differ",
    ),
}


def laid(row: Row, image: Cut, mask: Cut, how_read: Callable[[Any], Any] = lambda ids: ids) -> dict[str, Any]:
    """An item whose image and mask are cut, the ids changed by a function."""
    ids = np.asarray(mask(Image.fromarray(row.ids), True, row.seed))
    return {"image": image(row.image, False, row.seed), "mask": how_read(ids), "image_id": row.image_id}
