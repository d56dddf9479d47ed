"""`composite`: pictures of object and background as a function of rows, for `with_transform`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..core.errors import ImageNetSError
from ..facts import OTHER_ID, CompositeKind
from ..masks.codec import decode_mask
from .composite_pictures import MIXED, Regions, check_kind, composite_picture, default_fill, regions_of
from .fills import Fill, Pixels, check_fill
from .partners import Candidate, Partners

_COLUMNS = ("image_id", "image", "annotation", "category")


def composite(
    dataset: Any, kind: CompositeKind, fill: Fill | None = None, seed: int = 0
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Show the object alone, the background alone, or the object before another background.

    Asked of a classifier, these say how much of its answer is the object (Xiao et al., 2021, "Noise or Signal"); see
    docs/reliance.md.

    Args:
        dataset: rows with masks, map-style: `validation` or `train_semi`. The partners of mixed pictures are among
            them; for mixed kinds, every mask is read once to see which images show their class.
        kind: `"original"`; `"object"` (the pixels of `category`, the rest filled); `"background"` (neither object nor
            ignored pixels); `"background_box"` (all but the bounding box of these); `"mixed_same"`, `"mixed_random"`,
            `"mixed_next"`: the object before the background of an image of the same class, of another class, of the
            next class.
        fill: what stands where pixels are taken away: `"mean"`, `"blur"`, `"tile"` or an RGB triple, see
            `fills.filled`. By default the mean colour; in the background of mixed pictures, `"tile"`.
        seed: of the choice of partners.

    Returns:
        A function of a row or of a batch of rows. `image` becomes an RGB picture of the same size; the row gains
        `partner` (an image id, or "") and `object_share` (pixels of the object over all that are not ignored). It can
        be pickled. The same row gives the same picture in every order, subset of rows and process.

    Raises:
        ImageNetSError: no such kind or fill, a stream, rows without a mask; from the function, an image whose mask does
            not show its class, where the object is needed; an image without a partner.

    Examples:
        >>> rows = imagenet_s.load_dataset("50", data_dir=..., split="validation")  # doctest: +SKIP
        >>> mixed = rows.with_transform(composite(rows, "mixed_random"))  # doctest: +SKIP
        >>> mixed[0]["image"], mixed[0]["partner"]  # doctest: +SKIP
    """
    kind = check_kind(kind)
    fill = default_fill(kind) if fill is None else check_fill(fill)
    if not hasattr(dataset, "select_columns") or not hasattr(dataset, "__len__"):
        raise ImageNetSError(
            f"composite takes a map-style data set, not a {type(dataset).__name__}: partners are looked up in it; load "
            "it without streaming."
        )
    if lacking := [name for name in _COLUMNS if name not in dataset.column_names]:
        raise ImageNetSError(f"these rows lack {', '.join(lacking)}: composite takes rows of ImageNet-S.")
    dataset = dataset.with_format(None)
    # An integer: 1.0 would draw other partners than 1.
    return Composite(dataset, kind, fill, operator.index(seed), partners_in(dataset) if kind in MIXED else None)


class Composite:
    """What `composite` returns.

    Args:
        dataset: rows as they are decoded without a format.
        kind, fill, seed: see `composite`.
        partners: of mixed kinds, the rows of `dataset` that lend their background.
    """

    def __init__(self, dataset: Any, kind: CompositeKind, fill: Fill, seed: int, partners: Partners | None) -> None:
        self._dataset, self._kind, self._fill, self._seed, self._partners = dataset, kind, fill, seed, partners

    def __call__(self, rows: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(rows["image_id"], list):
            batch = self({name: [value] for name, value in rows.items()})
            return {name: values[0] for name, values in batch.items()}
        made = [self._picture(*values) for values in zip(*(rows[name] for name in _COLUMNS))]
        images, partners, shares = zip(*made) if made else ((), (), ())
        return {**rows, "image": list(images), "partner": list(partners), "object_share": list(shares)}

    def _picture(self, image_id: str, image: Any, annotation: Any, category: int) -> tuple[Image.Image, str, float]:
        pixels, regions = _pixels_and_regions(image_id, image, annotation, category)
        if self._kind in ("object", *MIXED) and not regions.object.any():
            raise ImageNetSError(
                f"{image_id}: its mask does not show its class, so there is no picture of kind {self._kind}; leave it "
                "out."
            )
        partner, name = None, ""
        if self._partners is not None:
            candidate = self._partners.partner(image_id, category, self._kind, self._seed)
            row, name = self._dataset[candidate.position], candidate.image_id
            partner = _pixels_and_regions(*(row[column] for column in _COLUMNS))
        picture = composite_picture(self._kind, pixels, regions, self._fill, partner)
        return Image.fromarray(picture), name, regions.object_share


def partners_in(dataset: Any) -> Partners:
    """The rows of a data set whose mask shows their class. Every mask is read."""
    rows = dataset.select_columns(["image_id", "annotation", "category"])
    return Partners(
        Candidate(row["image_id"], row["category"], position)
        for position, row in enumerate(tqdm(rows, desc="looking for partners", unit="mask", delay=1))
        if row["annotation"] is not None
        and row["category"] != OTHER_ID
        and (np.asarray(row["annotation"]) == row["category"]).any()
    )


def _pixels_and_regions(image_id: str, image: Any, annotation: Any, category: int) -> tuple[Pixels, Regions]:
    if annotation is None:
        raise ImageNetSError(f"{image_id} has no mask: only train_semi and validation have masks.")
    if not isinstance(image, Image.Image):
        raise ImageNetSError(f"{image_id}: its image is a {type(image).__name__}: expected a decoded Pillow image.")
    pixels, ids = np.asarray(image.convert("RGB")), decode_mask(annotation, name=image_id)
    if ids.shape != pixels.shape[:2]:
        sizes = " and ".join(f"{width} x {height}" for height, width in (pixels.shape[:2], ids.shape))
        raise ImageNetSError(f"{image_id}: image and mask are {sizes} (W x H): one of the two was resized or turned.")
    return pixels, regions_of(ids, category)
