"""The columns of the data set: the one place that says what they are, for the builder, the shards and the cards.

`StoredImage` is the feature of the column `image`: `datasets.Image`, but as stored. Rows from folders are paths, and no
training file is opened to build them: opening 1.28 million files just to read their orientation would take longer than
everything else. So their orientation is checked when they are decoded. The few rotated images of the other splits
were made upright when the rows were built.

The one gap: `save_to_disk` and `push_to_hub` of `train` and `train_full` from folders copy files as they are, with the
plain feature, so readers without this package rotate those few. `imagenet-s convert` writes them upright.

Imports `errors`, `facts`, `image_header`, `exif`.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
from PIL import Image as PILImage

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.exif import upright
from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.image_header import header_of

IMAGE_TYPE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
"""How `datasets` stores an image."""


@dataclass
class StoredImage(datasets.Image):
    """`datasets.Image` that shows an image as it is stored, whatever its EXIF orientation says.

    It is kept by `map`, `filter`, `select` and the like. It equals and is saved as a plain `Image`: readers of saved
    data do not need this package.
    """

    def decode_example(self, value: Any, token_per_repo_id: dict[str, Any] | None = None) -> PILImage.Image:
        """One row to a PIL image.

        Raises:
            ImageNetSError: the image can't be decoded; the message names it.
        """
        if not isinstance(value, dict) or not self.decode:
            return super().decode_example(value, token_per_repo_id)
        path, data = value.get("path"), value.get("bytes")
        if data is None:
            if path is None or not os.path.exists(path):
                return super().decode_example(value, token_per_repo_id)
            data = Path(path).read_bytes()
        name = path or "an image without a name"
        try:
            data = upright(data) if header_of(data).may_rotate else data
        except ImageNetSError as error:
            raise ImageNetSError(f"{name}: {error}") from error
        try:
            return super().decode_example({"path": path, "bytes": data}, token_per_repo_id)
        except (OSError, SyntaxError) as error:
            raise ImageNetSError(f"{name}: damaged ({error}); fetch it again.") from error

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, datasets.Image):
            return NotImplemented
        return (self.mode, self.decode, self.id) == (other.mode, other.decode, other.id)

    __hash__ = None  # type: ignore[assignment]


def features(config: str, images: bool = True) -> datasets.Features:
    """The columns of a configuration.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        images: whether there is a column `image`; a data set may be converted without it.

    Returns:
        `image_id`, `image` (RGB), `annotation` (class ids as mode I, null where a split has no masks), `category` (its
        integer is the class id) and `wnid` (the class folder of the official tree).
    """
    columns = {
        "image_id": datasets.Value("string"),
        "image": StoredImage(mode="RGB"),
        "annotation": datasets.Image(mode="I"),
        "category": datasets.ClassLabel(names=categories(config).names),
        "wnid": datasets.Value("string"),
    }
    if not images:
        del columns["image"]
    return datasets.Features(columns)


@functools.cache
def arrow_schema(config: str, images: bool = True) -> pa.Schema:
    """`features` as Arrow stores them, with `datasets`' metadata (a thousand names, so it is kept)."""
    return features(config, images).arrow_schema
