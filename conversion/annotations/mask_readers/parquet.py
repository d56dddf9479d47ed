"""Annotations out of a data set that `imagenet-s convert` wrote, shared with people who have their own ImageNet.

Its masks are 16-bit grey PNGs already, so they are taken as they are. Its index is read here directly: this folder
imports nothing of `conversion.shards`, which stands on it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from imagenet_s.conversion.errors import ImageNetSError

_INDEX = "index.json"
_COLUMNS = ("image_id", "wnid", "annotation")


class DatasetSource:
    """The masks and members of one configuration of a converted data set, with the interface of `ZipSource`.

    Args:
        path: the folder with `index.json`.
        config: the configuration that is looked for.

    Raises:
        ImageNetSError: `index.json` is not ours.
    """

    form: Literal["official", "ids"] = "ids"

    def __init__(self, path: Path, config: str) -> None:
        self.path, self.config = path, config
        try:
            configs = json.loads((path / _INDEX).read_text(encoding="utf-8"))["configs"]
            splits = configs[config]["splits"] if config in configs else {}
            self._files = {
                name: [(path / one["file"], int(one["bytes"])) for one in split["shards"]]
                for name, split in splits.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ImageNetSError(f"{path / _INDEX} was not written by `imagenet-s convert` ({error!r}).") from error
        self._tables: dict[str, pa.Table] = {}
        self._places: dict[str, dict[str, int]] = {}

    @staticmethod
    def is_one(path: Path) -> bool:
        """Whether a folder looks like a converted data set."""
        return (path / _INDEX).is_file()

    def has(self, split: str) -> bool:
        """Whether the split was converted."""
        return split in self._files

    def folders(self, split: str) -> dict[str, str]:
        """Image -> class folder, for the rows of a split."""
        table = self._table(split)
        return dict(zip(table["image_id"].to_pylist(), table["wnid"].to_pylist()))

    def name_of(self, split: str, image_id: str) -> str:
        """What to call a mask in an error."""
        return f"{self.path}: the annotation of {image_id} in {self.config} {split}"

    def read(self, split: str, image_id: str) -> bytes:
        """The 16-bit grey PNG of a mask.

        Raises:
            ImageNetSError: the row has none.
        """
        table = self._table(split)
        data = table["annotation"][self._places[split][image_id]].as_py()
        if data is None or data["bytes"] is None:
            raise ImageNetSError(f"{self.name_of(split, image_id)} is empty.")
        return bytes(data["bytes"])

    def identity(self, split: str) -> str:
        """Changes when a shard of the split does."""
        digest = hashlib.sha256(str(self.path.resolve()).encode())
        for path, _ in self._files[split]:
            about = path.stat()
            digest.update(f"{path.name}|{about.st_size}|{about.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def close(self) -> None:
        """Let go of the tables."""
        self._tables.clear()

    def __enter__(self) -> DatasetSource:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _table(self, split: str) -> pa.Table:
        if split not in self._tables:
            table = pa.concat_tables([_read(path, size) for path, size in self._files[split]])
            self._places[split] = {image_id: i for i, image_id in enumerate(table["image_id"].to_pylist())}
            self._tables[split] = table
        return self._tables[split]


def _read(path: Path, size: int) -> pa.Table:
    """The columns of a shard that are needed; images are not touched."""
    try:
        if path.stat().st_size != size:
            raise ImageNetSError(f"{path} is not as {_INDEX} says: it was cut off or changed; fetch it again.")
        if path.suffix == ".parquet":
            return pq.read_table(path, columns=list(_COLUMNS)).replace_schema_metadata(None)
        stream: Any = pa.ipc.open_stream(pa.memory_map(str(path)))
        return stream.read_all().select(_COLUMNS).replace_schema_metadata(None)
    except (OSError, pa.ArrowException) as error:
        raise ImageNetSError(f"{path} can't be read ({error}); fetch it again.") from error
