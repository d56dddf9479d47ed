"""`find_masks`: the masks of a split, from whatever a person names that holds masks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..core.errors import ImageNetSError
from ..core.walk import list_folder
from ..facts import CONFIG_NAMES, MASK_FOLDERS, OFFICIAL, SPELLINGS, tree_name
from .mask_folder import FolderReader
from .mask_names import Choice, NoMasksError, keys_of, keys_of_split, names_in_folder, names_in_zip
from .mask_zip import ZipReader, is_zip
from .split_masks import SplitMasks

_IN_CLASS_FOLDER = re.compile(r"(^|/)n\d{8}/[^/]+\.png$", re.IGNORECASE)
_MOST_FOLDERS = 50
"""A folder with more of them is a tree of masks or images, and has no others of interest."""


def find_masks(place: str | os.PathLike[str], config: str | None = None, split: str | None = None) -> SplitMasks:
    """The masks of a split in a place on this machine. Nothing is fetched, and no list is read.

    Args:
        place: a folder of `<class folder>/<image>.png` of any name and depth, or of PNGs without class folders; a zip
            of it; an official archive; the folder of archives or of extracted annotations, or a folder in that; an
            official tree, or the folder above it; Parquet or Arrow files that `imagenet-s convert`, `datasets` or the
            Hub wrote: their folder, one of a configuration or split, one file, or the Hub's cache of them.
        config: the configuration, where there are several; None for what is there.
        split: the split, where there are several; `validation` by default, or what the place itself is of. If it is
            named, masks whose names say that they are of another split are left out.

    Raises:
        NoMasksError: there are no masks of this split there.
        ImageNetSError: there is no such place, or it is damaged.
    """
    root = Path(place)
    split = SPELLINGS.get(split, split) if split else None
    choice = Choice(config, split or "validation")
    if root.is_dir():
        return _in_folder(root, choice, split)
    if not root.exists():
        raise ImageNetSError(f"{root}: there is no such folder, zip or data set.")
    if _is_shard(root.name):
        from .shard_files import choose_shards

        return _in_shards(root, choose_shards(root, [""], config, split), split)
    refuse_other_files(root)
    return _in_zip(root, choice, split)


def refuse_other_files(path: Path) -> None:
    """Raise an ImageNetSError for a file that holds no masks, whatever is in it."""
    if path.is_file() and not (_is_shard(path.name) or is_zip(path)):
        raise ImageNetSError(f"{path} is neither a folder nor a zip, nor a Parquet or Arrow file.")


def tree_of_masks(root: Path, config: str) -> Path | None:
    """The official tree of a configuration at, in, or one folder below `root`, if it holds masks."""
    name = tree_name(config)
    for folder in around(root):
        if _has_masks(folder / name):
            return folder / name
    # A tree with any other name is accepted, but not one with the name of another configuration.
    others = {tree_name(other) for other in CONFIG_NAMES} - {name}
    return root if _has_masks(root) and root.resolve().name not in others else None


def around(root: Path) -> Iterator[Path]:
    """A folder, and those one level down: unpacking often makes one more."""
    yield root
    below = list_folder(root).folders
    if len(below) <= _MOST_FOLDERS:
        yield from (root / name for name in below)


def _in_folder(root: Path, choice: Choice, split: str | None) -> SplitMasks:
    refusal: NoMasksError | None = None
    archive = OFFICIAL.archives[choice.config].file if choice.config in CONFIG_NAMES else ""
    if archive and (root / archive).is_file():
        return _in_zip(root / archive, choice, split)
    if choice.config in CONFIG_NAMES and (tree := tree_of_masks(root, choice.config)) is not None:
        folder = MASK_FOLDERS.get(choice.split)
        if folder is not None and (tree / folder).is_dir():
            reader = FolderReader(tree / folder)
            return SplitMasks(reader, keys_of(reader.names, reader.path, split))
        refusal = choice.refusal(root, list_folder(tree).folders)
    if (name := root.resolve().name) in map(tree_name, CONFIG_NAMES) and choice.passes_over(name):
        refusal = choice.refusal(root, [name])
    if (converted := _converted(root, choice, split)) is not None:
        return converted
    archives = [folder / archive for folder in around(root) if archive and (folder / archive).is_file()]
    if archives:
        return _in_zip(archives[0], choice, split)
    if refusal is not None:
        raise refusal
    return _anywhere_below(root, choice, split)


def _anywhere_below(root: Path, choice: Choice, split: str | None) -> SplitMasks:
    names = names_in_folder(root, choice)
    shards = [name for name in names if _is_shard(name)]
    if shards and not any(_IN_CLASS_FOLDER.search(name) for name in names):
        from ..converted.open_shard import open_shard
        from .shard_files import choose_shards

        chosen = choose_shards(root, shards, choice.config, split)
        with open_shard(chosen[0]) as shard:
            if "image" in shard.columns and "annotation" not in shard.columns:
                raise NoMasksError(f"{root} holds images and no masks: {chosen[0]} has no annotations.", images=True)
        return _in_shards(root, chosen, split)
    reader = FolderReader(root, names)
    return SplitMasks(reader, dict(sorted(keys_of(names, root, split).items())))


def _in_zip(path: Path, choice: Choice, split: str | None) -> SplitMasks:
    reader = ZipReader(path)
    names = names_in_zip(reader.names, path, choice)
    return SplitMasks(reader, dict(sorted(keys_of(names, path, split).items())))


def _in_shards(path: Path, shards: list[Path], split: str | None, sizes: dict[Path, int] | None = None) -> SplitMasks:
    from .mask_shards import ShardReader  # Arrow takes its time to be imported, and a folder needs none

    reader = ShardReader(path, shards, sizes)
    return SplitMasks(reader, keys_of_split({name: name for name in reader.names}, path, split))


def _converted(root: Path, choice: Choice, split: str | None) -> SplitMasks | None:
    """The shards of the data set that `imagenet-s convert` wrote, as its index says."""
    from ..converted.find_converted import find_converted
    from .shard_files import other_configurations, other_splits

    converted = next(filter(None, map(find_converted, around(root))), None)
    if converted is None:
        return None
    folder, index = Path(converted[0]), converted[1]
    configs = list(index.configs) if choice.config is None else [choice.config]
    if configs[0] not in index.configs:
        raise other_configurations(folder, index.configs, configs[0])
    splits = index.configs[configs[0]].splits
    if choice.split not in splits:
        raise other_splits(folder, splits, choice.split)
    sizes = {folder / shard.file: shard.bytes for shard in splits[choice.split].shards}
    return _in_shards(folder, list(sizes), None, sizes)  # the index says whose they are


def _has_masks(folder: Path) -> bool:
    return any((folder / name).is_dir() for name in MASK_FOLDERS.values())


def _is_shard(name: str) -> bool:
    """Whether a file is a shard; Arrow files of the cache of `datasets` (`cache-...`) are none."""
    last = name.rsplit("/", 1)[-1]
    return last.endswith((".parquet", ".arrow")) and not last.startswith((".", "cache-"))
