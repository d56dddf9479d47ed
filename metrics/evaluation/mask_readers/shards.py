"""Readers of the shards of a data set: the column `annotation` of Parquet or Arrow files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...matched_miou.read_mask import cause
from .mask_reader import MaskReader
from .names import SPELLINGS

_CONFIGS = ("50", "300", "919")
_SPLITS = ("train", "train_semi", "validation", "test", "train_full")
_NUMBERED = re.compile(r"(.+?)-\d{5}-of-\d{5}.*")


def is_shard(name: str) -> bool:
    """Whether a file is a shard, by its name; Arrow files of caches (`cache-...`) are none."""
    last = name.rsplit("/", 1)[-1]
    return last.endswith(".parquet") or (last.endswith(".arrow") and not last.startswith("cache-"))


class ShardReader(MaskReader):
    """Masks of a data set that `imagenet-s convert`, `datasets` or the Hub wrote; the shard part read last is cached.

    Args:
        path: what was given.
        shards: the files of the split.
    """

    def __init__(self, path: Path, shards: list[Path]) -> None:
        self.path = path
        self._shards = shards
        self._rows: dict[str, tuple[int, int, int]] = {}
        for number, shard in enumerate(shards):
            for part in range(_num_parts(shard)):
                names = (column.to_pylist() for column in _read(shard, part, ["wnid", "image_id"]))
                for i, (wnid, image_id) in enumerate(zip(*names)):
                    if not wnid or not image_id:
                        raise ValueError(f"{shard} has a row without a name, number {i} of part {part}: it is damaged.")
                    key = f"{wnid}/{image_id}.png"
                    if key in self._rows:
                        raise ValueError(f"{path} holds {key} twice, the second in {shard.name}: remove one.")
                    self._rows[key] = (number, part, i)
        if not self._rows:
            raise ValueError(f"{path} holds no rows in {len(shards):,} files; expected annotated images.")
        self.keys = list(self._rows)
        self._cached: tuple[int, int, Any] | None = None

    def read(self, key: str) -> bytes:
        """The bytes of the PNG."""
        number, part, row = self._rows[key]
        if self._cached is None or self._cached[:2] != (number, part):
            self._cached = number, part, _read(self._shards[number], part, ["annotation"])[0]
        column = self._cached[2]
        if row >= len(column):
            raise ValueError(f"{self._shards[number]} has fewer annotations than rows: it is damaged.")
        annotation = column[row].as_py()
        if not annotation:
            raise ValueError(
                f"{self.path} holds no annotation of {key}: masks of train_semi and validation are public."
            )
        return annotation

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_cached": None}


def choose_shards(path: Path, names: Iterable[str], config: str | None, split: str | None) -> list[Path]:
    """The shards of one configuration and split.

    Both are told by the names of the files and their folders: `50/validation-00000-of-00002.parquet`,
    `50/validation/data-00000-of-00002.arrow`, `data/validation-...`, `50/validation/0000.parquet`,
    `validation.parquet`.

    Args:
        path: a folder, or a shard.
        names: the shards below it.
        config: None for what is there.
        split: by default `validation`, or what `path` itself is the folder or file of.

    Raises:
        ValueError: there are shards, but of other splits or configurations.
    """
    shards = [path / name if name else path for name in sorted(names)]
    # The folders above `path` are asked only where nothing below tells: a folder may be called anything.
    below = {shard: shard.relative_to(path).parts or (shard.name,) for shard in shards}
    configs = {shard: _first(parts[:-1], _CONFIGS) for shard, parts in below.items()}
    if config and config in configs.values():
        shards = [shard for shard in shards if configs[shard] == config]
    elif config and any(configs.values()):
        raise ValueError(f"{path} holds {_listed(configs.values())} and not {config}: give another, or --config.")
    splits = {shard: _split_of(below[shard]) for shard in shards}
    if not any(splits.values()):
        # One split without a word about it below: its folder may have the name, as in `50/validation/data-....arrow`.
        folder = path.parent.name if path.is_file() else path.name
        splits = dict.fromkeys(shards, _first([folder], (*_SPLITS, *SPELLINGS)))
        split = split if split and splits[shards[0]] else splits[shards[0]]
    elif path.is_file():
        split = split or splits[path]
    else:
        split = split or "validation"
    found = [shard for shard in shards if splits[shard] == split]
    if not found:
        raise ValueError(f"{path} has no shards of the split {split!r}; it has: {_listed(splits.values())}.")
    return found


def _split_of(parts: tuple[str, ...]) -> str | None:
    numbered = _NUMBERED.fullmatch(parts[-1])
    stem = numbered[1] if numbered else parts[-1].rsplit(".", 1)[0]
    # `datasets` puts the name of the data set before that of the split, in its cache.
    return _first((stem, stem.rsplit("-", 1)[-1], *reversed(parts[:-1])), (*_SPLITS, *SPELLINGS))


def _first(names: Iterable[str], known: Iterable[str]) -> str | None:
    found = next((name for name in names if name in known), None)
    return SPELLINGS.get(found, found) if found else None


def _listed(values: Iterable[str | None]) -> str:
    return ", ".join(sorted({value or "files without a split in their names" for value in values}))


def _num_parts(shard: Path) -> int:
    """Row groups of a Parquet file; an Arrow file, which is mapped into memory, is one part."""
    if shard.suffix != ".parquet":
        return 1
    with _opened(shard) as file:
        return int(file.num_row_groups)


def _read(shard: Path, part: int, columns: list[str]) -> list[Any]:
    """Some columns of a part: text, or the bytes of the column `annotation`."""
    import pyarrow as pa

    def required(there: list[str]) -> list[str]:
        if absent := [name for name in columns if name not in there]:
            raise ValueError(
                f"{shard} has no column {absent[0]!r}, but {', '.join(there)}: expected a data set of ImageNet-S."
            )
        return columns

    try:
        if shard.suffix == ".parquet":
            with _opened(shard) as file:
                table = file.read_row_group(part, columns=required(file.schema_arrow.names))
        else:
            table = _arrow_table(shard)
            table = table.select(required(table.column_names))
        table.validate(full=True)  # Arrow trusts the offsets of a file, and would read outside of it
        return [_values(table[name]) for name in columns]
    except (pa.ArrowException, OSError, UnicodeError, MemoryError) as error:
        raise ValueError(f"{shard} is damaged ({cause(error)}); make or fetch it again.") from error


def _values(column: Any) -> Any:
    """Text, or the bytes of images: whatever else a column may hold has no such values, which is an error."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_struct(column.type):
        return pc.struct_field(column, "bytes").cast(pa.large_binary())
    return column.cast(pa.string())


def _opened(shard: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(shard)
    except (pa.ArrowException, OSError, UnicodeError, MemoryError) as error:
        raise ValueError(f"{shard} is not a readable Parquet file ({cause(error)}); make or fetch it again.") from error


def _arrow_table(shard: Path) -> Any:
    """An Arrow file, a stream as `datasets` writes it or in the file format; bytes are read when they are needed."""
    import pyarrow as pa

    mapped = pa.memory_map(str(shard))
    try:
        return pa.ipc.open_stream(mapped).read_all()
    except pa.ArrowInvalid:
        return pa.ipc.open_file(mapped).read_all()
