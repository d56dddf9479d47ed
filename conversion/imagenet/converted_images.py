"""A data set that `imagenet-s convert` wrote as a source of images: Parquet or Arrow shards, in their own order."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from ..converted.dataset_index import Format
from ..converted.open_shard import Shard, open_shard
from .container import ContainerReader, as_images
from .image_reader import Measure


class ConvertedImages(ContainerReader):
    """The images of one split of a converted data set. The index has `row_group` and `row` in it."""

    random_access = False

    def __init__(self, root: str, split: str, form: Format, files: list[str]) -> None:
        part = "train" if split.startswith("train") else "validation"
        super().__init__(root, part, f"the {split} shards of a converted data set", files)  # type: ignore[arg-type]
        self.form = form

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """Bytes, a part of a shard at a time."""
        files, groups = rows["file"].cast(pa.string()).to_pylist(), rows["row_group"].to_pylist()
        edges = [i for i in range(len(files)) if i == 0 or (files[i], groups[i]) != (files[i - 1], groups[i - 1])]
        with contextlib.ExitStack() as stack:  # closes the file that is open
            opened: Shard | None = None
            for start, stop in zip(edges, [*edges[1:], len(files)]):
                if opened is None or opened.path != files[start]:
                    stack.close()
                    opened = stack.enter_context(open_shard(files[start]))
                part = rows.slice(start, stop - start)
                data = opened.contents(groups[start], "image", part["row"].combine_chunks())
                for begin in range(0, len(part), batch_size):
                    pieces = data.slice(begin, batch_size).to_pylist()
                    yield as_images(part["image_id"].slice(begin, batch_size), pieces)

    def measure(self, rows: pa.Table) -> Measure:
        """The mean size of a row of the same file."""
        files = rows["file"].cast(pa.string()).to_pylist()
        means = {file: os.path.getsize(file) // max(1, sum(self._sizes(file))) for file in set(files)}
        return Measure(np.array([means[file] for file in files], np.int64), self.identity())

    def _index_files(self) -> Iterable[pa.Table]:
        for file in self.files:
            with open_shard(file) as shard:
                sizes = shard.sizes
                ids = [shard.text(part, "image_id") for part in range(len(sizes))]
            yield pa.table(
                {
                    "image_id": pa.chunked_array([chunk for column in ids for chunk in column.chunks], pa.string()),
                    "row_group": pa.array(np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)),
                    "row": pa.array([row for size in sizes for row in range(size)], pa.int32()),
                }
            )

    def _sizes(self, file: str) -> list[int]:
        with open_shard(file) as shard:
            return shard.sizes
