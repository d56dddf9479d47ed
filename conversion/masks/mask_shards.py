"""`ShardReader`: masks in the column `annotation` of shards that `convert`, `datasets` or the Hub wrote."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from ..converted.dataset_index import INDEX
from ..converted.open_shard import Shard, open_shard
from ..core.errors import ImageNetSError
from ..facts import imagenet_wnids
from .mask_reader import MaskReader

_NAME = re.compile(r"\w[^/\\]*")
"""A class folder, an image: what could lead to another folder is neither."""


class ShardReader(MaskReader):
    """Masks in shards, named as in the official tree: `<wnid>/<image_id>.png`, in the order of the rows.

    Rows without a mask have a name, too. What was read stays in memory: a few KB a mask.

    Args:
        path: what was given: a folder, or one shard.
        shards: the files of a split.
        sizes: shard -> its bytes, where the index of the data set says it.
    """

    form: ClassVar[Literal["official", "ids"]] = "ids"

    def __init__(self, path: Path, shards: Sequence[Path], sizes: Mapping[Path, int] | None = None) -> None:
        super().__init__(path)
        self.shards = list(shards)
        self._sizes = sizes or {}
        self._read: dict[tuple[int, int], Any] = {}

    @property
    def names(self) -> list[str]:
        return list(self._rows)

    def read(self, name: str) -> bytes:
        shard, part, row = self._rows[name]
        column = self._read.get((shard, part))
        if column is None:
            with self._open(self.shards[shard]) as opened:
                column = self._read[shard, part] = opened.contents(part, "annotation")
        content: bytes | None = column[row].as_py()
        if not content:
            raise ImageNetSError(
                f"{self.path} holds no annotation of {name}: masks of train_semi and validation are public."
            )
        return content

    def stored_in(self, names: Iterable[str]) -> Iterable[str]:
        return [os.path.relpath(shard, self.path) if shard != self.path else "" for shard in self.shards]

    def imagenet_wnids(self) -> dict[str, str]:
        """Image id -> ImageNet's own class folder; of shards of an earlier version none."""
        wnids = imagenet_wnids()
        by_id: dict[str, str] = {}
        for path in self.shards:
            with self._open(path) as shard:
                if "imagenet_label" not in shard.columns:
                    continue
                for batch in shard.batches(["image_id", "imagenet_label"], rows=10_000):
                    for image_id, label in zip(*(batch[name].to_pylist() for name in batch.column_names)):
                        if label is None:
                            continue
                        if not isinstance(label, int) or not 0 <= label < len(wnids):
                            raise ImageNetSError(f"{path}: {label} is no label of ImageNet; the shard is damaged.")
                        by_id[image_id] = wnids[label]
        return by_id

    def describe(self, name: str) -> str:
        return f"{self.path}: the annotation of {name.removesuffix('.png')}"

    def close(self) -> None:
        self._read.clear()

    def _open(self, path: Path) -> Shard:
        if path in self._sizes and path.is_file() and path.stat().st_size != self._sizes[path]:
            raise ImageNetSError(
                f"{path} is not as {INDEX} says: it was cut off or changed; `imagenet-s convert --verify` tells more; "
                "fetch it again."
            )
        return open_shard(path)

    @functools.cached_property
    def _rows(self) -> dict[str, tuple[int, int, int]]:
        """Name -> shard, part of it, row of that."""
        rows: dict[str, tuple[int, int, int]] = {}
        for number, path in enumerate(self.shards):
            with self._open(path) as shard:
                for part in range(len(shard.sizes)):
                    columns = (shard.text(part, column).to_pylist() for column in ("wnid", "image_id"))
                    for row, (wnid, image_id) in enumerate(zip(*columns)):
                        if not (wnid and image_id and _NAME.fullmatch(wnid) and _NAME.fullmatch(image_id)):
                            raise ImageNetSError(
                                f"{path} has a row without a name, number {row} of part {part}: it is damaged, or of "
                                "something else."
                            )
                        name = f"{wnid}/{image_id}.png"
                        if name in rows:
                            raise ImageNetSError(
                                f"{self.path} holds {name} twice, the second in {path.name}: remove one."
                            )
                        rows[name] = number, part, row
        if not rows:
            raise ImageNetSError(f"{self.path} holds no rows in {len(self.shards):,} files; expected annotated images.")
        return rows

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_read": {}}
