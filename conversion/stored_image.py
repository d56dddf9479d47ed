"""The feature of the column `image`: `datasets.Image`, but as stored, and with names in its errors.

Rows from folders are paths, and no training file is opened to build them: opening 1.28 million files just to read
their orientation would take longer than everything else. So the orientation is looked at when an image is decoded or
embedded. (Rows of the other splits need no such care: their few odd images were made upright when they were built.)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
from PIL import Image as PILImage

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.headers import read_header, upright

_HEADER_BYTES = 4096


def as_stored(data: bytes, name: str) -> bytes:
    """An image's bytes such that decoding shows it as stored; nearly always `data` itself, found out in microseconds.

    Raises:
        ImageNetSError: no image, or a damaged one; `name` says which.
    """
    try:
        header = read_header(data[:_HEADER_BYTES]) or read_header(data)
        if header is None:
            raise ImageNetSError("damaged (it ends before the picture begins)")
        return upright(data) if header.may_turn else data
    except ImageNetSError as error:
        raise ImageNetSError(f"{name}: {error}") from error


@dataclass
class StoredImage(datasets.Image):
    """`datasets.Image` that shows an image as it is stored, whatever its EXIF orientation says.

    Equal to, saved as and read back as a plain `Image`: data sets written with it need nothing of this package, and
    embedding (`save_to_disk`, `push_to_hub`) writes the bytes that any decoder shows as stored.
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

    def embed_storage(self, storage: pa.StructArray, *args: Any, local_files: bool = True, **options: Any) -> pa.Array:
        """Put the bytes of local files into the rows.

        The further arguments are those of the installed `datasets`, which differ between its versions.
        """
        if local_files:
            rows = storage.to_pylist()
            data = [_bytes_of(row) if row is not None else None for row in rows]
            paths = [row and row["path"] and os.path.basename(row["path"]) for row in rows]
            storage = pa.StructArray.from_arrays(
                [pa.array(data, pa.binary()), pa.array(paths, pa.string())], ["bytes", "path"], mask=storage.is_null()
            )
        else:
            options["local_files"] = False
        return super().embed_storage(storage, *args, **options)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, datasets.Image):
            return NotImplemented
        return (self.mode, self.decode, self.id) == (other.mode, other.decode, other.id)

    __hash__ = None  # type: ignore[assignment]


def _bytes_of(row: dict[str, Any]) -> bytes | None:
    if row["bytes"] is not None or row["path"] is None or not os.path.exists(row["path"]):
        return row["bytes"]
    return as_stored(Path(row["path"]).read_bytes(), row["path"])
