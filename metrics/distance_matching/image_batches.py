"""Batches for a backbone from rows of the data set: images are resized, normalised, and grouped by size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

# What backbones that were trained on ImageNet expect (torchvision's reference).
_MEAN, _DEVIATION = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True)
class PreparedImage:
    """An image as a backbone takes it.

    Attributes:
        image_id: its name.
        wnid: its class folder.
        size: (height, width) as stored.
        pixels: 3 x h x w float32, normalised.
        mask: H x W ids, or None.
    """

    image_id: str
    wnid: str
    size: tuple[int, int]
    pixels: np.ndarray
    mask: np.ndarray | None


class ImageDataset:
    """Rows as prepared images; a map-style data set for `torch.utils.data.DataLoader`, whose workers decode.

    Args:
        rows: a split of ImageNet-S.
        short_side: what the shorter side of an image is resized to, in pixels.
        multiple: both sides are then rounded to multiples of this.
    """

    def __init__(self, rows: Any, short_side: int, multiple: int) -> None:
        self.rows, self.short_side, self.multiple = rows, short_side, multiple

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> PreparedImage:
        row = self.rows[index]
        image = row["image"]
        mask = None if row["annotation"] is None else np.asarray(row["annotation"]).astype(np.int64)
        resized = image.resize(target_size(image.size, self.short_side, self.multiple), Image.Resampling.BILINEAR)
        pixels = (np.asarray(resized, np.float32) / 255 - _MEAN) / _DEVIATION
        return PreparedImage(row["image_id"], row["wnid"], image.size[::-1], pixels.transpose(2, 0, 1).copy(), mask)


def target_size(size: tuple[int, int], short_side: int, multiple: int = 1) -> tuple[int, int]:
    """The (width, height) to which an image is resized: shorter side as given, longer in proportion, both in multiples.

    Examples:
        >>> target_size((500, 375), 256), target_size((500, 375), 256, 16)
        ((341, 256), (336, 256))
    """
    shorter = min(size)
    sides = (short_side * side // shorter for side in size)
    width, height = (max(1, (2 * side + multiple) // (2 * multiple)) * multiple for side in sides)
    return width, height


def batches_by_size(images: Iterable[PreparedImage], batch_size: int) -> Iterator[list[PreparedImage]]:
    """Batches of images of equal size, each as soon as it is full; incomplete batches at the end."""
    waiting: dict[tuple[int, ...], list[PreparedImage]] = defaultdict(list)
    for image in images:
        same = waiting[image.pixels.shape]
        same.append(image)
        if len(same) == batch_size:
            yield waiting.pop(image.pixels.shape)
    yield from waiting.values()
