"""The official masks (and images) that a Dataset is compared with."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from ..dataset.image_mask_pairs import picture_beside
from ..dataset.imagenet_folders import folders_at_hand
from ..dataset.open_masks import open_masks
from ..facts import IGNORE_ID, Categories, categories
from ..imagenet.data_dir import resolve_data_dir
from ..imagenet.detect import open_imagenet
from ..imagenet.image_reader import ImageReader
from ..masks.codec import decode_mask
from ..masks.split_masks import class_folder


class Truth:
    """The masks of a split.

    Args:
        gt_dir: whatever `open_masks` takes.
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"` or `"validation"`.
        imagenet: a copy of ImageNet, for what needs its images.
        annotations_dir, verify: of the masks of an ImageNet, as `open_masks` takes them.

    Attributes:
        image_ids: every image, by class folder and name.
        wnids: image id -> class folder, "" where its mask lies in none.

    Raises:
        ImageNetSError: no masks are found.
    """

    def __init__(
        self,
        gt_dir: str | os.PathLike[str],
        config: str,
        split: str,
        imagenet: str | os.PathLike[str] | None = None,
        annotations_dir: str | os.PathLike[str] | None = None,
        verify: bool = True,
    ) -> None:
        self.table: Categories = categories(config)
        self._place = gt_dir, config, split, annotations_dir, verify
        self._masks = open_masks(*self._place)
        ordered = sorted((self._masks.wnid(image_id), image_id) for image_id in self._masks.by_id)
        self.wnids = {image_id: wnid for wnid, image_id in ordered}
        self.image_ids = list(self.wnids)
        self._images: ImageReader | None = None
        if imagenet is not None:
            part = "train" if split == "train_semi" else "validation"
            self._images = open_imagenet(resolve_data_dir(imagenet)).reader(part)  # type: ignore[arg-type]

    @functools.lru_cache(maxsize=2)  # noqa: B019 - lives as long as the check
    def ids(self, image_id: str) -> NDArray[np.int64]:
        """The ids of a mask, H x W."""
        key = self._masks.by_id[image_id]
        return decode_mask(self._masks.read(key), self.table.config, self._masks.describe(key)).astype(np.int64)

    def category(self, image_id: str) -> int:
        """The class id of an image; 0 where its folder says none."""
        return self.table.id_of(self.wnids[image_id])

    def image(self, image_id: str) -> NDArray[np.float32] | None:
        """The image in grey, as its mask has it; None where it is not at hand."""
        if self._images is None:
            return None
        rows = self._images.find(pa.array([image_id]))
        if not rows.num_rows:
            return None
        (stored,) = next(iter(self._images.read(rows, 1))).to_pylist()
        data = Path(stored["path"]).read_bytes() if stored["bytes"] is None else stored["bytes"]
        picture = picture_beside(data, self.ids(image_id).shape[::-1], f"{image_id} in the ImageNet to compare with")
        return np.asarray(picture.convert("L"), np.float32)

    @functools.cached_property
    def imagenet_folders(self) -> Mapping[str, str]:
        """Image id -> its folder in ImageNet, where the official list or the copy of ImageNet says it."""
        if wnids := folders_at_hand(*self._place):
            return wnids
        if self._images is None or not self._images.has_files:
            return {}
        rows = self._images.find(pa.array(self.image_ids))
        folders = {row["image_id"]: class_folder(f"{row['folder']}/") for row in rows.to_pylist()}
        return {image_id: folder for image_id, folder in folders.items() if folder}

    def whose(self, seen: NDArray[Any], image_id: str) -> str | None:
        """Another image whose mask has exactly these regions, whatever their ids are called; None for `image_id`."""
        digest = _regions(seen)
        owners = self._by_regions(seen.shape).get(digest, []) if digest else []
        return None if image_id in owners else next(iter(owners), None)

    @functools.cached_property
    def _of_shape(self) -> dict[tuple[int, ...], list[str]]:
        """The images by the height and width of their masks, as the headers of the PNGs say them."""
        images: dict[tuple[int, ...], list[str]] = {}
        for image_id in self.image_ids:
            header = self._masks.read(self._masks.by_id[image_id])[:24]
            shape = int.from_bytes(header[20:24], "big"), int.from_bytes(header[16:20], "big")
            images.setdefault(shape, []).append(image_id)
        return images

    @functools.cache  # noqa: B019
    def _by_regions(self, shape: tuple[int, ...]) -> dict[bytes, list[str]]:
        """Digests of each mask of a size: as it is, with 1000 as `other`, and as foreground."""
        owners: dict[bytes, list[str]] = {}
        images = self._of_shape.get(shape, [])
        for image_id in tqdm(images, desc="reading the official masks of this size", unit="mask", delay=2):
            ids = self.ids(image_id)
            for digest in {_regions(ids), _regions(np.where(ids == IGNORE_ID, 0, ids)), _regions(ids > 0)}:
                owners.setdefault(digest, []).append(image_id)
        return owners


def _regions(values: NDArray[Any]) -> bytes:
    """A digest of which pixels have equal values; empty for a single value, and for more than masks have."""
    different, first, index = np.unique(values, return_index=True, return_inverse=True)
    if not 2 <= len(different) <= 255:
        return b""
    named = np.argsort(np.argsort(first)).astype(np.uint8)[index.ravel()]
    return hashlib.blake2b(f"{values.shape}".encode() + named.tobytes(), digest_size=16).digest()
