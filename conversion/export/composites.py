"""Composites: pictures of object and background as an ImageFolder, `<kind>/<ImageNet wnid>/<image_id>.png`.

`labels.csv` beside the kinds has a line for each picture. Workers write the pictures themselves: those of several kinds
of many images would fill the memory on their way to another process.
"""

from __future__ import annotations

import csv
import itertools
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..core.errors import ImageNetSError
from ..facts import COMPOSITE_KINDS, CompositeKind, imagenet_wnids
from ..transforms.composite import Composite, partners_in
from ..transforms.composite_pictures import MIXED, check_kind, default_fill
from ..transforms.fills import Fill, check_fill
from .export_format import ExportFormat, Ids, warn_of_masks_without_class
from .mask_set import MaskRow, MaskSet

LABELS_FILE = "labels.csv"
HEADER = ("image_id", "kind", "imagenet_label", "category", "partner", "object_share")
_PNG = {"format": "PNG", "compress_level": 1, "compress_type": zlib.Z_RLE}
"""Files a few percent larger than by default, in less than half of the time."""


@dataclass(frozen=True)
class Composites(ExportFormat):
    """Pictures of object and background. An image whose mask does not show its class is left out of every kind.

    Attributes:
        kinds: which, see `composite`.
        fill: what stands where pixels are taken away; None for the default of each kind.
        seed: of the choice of partners.
        quality: of JPEGs, 1..95; None for PNGs, which hold the pixels as they are.

    Raises:
        ImageNetSError: no kind, or a kind, fill or quality that is none.
    """

    name: ClassVar[str] = "composites"
    kinds: tuple[CompositeKind, ...] = ()
    fill: Fill | None = None
    seed: int = 0
    quality: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.kinds or isinstance(self.kinds, str):
            raise ImageNetSError(
                f"kinds={self.kinds!r} (--kinds): expected at least one of {', '.join(COMPOSITE_KINDS)}."
            )
        kinds = {check_kind(kind) for kind in self.kinds}
        object.__setattr__(self, "kinds", tuple(kind for kind in COMPOSITE_KINDS if kind in kinds))
        if self.fill is not None:
            object.__setattr__(self, "fill", check_fill(self.fill))
        if self.quality is not None and not 1 <= self.quality <= 95:
            raise ImageNetSError(f"quality={self.quality} (--quality): expected 1..95, or nothing for PNGs.")

    def encoder(self, masks: MaskSet, folder: Path) -> Callable[[MaskRow, Ids], Any]:
        """Load the images; for mixed kinds, find the partners of all."""
        if masks.dataset is None:
            raise ImageNetSError(
                "composites are pictures, and this data set holds masks without images: give your ImageNet or an "
                "official tree as DATASET."
            )
        rows = masks.dataset()
        position = {image_id: i for i, image_id in enumerate(rows.data["image_id"].to_pylist())}
        rows = rows.select([position[row.image_id] for row in masks.rows])
        partners = partners_in(rows) if set(self.kinds) & set(MIXED) else None
        pictures = {}
        for kind in self.kinds:
            fill = default_fill(kind) if self.fill is None else self.fill
            pictures[kind] = Composite(rows, kind, fill, self.seed, partners if kind in MIXED else None)
        if partners is not None:
            for kind, candidate in itertools.product(set(self.kinds) & set(MIXED), partners.candidates):
                partners.partner(candidate.image_id, candidate.category, kind, self.seed)  # an error before the work
        images = rows.select_columns(["image_id", "image", "imagenet_label"])
        options = _PNG if self.quality is None else {"format": "JPEG", "quality": self.quality}
        return _PictureWriter(folder, images, pictures, options, ".png" if self.quality is None else ".JPEG")

    def write(self, folder: Path, masks: MaskSet, encoded: Iterable[tuple[MaskRow, Any]]) -> None:
        """Write `labels.csv`; the pictures are there when their rows come."""
        without = []
        with open(folder / LABELS_FILE, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            for row, lines in encoded:
                writer.writerows(lines)
                if not lines:
                    without.append(row.image_id)
        warn_of_masks_without_class(without)


@dataclass(frozen=True)
class _PictureWriter:
    """Writes the pictures of an image.

    Attributes:
        folder: of the split.
        images: `image_id`, `image` and `imagenet_label` of the rows of the mask set, in their order.
        pictures: kind -> what makes its pictures.
        options: of Pillow's `save`.
        ending: of the files.
    """

    folder: Path
    images: Any
    pictures: Mapping[CompositeKind, Composite]
    options: Mapping[str, Any]
    ending: str

    def __call__(self, row: MaskRow, ids: Ids) -> list[tuple[object, ...]]:
        """The lines of `labels.csv`; none for a mask that does not show the class of its image."""
        if not (ids == row.category).any():
            return []
        lines: list[tuple[object, ...]] = []
        image = self.images[row.number - 1]
        label = image["imagenet_label"]
        # Without a list of images nobody knows ImageNet's folder: that of the official tree is another for few images.
        wnid = row.wnid if label is None else imagenet_wnids()[label]
        for kind, picture in self.pictures.items():
            made = picture({**image, "annotation": ids, "category": row.category})
            path = self.folder / kind / wnid / f"{row.image_id}{self.ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            made["image"].save(path, **self.options)
            lines.append((row.image_id, kind, label, row.category, made["partner"], made["object_share"]))
        return lines
