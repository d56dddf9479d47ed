"""Pictures of the object alone, of its background alone, and of the object on another background.

Regions of an image: O, the pixels of its class; V, ignored pixels; B, the rest, in which objects of other classes are.
V is neither object nor background, and never shown. Pillow and NumPy alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..core.errors import ImageNetSError
from ..facts import COMPOSITE_KINDS, IGNORE_ID, CompositeKind
from .fills import Fill, Pixels, Region, bounding_box, filled, replaced

MIXED: tuple[CompositeKind, ...] = tuple(kind for kind in COMPOSITE_KINDS if kind.startswith("mixed"))


def check_kind(kind: str) -> CompositeKind:
    """`kind`, if it is one; else an ImageNetSError."""
    if kind not in COMPOSITE_KINDS:
        raise ImageNetSError(f"kind={kind!r} (--kinds): expected one of {', '.join(COMPOSITE_KINDS)}.")
    return kind  # type: ignore[return-value]


def default_fill(kind: CompositeKind) -> Fill:
    """What fills the missing pixels where nothing else is said: the background of a mixed picture is tiled."""
    return "tile" if kind in MIXED else "mean"


class Regions(NamedTuple):
    """The regions of an image, H x W bools each."""

    object: Region
    ignored: Region

    @property
    def object_share(self) -> float:
        """|O| / (|O| + |B|): the share of the object in what is not ignored; 0 where nothing is left."""
        scored = self.ignored.size - np.count_nonzero(self.ignored)  # ten times as fast as a sum of bools
        return float(np.count_nonzero(self.object) / scored) if scored else 0.0


def regions_of(ids: NDArray[np.integer[Any]], category: int) -> Regions:
    """The regions of a mask for a class."""
    return Regions(ids == category, ids == IGNORE_ID)


def composite_picture(
    kind: CompositeKind, pixels: Pixels, regions: Regions, fill: Fill, partner: tuple[Pixels, Regions] | None = None
) -> Pixels:
    """One picture.

    Args:
        kind: what is shown.
        pixels: the image, H x W x 3.
        regions: its regions.
        fill: of what is missing; of mixed kinds, in the partner.
        partner: of mixed kinds, the image whose background is shown, of any size, and its regions.

    Returns:
        H x W x 3, uint8.
    """
    hidden = regions.object | regions.ignored
    if kind == "original":
        return pixels
    if kind == "object":
        return filled(pixels, ~regions.object, fill)
    if kind == "background":
        return filled(pixels, hidden, fill)
    if kind == "background_box":
        box = np.zeros_like(hidden)
        if hidden.any():
            top, left, bottom, right = bounding_box(hidden)
            box[top:bottom, left:right] = True
        return filled(pixels, box, fill)
    if partner is None:
        raise ValueError(f"{kind} needs a partner.")
    ground = Image.fromarray(composite_picture("background", *partner, fill))
    size = pixels.shape[1], pixels.shape[0]
    covering = np.asarray(ImageOps.fit(ground, size, Image.Resampling.BICUBIC, centering=(0.5, 0.5)))
    return replaced(covering, regions.object, pixels)
