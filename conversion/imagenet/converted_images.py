"""A data set that `imagenet-s convert` wrote as a source of images: Parquet or Arrow shards, in their own order."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..converted.dataset_index import INDEX, Format, Index, parse_index
from ..core.errors import ImageNetSError, cause
from ..core.hub_cache import snapshot
from ..facts import CONFIG_NAMES
from .container import ContainerReader, as_images
from .image_reader import Measure


def find_converted(folder: str | os.PathLike[str]) -> tuple[str, Index] | None:
    """The root and index of a converted data set, from its folder or that of one configuration (`OUT/50`).

    A download of one is also found in the folder of the Hub's cache (`datasets--me--imagenet-s`).

    Returns:
        The configuration's folder has an index of that configuration alone. None where there is no such data set.

    Raises:
        ImageNetSError: there is one, and its index is damaged.
    """
    path = os.path.abspath(os.fspath(folder))
    parent, name = os.path.split(path)
    for root, only in ((path, None), (snapshot(path), None), (parent, name)):
        if root is None or only not in (None, *CONFIG_NAMES) or not os.path.isfile(os.path.join(root, INDEX)):
            continue
        try:
            index = parse_index(Path(root, INDEX).read_bytes(), os.path.join(root, INDEX))
        except ImageNetSError:
            if os.path.isdir(os.path.join(root, ".imagenet-s")):
                raise
            continue  # the index of something else
        configs = {config: content for config, content in index.configs.items() if only in (None, config)}
        if configs:
            return root, Index(configs)
    return None


class ConvertedImages(ContainerReader):
    """The images of one split of a converted data set. The index has `row_group` and `row` in it.

    Args:
        root: the data set.
        split: whose shards.
        form: of the shards.
        files: their paths, in order.
    """

    random_access = False

    def __init__(self, root: str, split: str, form: Format, files: list[str]) -> None:
        part = "train" if split.startswith("train") else "validation"
        super().__init__(root, part, f"the {split} shards of a converted data set", files)  # type: ignore[arg-type]
        self.form = form

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """Bytes, a row group at a time."""
        files, groups = rows["file"].cast(pa.string()).to_pylist(), rows["row_group"].to_pylist()
        edges = [i for i in range(len(files)) if i == 0 or (files[i], groups[i]) != (files[i - 1], groups[i - 1])]
        with contextlib.ExitStack() as stack:  # closes the file that is open
            opened: tuple[str, Any] | None = None
            for start, stop in zip(edges, [*edges[1:], len(files)]):
                if opened is None or opened[0] != files[start]:
                    stack.close()
                    opened = files[start], stack.enter_context(_open(files[start], self.form))
                part = rows.slice(start, stop - start)
                data = _column(opened[1], files[start], groups[start], "image", part["row"].combine_chunks())
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
            with _open(file, self.form) as opened:
                sizes = _group_sizes(opened)
                ids = [_column(opened, file, group, "image_id") for group in range(len(sizes))]
            if [len(column) for column in ids] != sizes:
                raise ImageNetSError(
                    f"{file} is damaged (its row groups and its columns differ in their number of rows); "
                    "`imagenet-s convert --verify` tells more."
                )
            yield pa.table(
                {
                    "image_id": pa.chunked_array([chunk for column in ids for chunk in column.chunks], pa.string()),
                    "row_group": pa.array(np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)),
                    "row": pa.array([row for size in sizes for row in range(size)], pa.int32()),
                }
            )

    def _sizes(self, file: str) -> list[int]:
        with _open(file, self.form) as opened:
            return _group_sizes(opened)


def _open(file: str, form: Format) -> contextlib.AbstractContextManager[Any]:
    """For `with`: a `ParquetFile`, or the record batches of an Arrow stream that is mapped into memory."""
    try:
        if form == "parquet":
            return pq.ParquetFile(file, memory_map=True)
        with pa.ipc.open_stream(pa.memory_map(file)) as stream:
            return contextlib.nullcontext(list(stream))
    except (OSError, UnicodeError, MemoryError, pa.ArrowException) as error:
        raise ImageNetSError(
            f"{file} can't be read ({cause(error)}); `imagenet-s convert --verify` tells more."
        ) from error


def _group_sizes(opened: Any) -> list[int]:
    if isinstance(opened, list):
        return [batch.num_rows for batch in opened]
    return [opened.metadata.row_group(i).num_rows for i in range(opened.num_row_groups)]


def _column(opened: Any, file: str, group: int, name: str, rows: pa.Array | None = None) -> pa.ChunkedArray:
    """A column of text, or the bytes of one of images; some rows of it, or all."""
    try:
        if isinstance(opened, list):
            column = pa.chunked_array([opened[group].column(name)])
        else:
            column = opened.read_row_group(group, columns=[name])[name]
        column.validate(full=True)  # Arrow trusts the offsets of a file, and would read outside of it
        if name != "image":
            return column.cast(pa.string())
        return pc.struct_field(column, "bytes").take(rows).cast(pa.large_binary())
    except (OSError, UnicodeError, MemoryError, pa.ArrowException, KeyError) as error:
        raise ImageNetSError(f"row group {group} of {file} can't be read ({cause(error)}).") from error
