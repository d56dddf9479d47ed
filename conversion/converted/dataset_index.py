"""`index.json` of a converted data set: every shard with its rows, bytes and sha256. Does no I/O."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from ..core.errors import ImageNetSError, cause
from ..facts import CONFIG_NAMES, SPLITS

Format = Literal["parquet", "arrow"]
FORMATS: tuple[Format, ...] = ("parquet", "arrow")
INDEX = "index.json"
Record = TypeVar("Record")
_VERSION = 1


@dataclass(frozen=True)
class ShardInfo:
    """A finished shard.

    Attributes:
        file: its name in the data set, with `/`.
        num_bytes: the size of the rows in memory, as `datasets` counts it.
    """

    file: str
    rows: int
    bytes: int
    sha256: str
    num_bytes: int


@dataclass(frozen=True)
class SplitIndex:
    """The shards of a split, and what their order and their bytes depend on.

    Attributes:
        upright: how many rows hold an upright mask, and an image whose metadata turn it to match.
    """

    order_seed: int
    pyarrow: str
    shards: tuple[ShardInfo, ...]
    upright: int = 0

    @property
    def rows(self) -> int:
        return sum(shard.rows for shard in self.shards)

    @property
    def bytes(self) -> int:
        return sum(shard.bytes for shard in self.shards)

    @property
    def num_bytes(self) -> int:
        return sum(shard.num_bytes for shard in self.shards)


@dataclass(frozen=True)
class ConfigIndex:
    """The splits of a configuration, which all have the same format and columns."""

    form: Format
    images: bool
    splits: dict[str, SplitIndex]


@dataclass(frozen=True)
class Index:
    """The configurations of a data set in the order 50, 300, 919, their splits in the order of `facts.SPLITS`."""

    configs: dict[str, ConfigIndex] = field(default_factory=dict)

    def shards(self) -> Iterator[tuple[str, str, ShardInfo]]:
        """Every shard, with its configuration and split."""
        for config, entry in self.configs.items():
            for split, shards in entry.splits.items():
                for shard in shards.shards:
                    yield config, split, shard

    def has_split(self, config: str, split: str) -> bool:
        """Whether a split is among them."""
        return config in self.configs and split in self.configs[config].splits

    @property
    def has_images(self) -> bool:
        """Whether any configuration holds the pixels of ImageNet."""
        return any(config.images for config in self.configs.values())

    def with_split(self, config: str, split: str, form: Format, images: bool, shards: SplitIndex) -> Index:
        """A copy with one split added or replaced."""
        before = self.configs.get(config, ConfigIndex(form, images, {}))
        splits = {**before.splits, split: shards}
        ordered = {name: splits[name] for name in SPLITS if name in splits}
        configs = {**self.configs, config: ConfigIndex(form, images, ordered)}
        return Index({name: configs[name] for name in CONFIG_NAMES if name in configs})

    def without_split(self, config: str, split: str) -> Index:
        """A copy without one split that it has; a configuration without splits is removed too."""
        splits = {name: index for name, index in self.configs[config].splits.items() if name != split}
        configs = {**self.configs, config: dataclasses.replace(self.configs[config], splits=splits)}
        return Index({name: entry for name, entry in configs.items() if entry.splits})


def parse_index(data: bytes, name: str) -> Index:
    """An index from the bytes of its file; `name` is what to call it in an error.

    Raises:
        ImageNetSError: it was written by a later version of this package, or is not ours.
    """
    try:
        raw = json.loads(data)
        version = raw["version"]
        if version == _VERSION:
            configs = {config: _parse_config(config, entry) for config, entry in raw["configs"].items()}
            return Index({name: configs[name] for name in CONFIG_NAMES if name in configs})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ImageNetSError(
            f"{name} was not written by `imagenet-s convert` ({type(error).__name__}: {cause(error)})."
        ) from error
    if not isinstance(version, int):
        raise ImageNetSError(f"{name} was not written by `imagenet-s convert` (its version is {str(version)[:80]!r}).")
    raise ImageNetSError(f"{name} has version {version}, this package reads {_VERSION}: update imagenet-s.")


def index_bytes(index: Index) -> bytes:
    """The content of `index.json`."""
    configs = {
        config: {
            "format": entry.form,
            "images": entry.images,
            "splits": {
                name: {
                    "rows": split.rows,
                    "bytes": split.bytes,
                    "order_seed": split.order_seed,
                    "pyarrow": split.pyarrow,
                    **({"upright": split.upright} if split.upright else {}),
                    "shards": [dataclasses.asdict(shard) for shard in split.shards],
                }
                for name, split in entry.splits.items()
            },
        }
        for config, entry in index.configs.items()
    }
    return (json.dumps({"version": _VERSION, "configs": configs}, indent=1) + "\n").encode()


def from_json(kind: type[Record], raw: Any) -> Record:
    """A flat dataclass from what `json.loads` gave; nothing that a run of this version did not write passes.

    Raises:
        ValueError: fields are missing, unknown, or of another type.
    """
    types = {field.name: _TYPES[str(field.type)] for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if not isinstance(raw, dict) or raw.keys() != types.keys():
        raise ValueError(f"expected the fields {', '.join(types)}")
    for name, expected in types.items():
        if type(raw[name]) is not expected:
            raise ValueError(f"{name} is {raw[name]!r}, expected {expected.__name__}")
    return kind(**raw)


_TYPES = {"str": str, "int": int, "bool": bool}


def _parse_config(config: str, raw: dict[str, Any]) -> ConfigIndex:
    if config not in CONFIG_NAMES or raw["format"] not in FORMATS or not isinstance(raw["images"], bool):
        raise ValueError(f"configuration {config!r}, format {raw['format']!r}, images {raw['images']!r}")
    splits = {name: _parse_split(config, name, entry) for name, entry in raw["splits"].items()}
    if not splits:
        raise ValueError(f"configuration {config!r} without splits")
    return ConfigIndex(raw["format"], raw["images"], {name: splits[name] for name in SPLITS if name in splits})


def _parse_split(config: str, split: str, raw: dict[str, Any]) -> SplitIndex:
    shards = tuple(from_json(ShardInfo, shard) for shard in raw["shards"])
    if split not in SPLITS or not shards or type(raw["order_seed"]) is not int or not isinstance(raw["pyarrow"], str):
        raise ValueError(f"split {split!r} of {config}")
    for shard in shards:
        # Inside the result: an index from elsewhere must not lead to other files.
        if not re.fullmatch(rf"{config}(/[\w.-]+)+", shard.file) or ".." in shard.file.split("/"):
            raise ValueError(f"shard {shard.file!r} of {config}")
    upright = raw.get("upright", 0)
    if type(upright) is not int or upright < 0:
        raise ValueError(f"upright is {upright!r}")
    return SplitIndex(raw["order_seed"], raw["pyarrow"], shards, upright)
