"""Masks in a data set that `imagenet-s convert` wrote, shared with people who have their own ImageNet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from imagenet_s.conversion.annotations.mask_readers.mask_reader import MaskReader
from imagenet_s.conversion.dataset_index import INDEX, ShardInfo, parse_index
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import MASK_FOLDERS, imagenet_wnids

_COLUMNS = ("image_id", "wnid", "annotation", "imagenet_label")


class ConvertedReader(MaskReader):
    """See `MaskReader`; its masks are 16-bit grey PNGs already. Named as they would be in the official tree.

    Args:
        path: the folder with `index.json`.
        config: the configuration that is looked for.

    Raises:
        ImageNetSError: `index.json` is not ours.
    """

    form = "ids"

    def __init__(self, path: Path, config: str) -> None:
        super().__init__(path)
        self.config = config
        index = parse_index((path / INDEX).read_bytes(), str(path / INDEX))
        self.splits = index.configs[config].splits if config in index.configs else {}
        self._loaded: dict[str, tuple[pa.Table, dict[str, int]]] = {}

    @property
    def names(self) -> list[str]:
        return sorted(name for split in self.splits for name in self.masks(split).values())

    def masks(self, split: str) -> dict[str, str]:
        folder = MASK_FOLDERS.get(split)
        return {i: f"{folder}/{wnid}/{i}.png" for i, wnid in self.members(split).items()} if folder else {}

    def members(self, split: str) -> dict[str, str]:
        """Image id -> class folder, for the rows of a split, also of one without masks."""
        if split not in self.splits:
            return {}
        table, positions = self._load(split)
        return dict(zip(positions, table["wnid"].to_pylist()))

    def imagenet_wnids(self, split: str) -> dict[str, str]:
        if split not in self.splits:
            return {}
        table, positions = self._load(split)
        if "imagenet_label" not in table.column_names:  # written by an earlier version
            return {}
        labels = table["imagenet_label"].to_pylist()
        return {i: imagenet_wnids()[label] for i, label in zip(positions, labels) if label is not None}

    def read(self, name: str) -> bytes:
        folder, _, file = name.split("/")
        split = next(one for one, mask_folder in MASK_FOLDERS.items() if mask_folder == folder)
        table, positions = self._load(split)
        data = table["annotation"][positions[file[: -len(".png")]]].as_py()
        if data is None or data["bytes"] is None:
            raise ImageNetSError(f"{self.describe(name)} is empty.")
        return bytes(data["bytes"])

    def describe(self, name: str) -> str:
        return f"{self.path}: the annotation of {name.rsplit('/', 1)[-1][: -len('.png')]} in {self.config}"

    def stored_in(self, split: str) -> Iterable[str]:
        return [shard.file for shard in self.splits[split].shards]

    def close(self) -> None:
        self._loaded.clear()

    def _load(self, split: str) -> tuple[pa.Table, dict[str, int]]:
        """The rows of a split, and image id -> row."""
        if split not in self._loaded:
            table = pa.concat_tables([self._read_shard(one) for one in self.splits[split].shards])
            self._loaded[split] = table, {one: i for i, one in enumerate(table["image_id"].to_pylist())}
        return self._loaded[split]

    def _read_shard(self, shard: ShardInfo) -> pa.Table:
        """The columns of a shard that are needed; images are not touched."""
        path = self.path / shard.file
        try:
            if path.stat().st_size != shard.bytes:
                raise ImageNetSError(f"{path} is not as {INDEX} says: it was cut off or changed; fetch it again.")
            if path.suffix == ".parquet":
                names = pq.read_schema(path).names
                return pq.read_table(path, columns=_known(names)).replace_schema_metadata(None)
            stream: Any = pa.ipc.open_stream(pa.memory_map(str(path)))
            return stream.read_all().select(_known(stream.schema.names)).replace_schema_metadata(None)
        except (OSError, pa.ArrowException) as error:
            raise ImageNetSError(f"{path} can't be read ({error}); fetch it again.") from error


def _known(names: list[str]) -> list[str]:
    return [one for one in _COLUMNS if one in names]
