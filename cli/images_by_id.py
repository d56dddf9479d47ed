"""Images by their ids, out of whatever holds them: for pages and sheets that show a few of them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from imagenet_s.conversion.errors import ImageNetSError, cause
from imagenet_s.conversion.image_header import FORMATS, PILLOW_ERRORS
from imagenet_s.conversion.imagenet.image_reader import ImageReader
from imagenet_s.conversion.source import ImageNetSource, open_source

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

    def read(self, image_ids: Iterable[str]) -> dict[str, Image.Image]:
        """The images of these ids, in the stored orientation, which the masks have; absent ones are left out.

        Raises:
            ImageNetSError: an image can't be read.
        """
        found: dict[str, Image.Image] = {}
        wanted = sorted(set(image_ids))
        training = {one: match[1] for one in wanted if (match := _TRAINING.match(one))}
        others = [one for one in wanted if one not in training]
        for ids, splits in ((list(training), ("train_semi", "train", "train_full")), (others, ("validation", "test"))):
            for split in splits:
                rest = [one for one in ids if one not in found]
                if rest and split in self._source.splits:
                    wnids = sorted({training[one] for one in rest if one in training}) or None
                    found.update(self._read(split, rest, wnids))
        return found

    def _read(self, split: str, ids: list[str], wnids: list[str] | None) -> dict[str, Image.Image]:
        reader = self._readers.setdefault(split, self._source.reader(split))
        # In an ImageNet, the folder of a training image is in its name: no need to list a million others.
        if wnids and isinstance(self._source, ImageNetSource):
            index = reader.index(wnids)
            rows = index.filter(pc.is_in(index["image_id"], value_set=pa.array(ids)))
        else:
            rows = reader.find(pa.array(ids, pa.string()))
        names = rows["image_id"].to_pylist()
        stored = (one for batch in reader.read(rows, 8) for one in batch.to_pylist())
        return {name: self._decoded(name, one) for name, one in zip(names, stored)}

    def _decoded(self, image_id: str, stored: dict[str, Any]) -> Image.Image:
        source = io.BytesIO(stored["bytes"]) if stored["bytes"] else stored["path"]
        try:
            with Image.open(source, formats=FORMATS) as image:
                return image.convert("RGB")
        except PILLOW_ERRORS as error:
            raise ImageNetSError(f"{self.place}: {image_id} is damaged ({cause(error)}); fetch it again.") from error
