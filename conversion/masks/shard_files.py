"""Which shards belong to a configuration and a split, where no index says it: by the names of files and folders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..facts import CONFIG_NAMES, SPELLINGS, SPLITS
from .mask_names import NoMasksError

_NUMBERED = re.compile(r"(.+?)-\d{5}-of-\d{5}.*")


def choose_shards(path: Path, names: Iterable[str], config: str | None, split: str | None) -> list[Path]:
    """The shards of one configuration and split.

    Both are told by the names of the files and their folders: `50/validation-00000-of-00002.parquet`,
    `50/validation/data-00000-of-00002.arrow`, `data/validation-...`, `50/validation/0000.parquet`,
    `validation.parquet`.

    Args:
        path: a folder, or a shard.
        names: the shards below it; "" for `path` itself.
        config: None for what is there.
        split: by default `validation`, or what `path` itself is the folder or file of.

    Raises:
        NoMasksError: there are shards, but of other splits or configurations.
    """
    shards = [path / name if name else path for name in sorted(names)]
    # The folders above `path` are asked only where nothing below tells: a folder may be called anything.
    below = {shard: shard.relative_to(path).parts or (shard.name,) for shard in shards}
    configs = {shard: _first(parts[:-1], CONFIG_NAMES) for shard, parts in below.items()}
    if config and config in configs.values():
        shards = [shard for shard in shards if configs[shard] == config]
    elif config and any(configs.values()):
        raise other_configurations(path, configs.values(), config)
    splits = {shard: _split_of(below[shard]) for shard in shards}
    if not any(splits.values()):
        # One split without a word about it below: its folder may have the name, as in `50/validation/data-....arrow`.
        folder = path.parent.name if path.is_file() else path.name
        splits = dict.fromkeys(shards, _first([folder], (*SPLITS, *SPELLINGS)))
        split = split if split and splits[shards[0]] else splits[shards[0]]
    elif path.is_file():
        split = split or splits[path]
    else:
        split = split or "validation"
    chosen = [shard for shard in shards if splits[shard] == split]
    if not chosen:
        raise other_splits(path, splits.values(), split)
    return chosen


def other_configurations(path: Path, configs: Iterable[str | None], config: str) -> NoMasksError:
    """The error where shards are of other configurations."""
    return NoMasksError(f"{path} holds {_listed(configs)} and not {config}: give another, or --config.")


def other_splits(path: Path, splits: Iterable[str | None], split: str | None) -> NoMasksError:
    """The error where shards are of other splits."""
    return NoMasksError(f"{path} has no shards of the split {split!r}; it has: {_listed(splits)}.")


def _split_of(parts: tuple[str, ...]) -> str | None:
    numbered = _NUMBERED.fullmatch(parts[-1])
    stem = numbered[1] if numbered else parts[-1].rsplit(".", 1)[0]
    # `datasets` puts the name of the data set before that of the split, in its cache.
    return _first((stem, stem.rsplit("-", 1)[-1], *reversed(parts[:-1])), (*SPLITS, *SPELLINGS))


def _first(names: Iterable[str], known: Iterable[str]) -> str | None:
    first = next((name for name in names if name in known), None)
    return SPELLINGS.get(first, first) if first else None


def _listed(values: Iterable[str | None]) -> str:
    return ", ".join(sorted({value or "files without a split in their names" for value in values}))
