"""ImageNet as the Hub's Parquet files: `image` with `bytes` and `path`, local or at an `hf://` address.

A row group is read as one piece, so images are shuffled by row groups: a shard takes them from all files, which mixes
the classes even where the files were sorted by class.

Imports `errors`, `shuffling`, `image_reader`, `container`, `file_names`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tqdm import tqdm

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.imagenet.container import ContainerReader, as_images
from imagenet_s.conversion.imagenet.file_names import basename, image_id_of
from imagenet_s.conversion.imagenet.image_reader import Measure
from imagenet_s.conversion.shuffling import mix

_THREADS = 8


class ParquetReader(ContainerReader):
    """Images in Parquet files with an `image` column of bytes and paths. The index has `row_group`, `row` in it,
    and `label`, as the file says it.
    """

    random_access = False

    def storage_order(self, rows: pa.Table, mixed: bool) -> pa.Table:
        """Row groups as they are stored, or shuffled by their positions alone."""
        if not mixed:
            return rows
        keys = mix(_group_numbers(rows).astype(np.uint64))
        return rows.take(pa.array(np.argsort(keys, kind="stable")))

    def read_together(self, rows: pa.Table) -> np.ndarray:
        """A number for each row group."""
        return _group_numbers(rows)

    def cut(self, rows: pa.Table, num_shards: int) -> list[pa.Table]:
        """Cuts between row groups, never within one."""
        groups = _group_numbers(rows)
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
        num_shards = max(1, min(num_shards, len(starts)))
        edges = [int(part[0]) for part in np.array_split(starts, num_shards)] if len(starts) else [0]
        return [rows.slice(a, b - a) for a, b in zip(edges, [*edges[1:], rows.num_rows])]

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """Bytes, a row group at a time."""
        groups = _group_numbers(rows)
        edges = np.flatnonzero(np.diff(groups, prepend=-1)).tolist()
        opened: tuple[str, pq.ParquetFile] | None = None
        for start, stop in zip(edges, [*edges[1:], rows.num_rows]):
            part = rows.slice(start, stop - start)
            file, row_group = part["file"][0].as_py(), part["row_group"][0].as_py()
            try:
                if opened is None or opened[0] != file:
                    opened = (file, pq.ParquetFile(_open(file), pre_buffer=True))
                column = opened[1].read_row_group(row_group, columns=["image.bytes"])["image"]
            except (OSError, pa.ArrowException) as error:
                raise ImageNetSError(f"row group {row_group} of {file} can't be read ({error}).") from error
            data = column.take(part["row"].combine_chunks())
            for begin in range(0, len(part), batch_size):
                pieces = [one.as_py()["bytes"] for one in data.slice(begin, batch_size)]
                yield as_images(part["image_id"].slice(begin, batch_size), pieces)

    def measure(self, rows: pa.Table) -> Measure:
        """The mean size of an image of the same file: exact sizes would need reading them."""
        with ThreadPoolExecutor(_THREADS) as threads:
            means = np.fromiter(threads.map(_mean_size, self.files), np.int64, len(self.files))
        numbers = (_group_numbers(rows) >> 32).astype(np.int64)
        return Measure(means[numbers], self.identity())

    def _index_files(self) -> Iterable[pa.Table]:
        what = f"indexing {self.part} Parquet files"
        with ThreadPoolExecutor(_THREADS) as threads:
            indexed = threads.map(self._index_file, self.files)
            yield from tqdm(indexed, total=len(self.files), unit="file", desc=what, delay=2)

    def _index_file(self, file: str) -> pa.Table:
        try:
            parquet = pq.ParquetFile(_open(file), pre_buffer=True)
            # Columns of a few bytes a row: the pixels are not read.
            columns = parquet.read(columns=["image.path", "label"])
            paths = columns["image"]
        except (OSError, pa.ArrowException, KeyError) as error:
            raise ImageNetSError(f"{file} is not a Parquet file with images ({error}).") from error
        sizes = [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
        ids = [image_id_of(basename(one["path"] or ""), self.part) for one in paths.to_pylist()]
        return pa.table(
            {
                "image_id": pa.array(ids, pa.string()),
                "row_group": pa.array(np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)),
                "row": pa.array([row for n in sizes for row in range(n)], pa.int32()),
                "label": _labels(columns),
            }
        )


def _labels(columns: pa.Table) -> pa.Array:
    """ImageNet's labels; null where the file has none, or -1, as the Hub's test files do."""
    if "label" not in columns.column_names or not pa.types.is_integer(columns["label"].type):
        return pa.nulls(columns.num_rows, pa.int32())
    labels = columns["label"].combine_chunks().cast(pa.int32())
    return pc.if_else(pc.and_(pc.greater_equal(labels, 0), pc.less(labels, 1000)), labels, pa.scalar(None, pa.int32()))


def _mean_size(file: str) -> int:
    try:
        about = pq.ParquetFile(_open(file)).metadata
    except (OSError, pa.ArrowException) as error:
        raise ImageNetSError(f"{file} can't be read ({error}).") from error
    return sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups)) // max(1, about.num_rows)


def _group_numbers(rows: pa.Table) -> np.ndarray:
    """A number for each row that is the same within a row group and differs between them."""
    column = rows["file"].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    files = column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return (files << 32) | rows["row_group"].to_numpy().astype(np.int64)


def _open(file: str):  # type: ignore[no-untyped-def]
    """A local path unchanged; an address as a file that fetches only the ranges that are read."""
    if "://" not in file:
        return file
    fs, path = fsspec.core.url_to_fs(file)
    # Not `fsspec.open`, which gives such options to the file system: files would then read 5 MB ahead each time.
    return fs.open(path, "rb", cache_type="none")
