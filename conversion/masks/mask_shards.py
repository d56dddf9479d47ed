"""Masks in a data set that `imagenet-s convert` wrote, shared with people who have their own ImageNet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..converted.dataset_index import INDEX, ShardInfo, parse_index
from ..core.errors import ImageNetSError, cause
from ..facts import MASK_FOLDERS, imagenet_wnids
from .mask_reader import MaskReader

_TYPES = {"image_id": pa.string(), "wnid": pa.string(), "annotation": pa.large_binary(), "imagenet_label": pa.int32()}


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
        wnids = imagenet_wnids()
        if wrong := [label for label in labels if label is not None and not 0 <= label < len(wnids)]:
            raise ImageNetSError(f"{self.path}: {wrong[0]} is no label of ImageNet; its shards of {split} are damaged.")
        return {i: wnids[label] for i, label in zip(positions, labels) if label is not None}

    def read(self, name: str) -> bytes:
        folder, _, file = name.split("/")
        split = next(one for one, mask_folder in MASK_FOLDERS.items() if mask_folder == folder)
        table, positions = self._load(split)
        data = table["annotation"][positions[file[: -len(".png")]]].as_py()
        if data is None:
            raise ImageNetSError(f"{self.describe(name)} is empty.")
        return bytes(data)

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
                table = pq.read_table(path, columns=_known(names))
            else:
                stream: Any = pa.ipc.open_stream(pa.memory_map(str(path)))
                table = stream.read_all().select(_known(stream.schema.names))
            if absent := _REQUIRED - set(table.column_names):
                raise ImageNetSError(f"{path} has no column {min(absent)!r}: it is damaged, or of something else.")
            table.validate(full=True)  # Arrow trusts the offsets of a file, and would read outside of it
            table = pa.table({name: _values(table, name) for name in _TYPES if name in table.column_names})
        except (OSError, UnicodeError, MemoryError, pa.ArrowException) as error:
            raise ImageNetSError(f"{path} can't be read ({cause(error)}); fetch it again.") from error
        if not all(pc.all(pc.match_substring_regex(table[one], r"^\w+$"), skip_nulls=False).as_py() for one in _NAMES):
            raise ImageNetSError(f"{path} has images without a name of ImageNet: it is damaged, or of something else.")
        return table


_NAMES = ("image_id", "wnid")
_REQUIRED = {*_NAMES, "annotation"}


def _values(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column by its type; of masks, their bytes."""
    column = pc.struct_field(table[name], "bytes") if name == "annotation" else table[name]
    return column.cast(_TYPES[name])


def _known(names: list[str]) -> list[str]:
    return [one for one in _TYPES if one in names]
