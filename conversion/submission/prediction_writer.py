"""`PredictionWriter`: predictions as the official tools and the test server read them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..annotations import open_annotations
from ..core.atomic_write import atomic_write
from ..core.errors import ImageNetSError
from ..core.paths import local_path
from ..facts import IGNORE_ID, categories
from ..facts.spellings import split_name
from ..masks.codec import check_ids, encode_official_png

_WNID = re.compile(r"n\d{8}")
_IMAGE_ID = re.compile(r"[\w-]+")
_MAX_ID = 0xFFFF


class PredictionWriter:
    """Writes predictions to `<directory>/<wnid>/<image_id>.png`, RGB with id = R + 256 * G.

    Any number of processes may write into one directory: files are complete or absent, and a loop that was interrupted
    can resume where it stopped (`image_id in writer`).

    Args:
        directory: made with the first prediction.
        config: `"50"`, `"300"` or `"919"`; ids are classes 0..C, or clusters if `num_ids` is given.
        split: `"train_semi"`, `"validation"` or `"test"`, to look up class folders in the official list; not needed
            if every call of `write` gives the `wnid`.
        annotations_dir: where the lists are, as for the data set.
        verify: whether the list must be the official one.
        num_ids: the number of clusters, which are matched to classes later; ids are then 0..num_ids.

    Raises:
        ImageNetSError: no such configuration or split.

    Examples:
        >>> import tempfile
        >>> with PredictionWriter(tempfile.mkdtemp(), "50") as writer:
        ...     path = writer.write("ILSVRC2012_val_00000206", np.zeros((3, 4), int), "n01644373", pil_size=(320, 240))
        >>> writer.written
        1

    In a loop over the data set:

        with PredictionWriter("predictions", "919") as writer:
            for row in dataset:
                logits = model(row["image"])  # C + 1 channels
                writer.write(row["image_id"], logits.argmax(0), row["wnid"], pil_size=row["image"].size)
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        config: str | int,
        *,
        split: str | None = None,
        annotations_dir: str | os.PathLike[str] | None = None,
        verify: bool = True,
        num_ids: int | None = None,
    ) -> None:
        self.directory = os.path.abspath(local_path(directory, "directory"))
        self.config = categories(config).config
        self.num_ids = num_ids
        self.written = 0
        """How many predictions this writer wrote."""
        self._wnids: Mapping[str, str] | None = None
        if split is not None:
            annotations = open_annotations(self.config, annotations_dir, verify=verify)
            members = annotations.members(split_name(split, self.config))
            self._wnids = dict(zip(members["image_id"].to_pylist(), members["wnid"].to_pylist()))

    def write(
        self, image_id: str, ids: Any, wnid: str | None = None, *, pil_size: tuple[int, int] | None = None
    ) -> str:
        """Write the prediction of one image.

        Args:
            image_id: its name without ending, `"ILSVRC2012_val_00000206"`.
            ids: H x W integers, an array or a tensor on any device: 0 is `other`, 1..C are classes (or clusters).
            wnid: its class folder, the column `wnid` of the data set. May be left out with `split`, and for training
                images, whose names begin with it.
            pil_size: (width, height) as stored, which is `image.size` of a PIL image: if the size of `ids` differs,
                they are resized with nearest, sampling as `Image.resize` and torch's "nearest-exact" do.

        Returns:
            The path of the file.

        Raises:
            ImageNetSError: scores instead of ids, ids out of range, an unknown class folder or image.
        """
        path = self._path(image_id, wnid)
        array = self._checked(_to_numpy(ids), image_id)
        if pil_size is not None:
            array = resize_to_pil_size(array, pil_size)
        png = encode_official_png(array)
        with atomic_write(path, sync=False) as file:
            file.write(png)
        self.written += 1
        return path

    def has(self, image_id: str, wnid: str | None = None) -> bool:
        """Whether the prediction of an image exists already."""
        return os.path.exists(self._path(image_id, wnid))

    def __contains__(self, image_id: str) -> bool:
        return self.has(image_id)

    def missing(self) -> list[str]:
        """The images of `split` that have no prediction yet, in the order of the list.

        Raises:
            ImageNetSError: no split was given.
        """
        if self._wnids is None:
            raise ImageNetSError("PredictionWriter knows which predictions are missing if it is given a split.")
        return [image_id for image_id in self._wnids if image_id not in self]

    def __enter__(self) -> PredictionWriter:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open: every prediction is complete when `write` returns."""

    def _path(self, image_id: str, wnid: str | None) -> str:
        table = categories(self.config)
        if not _IMAGE_ID.fullmatch(image_id):
            raise ImageNetSError(f"image_id {image_id!r}: expected a name as ILSVRC2012_val_00000206.")
        if self._wnids is not None:
            if image_id not in self._wnids:
                raise ImageNetSError(f"{image_id} is not in the split; is it of another split or configuration?")
            if wnid is not None and wnid != self._wnids[image_id]:
                raise ImageNetSError(
                    f"{image_id} belongs to the class folder {self._wnids[image_id]}, not to {wnid}: ImageNet-S has "
                    "other classes than ImageNet for some images. Leave wnid out, or take that of the data set."
                )
            wnid = self._wnids[image_id]
        elif wnid is None and _WNID.match(image_id):
            wnid = table.merged_wnids.get(image_id[:9], image_id[:9])
        if wnid is None:
            raise ImageNetSError(
                f"the class folder of {image_id} is not known: give wnid (a column of the data set), or tell "
                'PredictionWriter the split: split="validation".'
            )
        if wnid not in table.wnids[1:]:
            raise ImageNetSError(
                f"wnid {wnid!r} of {image_id} is no class folder of ImageNet-S-{self.config}"
                + (f": it is part of {table.merged_wnids[wnid]}." if wnid in table.merged_wnids else ".")
            )
        return os.path.join(self.directory, wnid, f"{image_id}.png")

    def _checked(self, ids: NDArray[Any], image_id: str) -> NDArray[np.uint16]:
        if ids.ndim != 2 or ids.dtype == bool or not np.issubdtype(ids.dtype, np.integer):
            scores = " Take the argmax over the channels first." if ids.ndim > 2 or ids.dtype.kind == "f" else ""
            raise ImageNetSError(
                f"the prediction of {image_id} is {ids.dtype} of the shape {ids.shape}: expected H x W ids.{scores}"
            )
        if not ids.size:
            raise ImageNetSError(f"the prediction of {image_id} has no pixels: its shape is {ids.shape}.")
        low, high = int(ids.min()), int(ids.max())
        top = categories(self.config).num_classes if self.num_ids is None else min(self.num_ids, _MAX_ID)
        if low >= 0 and high <= top:
            return ids.astype(np.uint16)
        if high == IGNORE_ID:
            explanation = f"{IGNORE_ID} marks ignored pixels of the ground truth and can't be predicted"
        elif low < 0:
            explanation = "negative ids often come from an ignore label"
        elif high > _MAX_ID:
            explanation = f"an official mask holds ids up to {_MAX_ID}"
        else:
            if self.num_ids is None:
                check_ids(ids.astype(np.int64), self.config, f"the prediction of {image_id}")
            explanation = "num_ids says how many there are"
        raise ImageNetSError(f"the prediction of {image_id} holds ids {low}..{high}, expected 0..{top}: {explanation}.")


def resize_to_pil_size(ids: NDArray[Any], pil_size: tuple[int, int]) -> NDArray[Any]:
    """Resize ids; each new pixel takes the id at its centre.

    Args:
        ids: H x W.
        pil_size: (width, height).

    Returns:
        height x width ids; `ids` itself if it has this size already.

    Raises:
        ImageNetSError: a size without pixels.
    """
    width, height = (int(side) for side in pil_size)
    if width < 1 or height < 1:
        raise ImageNetSError(f"pil_size {pil_size}: expected (width, height), as image.size of a PIL image.")
    if ids.shape == (height, width):
        return ids
    # In integers, because floats would put a centre between two pixels on either side.
    rows = (2 * np.arange(height) + 1) * ids.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * ids.shape[1] // (2 * width)
    return ids[rows[:, None], columns]


def _to_numpy(ids: Any) -> NDArray[Any]:
    if hasattr(ids, "detach"):  # a tensor, on whatever device
        ids = ids.detach().cpu().numpy()
    return np.asarray(ids)
