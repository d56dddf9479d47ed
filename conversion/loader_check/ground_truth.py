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

from ..annotations.locate import GivenFolder
from ..core.errors import ImageNetSError
from ..core.paths import local_path
from ..core.text_file import read_text
from ..dataset.image_mask_pairs import picture_beside
from ..facts import Categories, categories
from ..imagenet.data_dir import resolve_data_dir
from ..imagenet.detect import open_imagenet
from ..imagenet.image_reader import ImageReader
from ..masks.codec import decode_mask
from ..masks.mask_folder import FolderReader
from ..masks.mask_reader import MaskReader
from ..masks.mask_zip import ZipReader

_WNID = re.compile(r"n\d{8}")


class Truth:
    """The masks of a split.

    Args:
        gt_dir: a folder or zip of `<class folder>/<image_id>.png` at any depth; or archives, an extracted tree, or what
            `imagenet-s convert` wrote.
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"` or `"validation"`.
        imagenet: a copy of ImageNet, for what needs its images.

    Attributes:
        image_ids: every image, by class folder and name.

    Raises:
        ImageNetSError: no masks are found.
    """

    def __init__(
        self,
        gt_dir: str | os.PathLike[str],
        config: str,
        split: str,
        imagenet: str | os.PathLike[str] | None = None,
    ) -> None:
        self.table: Categories = categories(config)
        self.split = split
        path = Path(local_path(gt_dir, "gt_dir"))
        self._list: Path | None = None
        self._reader: MaskReader
        given = GivenFolder(path, config, verify=False) if path.is_dir() else None
        found = given.reader(split) if given else None
        if given and found:
            self._reader, self._names = found, found.masks(split)
            self._list = given.list_path(split)
        elif path.exists():
            self._reader = FolderReader(path) if path.is_dir() else ZipReader(path)
            self._names = {Path(name).stem: name for name in self._reader.names if name.endswith(".png")}
        else:
            raise ImageNetSError(f"--gt-dir {path}: there is no such folder or zip.")
        if not self._names:
            raise ImageNetSError(f"{path} holds no masks of {split}: expected <class folder>/<image_id>.png.")
        self.wnids = {one: Path(self._reader.describe(name)).parent.name for one, name in self._names.items()}
        if found is not None:
            self.wnids = found.members(split)
        self.image_ids = sorted(self._names, key=lambda one: (self.wnids[one], one))
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
        name = self._names[image_id]
        return decode_mask(self._reader.read(name), self.table.config, self._reader.describe(name)).astype(np.int64)

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
        if self._list is not None:
            first = (line.split()[0] for line in read_text(self._list).splitlines() if line.strip())
            return {Path(one).stem: one.split("/")[0] for one in first}
        if self._images is None or not self._images.has_files:
            return {}
        rows = self._images.find(pa.array(self.image_ids))
        folders = [os.path.basename(one) for one in rows["folder"].to_pylist()]
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
        return {_digest(self.ids(one)): one for one in bar}


def _digest(ids: NDArray[np.integer[Any]]) -> str:
    return hashlib.sha256(f"{ids.shape}".encode() + ids.astype(np.int64).tobytes()).hexdigest()
