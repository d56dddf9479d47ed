"""The official masks (and images) that a Dataset is compared with."""

from __future__ import annotations

import functools
import hashlib
import os
import re
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
from ..facts import Categories, categories
from ..imagenet.data_dir import resolve_data_dir
from ..imagenet.detect import open_imagenet
from ..imagenet.image_reader import ImageReader
from ..masks.codec import decode_mask

_WNID = re.compile(r"n\d{8}")


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
        self.split = split
        self._place = gt_dir, config, split, annotations_dir, verify
        self._masks = open_masks(*self._place)
        self.wnids = {image_id: self._masks.wnid(image_id) for image_id in self._masks.by_id}
        self.image_ids = sorted(self.wnids, key=lambda image_id: (self.wnids[image_id], image_id))
        self._images: ImageReader | None = None
        if imagenet is not None:
            part = "train" if split == "train_semi" else "validation"
            self._images = open_imagenet(resolve_data_dir(imagenet)).reader(part)  # type: ignore[arg-type]

    @property
    def has_images(self) -> bool:
        """Whether images can be read."""
        return self._images is not None

    def ids(self, image_id: str) -> NDArray[np.int64]:
        """The ids of a mask, H x W."""
        key = self._masks.by_id[image_id]
        return decode_mask(self._masks.read(key), self.table.config, self._masks.describe(key)).astype(np.int64)

    def category(self, image_id: str) -> int:
        """The class id of an image; 0 where its folder says none."""
        return self.table.id_of(self.wnids[image_id])

    def image(self, image_id: str) -> NDArray[np.float32] | None:
        """The image in grey, as its mask has it."""
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
        folders = [os.path.basename(folder) for folder in rows["folder"].to_pylist()]
        return {i: one for i, one in zip(rows["image_id"].to_pylist(), folders) if _WNID.fullmatch(one)}

    def position(self, image_id: str) -> int:
        """The place of an image in `image_ids`; behind all for one that is not there."""
        return self._positions.get(image_id, len(self._positions))

    @functools.cached_property
    def _positions(self) -> dict[str, int]:
        return {one: i for i, one in enumerate(self.image_ids)}

    def whose(self, ids: NDArray[np.integer[Any]]) -> str | None:
        """The image with exactly this mask, if it is not nearly empty."""
        if len(np.unique(ids)) < 2:
            return None
        return self._by_digest.get(_digest(ids))

    @functools.cached_property
    def _by_digest(self) -> dict[str, str]:
        bar = tqdm(self.image_ids, desc="reading all official masks", unit="mask", delay=2)
        return {_digest(self.ids(image_id)): image_id for image_id in bar}


def _digest(ids: NDArray[np.integer[Any]]) -> str:
    return hashlib.sha256(f"{ids.shape}".encode() + ids.astype(np.int64).tobytes()).hexdigest()
