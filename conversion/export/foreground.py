"""Foreground: a grey PNG for each mask, `<class folder>/<image_id>.png`: 0 background, 255 foreground, 128 void.

128 is the unknown of a trimap, neither of the two: readers must leave these pixels out instead of thresholding them.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from ..facts import IGNORE_ID, OTHER_ID
from .export_format import ExportFormat, Ids
from .mask_set import MaskRow, MaskSet

BACKGROUND, VOID, FOREGROUND = 0, 128, 255


@dataclass(frozen=True)
class Foreground(ExportFormat):
    """Foreground PNGs.

    Attributes:
        own_class: only pixels of the image's own class are foreground; by default those of every class.
    """

    name: ClassVar[str] = "foreground"
    own_class: bool = False

    def encode(self, row: MaskRow, ids: Ids) -> bytes:
        pixels = np.full(ids.shape, BACKGROUND, np.uint8)
        pixels[ids == row.category if self.own_class else ids != OTHER_ID] = FOREGROUND
        pixels[ids == IGNORE_ID] = VOID
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", optimize=False)
        return buffer.getvalue()

    def write(self, folder: Path, masks: MaskSet, encoded: Iterable[tuple[MaskRow, Any]]) -> None:
        for row, png in encoded:
            path = folder / row.wnid / f"{row.image_id}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(png)
