"""The miniature with pairs of image and mask that disagree, and masks that can't be used: as the archives may be."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from imagenet_s.conversion.facts import MASK_FOLDERS, tree_name
from imagenet_s.conversion.masks.codec import encode_mask, encode_official_png
from imagenet_s.conversion.synthetic import IMAGES, image_bytes, image_files, images_of, mask_ids, write_imagenet
from imagenet_s.conversion.synthetic import generated_annotations as synthetic_annotations
from imagenet_s.conversion.synthetic.layouts import folders, tars, tree
from imagenet_s.conversion.synthetic.layouts import hub_parquet as parquet

plain_masks = synthetic_annotations.masks


@dataclass(frozen=True)
class Odd:
    """What is odd about a pair.

    Attributes:
        mask: `"upright"`, `"size"`, `"id"`, `"blue"`, `"palette"`; `"turned"` is upright where the sizes don't show it.
        orientation: what the image's metadata ask for: they are written where the image of the miniature has none.
        metadata: `"exif"` or `"xmp"`; `"kind"` for those that the image of the miniature has.
    """

    mask: str
    orientation: int = 1
    metadata: str = "exif"


UPRIGHT = {
    "n01443537_161": Odd("upright", 6),
    "n02165456_98": Odd("upright", 8),
    "n12998815_10442": Odd("upright", 6, "xmp"),
    "n12998815_712": Odd("upright", 6, "kind"),  # EXIF that exif_transpose can't write back
    "n04404412_94": Odd("turned", 3),
    "ILSVRC2012_val_00000206": Odd("upright", 8),
    "ILSVRC2012_val_00016000": Odd("upright", 6),
    "ILSVRC2012_val_00014906": Odd("upright", 6, "kind"),  # XMP
    "ILSVRC2012_val_00045939": Odd("turned", 3),
    "ILSVRC2012_val_00033506": Odd("blue"),
}
"""Pairs that rows hold."""
UNUSABLE = {
    "n04404412_8248": Odd("id"),
    "ILSVRC2012_val_00040675": Odd("size"),
    "ILSVRC2012_val_00020818": Odd("id"),
    "ILSVRC2012_val_00045977": Odd("palette"),
}
"""Pairs that no row can hold. In 50, they are one of 10 in train_semi and three of 9 in validation."""
ODD = {**UPRIGHT, **UNUSABLE}
COUNTS = {"train_semi": {"upright": 4, "unusable": 1}, "validation": {"upright": 3, "unusable": 3}}
"""Of 50."""
UNKNOWN_ID = 940


@functools.cache
def odd_image(image_id: str) -> bytes:
    """The file of an image: that of the miniature, with other metadata."""
    data, odd = image_bytes(image_id), ODD.get(image_id)
    if odd is None or odd.orientation == 1 or odd.metadata == "kind":
        return data
    if odd.metadata == "xmp":
        return image_files._with_app1(data, image_files._XMP_HEADER + image_files._XMP_PACKET)
    return image_files._with_app1(data, image_files._exif("<", odd.orientation, (72, 1)))


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """By Pillow, over an EXIF made for it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    return ImageOps.exif_transpose(Image.open(buffer))


def odd_ids(image_id: str, config: str) -> np.ndarray:
    """The ids of a mask, as its file has them."""
    ids, odd = mask_ids(IMAGES[image_id], config), ODD.get(image_id)
    if odd is None:
        return ids
    if odd.mask == "size":
        return ids[:-3, :-5]
    if odd.mask == "id":
        return np.where(ids == ids.max(), UNKNOWN_ID, ids).astype(np.uint16)
    return np.asarray(upright(Image.fromarray(encode_mask(ids)), odd.orientation)).astype(np.uint16) @ np.array(
        [1, 256, 0], np.uint16
    )


def odd_png(image_id: str, config: str) -> bytes:
    """The file of a mask."""
    odd, ids = ODD.get(image_id), odd_ids(image_id, config)
    if odd is None or odd.mask not in ("blue", "palette"):
        return encode_official_png(ids)
    rgb = encode_mask(ids)
    rgb[..., 2] = 200 if odd.mask == "blue" else 0
    picture, buffer = Image.fromarray(rgb), io.BytesIO()
    (picture.convert("P") if odd.mask == "palette" else picture).save(buffer, "PNG")
    return buffer.getvalue()


def expected_pair(image_id: str, config: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (H x W x 3) and ids of a row: by Pillow, of the files."""
    odd = ODD.get(image_id)
    with Image.open(io.BytesIO(odd_image(image_id))) as image:
        picture = image.convert("RGB")
    if odd is not None and odd.mask == "upright":
        picture = upright(picture, odd.orientation)
    return np.asarray(picture), odd_ids(image_id, config)


@contextlib.contextmanager
def written_odd(odd: Mapping[str, Odd] = ODD) -> Iterator[None]:
    """Within it, what writes the miniature writes it with these pairs."""

    def masks(config: str) -> Iterator[tuple[str, bytes]]:
        for name, png in plain_masks(config):
            image_id = Path(name).stem
            yield name, odd_png(image_id, config) if image_id in odd else png

    patch = pytest.MonkeyPatch()
    for module in (folders, parquet, tars, tree):
        patch.setattr(module, "image_bytes", lambda one: odd_image(one) if one in odd else image_bytes(one))
    for module in (synthetic_annotations, tree):
        patch.setattr(module, "masks", masks)
    yield
    patch.undo()


def write_odd_imagenet(root: Path, layout: str, odd: Mapping[str, Odd] = ODD) -> Path:
    """The miniature in a layout, `"tree-50"` and the like among them; returns what is `data_dir`."""
    with written_odd(odd):
        if layout.startswith("tree-"):
            return tree.write_official_tree(root, layout.removeprefix("tree-"))
        return write_imagenet(root, layout)


def write_odd_annotations(root: Path, form: str = "archives", odd: Mapping[str, Odd] = ODD) -> Path:
    """The archives and lists, or what comes out of them."""
    with written_odd(odd):
        return synthetic_annotations.write_annotations(root, form)


def mask_path(config: str, split: str, image_id: str) -> str:
    """The name of a mask in the archive."""
    return f"{tree_name(config)}/{MASK_FOLDERS[split]}/{IMAGES[image_id].class_wnid}/{image_id}.png"


def usable(config: str, split: str) -> list[str]:
    """The images of a split that rows can hold, sorted."""
    return sorted(image.image_id for image in images_of(config, split) if image.image_id not in UNUSABLE)


def assert_odd_rows(rows: Any, config: str, split: str) -> None:
    """The rows of an annotated split are the usable pairs, pixel by pixel."""
    seen = []
    for row in rows:
        seen.append(row["image_id"])
        pixels, ids = expected_pair(row["image_id"], config)
        np.testing.assert_array_equal(np.asarray(row["image"]), pixels, err_msg=row["image_id"])
        np.testing.assert_array_equal(np.asarray(row["annotation"]), ids, err_msg=row["image_id"])
    assert sorted(seen) == usable(config, split)
