"""Predictions to be checked and packed: a folder or zip of official PNGs, or what `imagenet-s convert` wrote."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

from ..core.errors import ImageNetSError
from ..facts import MASK_FOLDERS
from ..imagenet.converted_images import find_converted
from ..masks.codec import decode_mask, encode_official_png
from ..masks.mask_folder import FolderReader
from ..masks.mask_reader import MaskReader
from ..masks.mask_shards import ConvertedReader
from ..masks.mask_zip import ZipReader


def open_predictions(path: str | os.PathLike[str], config: str, split: str) -> MaskReader:
    """The reader of predictions, by what is found at a path.

    Args:
        path: a folder, a zip, or a converted data set, whose annotations are the predictions.
        config: the configuration of a converted data set.
        split: its split.

    Raises:
        ImageNetSError: there is nothing of the kind.
    """
    if os.path.isdir(path):
        if (converted := find_converted(path)) is not None:
            return ConvertedPredictions(Path(converted[0]), config, split)
        return FolderReader(Path(path))
    if not os.path.exists(path):
        raise ImageNetSError(f"{os.fspath(path)}: there is no such folder or zip of predictions.")
    if not zipfile.is_zipfile(path):
        raise ImageNetSError(f"{os.fspath(path)} is neither a folder nor a complete zip of predictions.")
    return ZipReader(Path(path))


class ConvertedPredictions(MaskReader):
    """The annotations of a split of a converted data set, named and encoded as predictions are."""

    def __init__(self, path: Path, config: str, split: str) -> None:
        super().__init__(path)
        self._reader, self._split = ConvertedReader(path, config), split
        if split not in self._reader.splits or split not in MASK_FOLDERS:
            raise ImageNetSError(f"{path} is a converted data set without masks of {config} {split}.")

    @property
    def names(self) -> list[str]:
        return sorted(name.partition("/")[2] for name in self._reader.masks(self._split).values())

    def read(self, name: str) -> bytes:
        return encode_official_png(decode_mask(self._reader.read(f"{MASK_FOLDERS[self._split]}/{name}")))

    def stored_in(self, split: str) -> Iterable[str]:
        return self._reader.stored_in(split)

    def close(self) -> None:
        self._reader.close()
