"""A validation split of the size of real images, drawn by formula: images, official masks, and Datasets over them."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.masks.codec import encode_official_png
from imagenet_s.conversion.synthetic import IMAGES, mask_ids
from imagenet_s.conversion.synthetic.drawings import DRAWINGS
from imagenet_s.conversion.synthetic.scene import render

SIZES = ((500, 375), (375, 500), (500, 333), (500, 500), (160, 120), (140, 187))
COUNT = 20
_TEMPLATE = next(image for image in IMAGES.values() if image.kind == "rgb")


@dataclass(frozen=True)
class Row:
    """An image of the split: its files, its class folder and its folder in ImageNet."""

    image_id: str
    wnid: str
    imagenet_wnid: str
    image_path: Path
    mask_path: Path

    @property
    def image(self) -> Image.Image:
        return Image.open(self.image_path).convert("RGB")

    @property
    def png(self) -> Image.Image:
        return Image.open(self.mask_path)

    @property
    def ids(self) -> Any:
        rgb = np.array(self.png).astype(np.int32)
        return rgb[..., 0] + 256 * rgb[..., 1]

    @property
    def seed(self) -> int:
        """A number that is another one for each image."""
        return zlib.crc32(self.image_id.encode())


@dataclass(frozen=True)
class Split:
    """The rows, in the official order, and where masks and images lie."""

    config: str
    rows: tuple[Row, ...]
    masks: Path
    imagenet: Path


class Loader:
    """A Dataset whose items are what a function makes of a row."""

    def __init__(self, split: Split, item: Callable[[Row], Any]) -> None:
        self._rows, self._item = dict(enumerate(split.rows)), item

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Any:
        if index >= len(self):
            raise IndexError(index)
        return self._item(self._rows[index])


def write_split(folder: Path, config: str) -> Split:
    """Draws the split; every seventh image has another folder in ImageNet than in ImageNet-S."""
    rows = sorted(_rows(folder, config), key=lambda row: (row.wnid, row.image_id))
    return Split(config, tuple(rows), folder / "masks", folder / "imagenet")


def _rows(folder: Path, config: str) -> Iterator[Row]:
    table = categories(config)
    drawn = [wnid for wnid in DRAWINGS if table.id_of(wnid)]
    for number in range(COUNT):
        wnid = drawn[number % len(drawn)]
        elsewhere = drawn[(number + 1) % len(drawn)] if number % 7 == 4 else wnid
        image = replace(
            _TEMPLATE,
            image_id=f"ILSVRC2012_val_{50 + 37 * number:08d}",
            imagenet_wnid=elsewhere,
            class_wnid=table.rows[table.id_of(wnid)].wnid,
            split="validation",
            size=SIZES[number % len(SIZES)],
        )
        image_path = folder / "imagenet" / "val" / elsewhere / f"{image.image_id}.JPEG"
        mask_path = folder / "masks" / image.class_wnid / f"{image.image_id}.png"
        for path in (image_path, mask_path):
            path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(render(image).pixels).save(image_path, quality=90)
        mask_path.write_bytes(encode_official_png(mask_ids(image, config)))
        yield Row(image.image_id, image.class_wnid, elsewhere, image_path, mask_path)
