"""Readers of masks: PNGs in a folder or a zip, or the shards of a data set.

A reader can be pickled and sent to another process: it opens files when a mask is first read.
"""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

from .files import FolderReader, ZipReader, file_names
from .mask_reader import MaskReader
from .names import SPELLINGS, Choice
from .shards import ShardReader, choose_shards, is_shard

_IN_CLASS_FOLDER = re.compile(r"(^|/)n\d{8}/[^/]+\.png$", re.IGNORECASE)

__all__ = ["MaskReader", "open_mask_reader"]


def open_mask_reader(path: str | os.PathLike[str], config: str | None = None, split: str | None = None) -> MaskReader:
    """The reader for a path, by what is found there.

    Args:
        path: a folder or zip of `<class folder>/<image>.png`, at any depth; an official tree, or the folder or archive
            of the annotations; a data set in Parquet or Arrow files that `imagenet-s convert` or `datasets` wrote, or
            a folder or file of it.
        config: the configuration, where there are several.
        split: the split, where there are several; `validation` by default.

    Raises:
        ValueError: there is no such path, or no mask in it.
    """
    root = Path(path)
    split = SPELLINGS.get(split, split) if split else None
    choice = Choice(config, split or "validation")
    if root.is_dir():
        names = file_names(root, choice)
        shards = [name for name in names if is_shard(name)]
        if shards and not any(_IN_CLASS_FOLDER.search(name) for name in names):
            return ShardReader(root, choose_shards(root, shards, config, split))
        if archive := _official_archive(names, config):
            return ZipReader(root / archive, choice)
        return FolderReader(root, names)
    if not root.exists():
        raise ValueError(f"{root}: there is no such folder, zip or data set.")
    if is_shard(root.name):
        return ShardReader(root, choose_shards(root, [""], config, split))
    if zipfile.is_zipfile(root) or root.suffix == ".zip":
        return ZipReader(root, choice)
    raise ValueError(f"{root} is neither a folder nor a zip, nor a Parquet or Arrow file.")


def _official_archive(names: list[str], config: str | None) -> str | None:
    """The archive of the configuration in a folder of annotations without a PNG."""
    if any(name.lower().endswith(".png") for name in names):
        return None
    start = f"ImageNetS{config}-" if config else "ImageNetS"
    return next((name for name in sorted(names) if name.startswith(start) and name.endswith(".zip")), None)
