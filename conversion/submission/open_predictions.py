"""Predictions to be checked and packed: a folder or zip of official PNGs, or what `imagenet-s convert` wrote."""

from __future__ import annotations

import os
from pathlib import Path

from ..converted.dataset_index import Index
from ..converted.find_converted import find_converted
from ..core.errors import ImageNetSError
from ..facts import MASK_FOLDERS
from ..masks.codec import decode_mask, encode_official_png
from ..masks.mask_folder import FolderReader
from ..masks.mask_reader import MaskReader
from ..masks.mask_shards import ShardReader
from ..masks.mask_zip import ZipReader, is_zip


def open_predictions(path: str | os.PathLike[str], config: str, split: str) -> MaskReader:
    """The reader of predictions, by what is found at a path.

    Args:
        path: a folder, a zip, or a converted data set, whose annotations are the predictions.
        config: the configuration of a converted data set.
        split: its split.

    Raises:
        ImageNetSError: there is nothing of the kind.
    """
    root = Path(path)
    if root.is_dir():
        if (converted := find_converted(root)) is not None:
            return _converted(*converted, config, split)
        return FolderReader(root)
    if not root.exists():
        raise ImageNetSError(f"{root}: there is no such folder or zip of predictions.")
    if not is_zip(root):
        raise ImageNetSError(f"{root} is neither a folder nor a complete zip of predictions.")
    return ZipReader(root)


def _converted(root: str, index: Index, config: str, split: str) -> ConvertedPredictions:
    if not index.has_split(config, split) or split not in MASK_FOLDERS:
        raise ImageNetSError(f"{root} is a converted data set without masks of {config} {split}.")
    sizes = {Path(root, shard.file): shard.bytes for shard in index.configs[config].splits[split].shards}
    return ConvertedPredictions(Path(root), list(sizes), sizes)


class ConvertedPredictions(ShardReader):
    """The annotations of a split of a converted data set, encoded as predictions are."""

    form = "official"

    def read(self, name: str) -> bytes:
        return encode_official_png(decode_mask(super().read(name), name=self.describe(name)))
