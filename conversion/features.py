"""The feature of the column `image`: `datasets.Image`, but as stored, and with names in its errors.

Rows from folders are paths, and no training file is opened to build them: opening 1.28 million files just to read
their orientation would take longer than everything else. So their orientation is looked at when they are decoded. Rows
of the other splits need no such care: their few odd images were made upright when the rows were built.

The one gap: `save_to_disk` and `push_to_hub` of `train` and `train_full` from folders copy files as they are, with the
plain feature, so that readers without this package rotate those few. `imagenet-s convert` writes them upright.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
from PIL import Image as PILImage

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.image_header import header_of, upright


def as_stored(data: bytes, name: str) -> bytes:
    """An image's bytes such that decoding shows it as stored; nearly always `data` itself, found out in microseconds.

    Raises:
        ImageNetSError: no image, or a damaged one; `name` says which.
    """
    try:
        return upright(data) if header_of(data).may_turn else data
    except ImageNetSError as error:
        raise ImageNetSError(f"{name}: {error}") from error


@dataclass
class StoredImage(datasets.Image):
    """`datasets.Image` that shows an image as it is stored, whatever its EXIF orientation says.

    It stays in place through `map`, `filter`, `select` and the like. Equal to and saved as a plain `Image`: what is
    written with it needs nothing of this package.
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
            return super().decode_example({"path": path, "bytes": as_stored(data, name)}, token_per_repo_id)
        except (OSError, SyntaxError) as error:
            raise ImageNetSError(f"{name}: damaged ({error}); fetch it again.") from error

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, datasets.Image):
            return NotImplemented
        return (self.mode, self.decode, self.id) == (other.mode, other.decode, other.id)

    __hash__ = None  # type: ignore[assignment]
