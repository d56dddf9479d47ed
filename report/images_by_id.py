"""Images by their ids, out of whatever holds them: for pages that show a few of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from PIL import Image

from ..conversion.dataset.image_mask_pairs import picture_beside
from ..conversion.dataset.source import ImageNetSource, open_source
from ..conversion.imagenet.image_reader import ImageReader

_TRAINING = re.compile(r"(n\d{8})_")


class ImagesById:
    """Images of ImageNet, read when they are asked for.

    Args:
        place: an ImageNet in any layout, an official tree, or a data set that `imagenet-s convert` wrote with images.
        config: `"50"`, `"300"` or `"919"`.

    Raises:
        ImageNetSError: there is nothing known at `place`.
    """

    def __init__(self, place: str, config: str) -> None:
        self.place = place
        self._source = open_source(config, place, verify=False)
        self._readers: dict[str, ImageReader] = {}

    def read(self, masks: Mapping[str, NDArray[Any]]) -> dict[str, Image.Image]:
        """The images of some masks, each as its mask has it; absent ones are left out.

        Args:
            masks: image id -> H x W ids.

        Raises:
            ImageNetSError: an image can't be read.
        """
        images: dict[str, Image.Image] = {}
        wnids = {image_id: match[1] for image_id in sorted(masks) if (match := _TRAINING.match(image_id))}
        others = [image_id for image_id in sorted(masks) if image_id not in wnids]
        for ids, splits in ((list(wnids), ("train_semi", "train", "train_full")), (others, ("validation", "test"))):
            for split in splits:
                absent = [image_id for image_id in ids if image_id not in images]
                if absent and split in self._source.splits:
                    folders = sorted({wnids[image_id] for image_id in absent if image_id in wnids}) or None
                    for image_id, content in self._read(split, absent, folders).items():
                        name = f"{self.place}: {image_id}"
                        images[image_id] = picture_beside(content, masks[image_id].shape[::-1], name)
        return images

    def _read(self, split: str, ids: list[str], wnids: list[str] | None) -> dict[str, bytes]:
        """The content of the files of some images."""
        reader = self._readers.setdefault(split, self._source.reader(split))
        # In an ImageNet, the folder of a training image is in its name: no need to list a million others.
        if wnids and isinstance(self._source, ImageNetSource):
            index = reader.index(wnids)
            rows = index.filter(pc.is_in(index["image_id"], value_set=pa.array(ids)))
        else:
            rows = reader.find(pa.array(ids, pa.string()))
        names = rows["image_id"].to_pylist()
        files = (file for batch in reader.read(rows, 8) for file in batch.to_pylist())
        return {name: file["bytes"] or Path(file["path"]).read_bytes() for name, file in zip(names, files)}
