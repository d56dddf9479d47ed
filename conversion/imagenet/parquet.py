"""ImageNet as the Hub's Parquet files: `image` with `bytes` and `path`, local or at an `hf://` address.

A row group is read as one piece, so images are shuffled by row groups: a shard takes them from all files, which mixes
the classes even where the files were sorted by class.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tqdm import tqdm

from ..core.arrow_errors import ARROW_ERRORS
from ..core.errors import ImageNetSError, cause, reason
from ..core.hub_errors import readable_errors
from ..core.paths import is_address
from ..core.shuffling import mix
from ..facts.spellings import ImageNetPart, image_id_of
from .container import ContainerReader, as_images
from .file_names import basename
from .image_reader import Measure

_THREADS = 8


class ParquetReader(ContainerReader):
    """Images in Parquet files with an `image` column of bytes and paths. The index has `row_group`, `row` in it,
    and `label`, as the file says it.
    """

    random_access = False

    def __init__(self, root: str, part: ImageNetPart, layout: str, files: Sequence[str], expected: int) -> None:
        super().__init__(root, part, layout, files)
        self.expected = expected

    def storage_order(self, rows: pa.Table, mixed: bool) -> pa.Table:
        """Row groups as they are stored, or shuffled by their positions alone."""
        if not mixed:
            return rows
        keys = mix(self._group_numbers(rows).astype(np.uint64))
        return rows.take(pa.array(np.argsort(keys, kind="stable")))

    def read_together(self, rows: pa.Table) -> np.ndarray:
        """A number for each row group."""
        return self._group_numbers(rows)

    def cut(self, rows: pa.Table, num_shards: int) -> list[pa.Table]:
        """Cuts between row groups, never within one."""
        groups = self._group_numbers(rows)
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
        num_shards = max(1, min(num_shards, len(starts)))
        edges = [int(part[0]) for part in np.array_split(starts, num_shards)] if len(starts) else [0]
        return [rows.slice(a, b - a) for a, b in zip(edges, [*edges[1:], rows.num_rows])]

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """Bytes, a row group at a time."""
        groups = self._group_numbers(rows)
        edges = np.flatnonzero(np.diff(groups, prepend=-1)).tolist()
        with contextlib.ExitStack() as stack:  # closes the file that is open
            opened: tuple[str, pq.ParquetFile] | None = None
            for start, stop in zip(edges, [*edges[1:], rows.num_rows]):
                part = rows.slice(start, stop - start)
                file, row_group = part["file"][0].as_py(), part["row_group"][0].as_py()
                with _named_errors(file, f"row group {row_group} of {file} can't be read"):
                    if opened is None or opened[0] != file:
                        stack.close()
                        opened = (file, stack.enter_context(_opened(file)))
                    # By this thread alone: one of Arrow's that still gives back what Python read, an address' bytes,
                    # while the interpreter ends aborts the process (apache/arrow#45214).
                    table = opened[1].read_row_group(row_group, columns=["image.bytes"], use_threads=False)
                    column = table["image"]
                    column.validate(full=True)
                    data = pc.struct_field(column, "bytes").take(part["row"].combine_chunks()).cast(pa.large_binary())
                for begin in range(0, len(part), batch_size):
                    pieces = data.slice(begin, batch_size).to_pylist()
                    yield as_images(part["image_id"].slice(begin, batch_size), pieces)

    def measure(self, rows: pa.Table) -> Measure:
        """The mean size of an image of the same file: exact sizes would need reading them."""
        with ThreadPoolExecutor(_THREADS) as threads:
            means = np.fromiter(threads.map(_mean_size, self.files), np.int64, len(self.files))
        numbers = (self._group_numbers(rows) >> 32).astype(np.int64)
        return Measure(means[numbers], self.identity())

    def _index_files(self) -> Iterable[pa.Table]:
        if len(self.files) != self.expected:
            raise ImageNetSError(
                f"{self.root} holds {len(self.files)} of {self.expected} {self.part} Parquet files; fetch the others."
            )
        what = f"indexing {self.part} Parquet files"
        with ThreadPoolExecutor(_THREADS) as threads:
            indexed = threads.map(self._index_file, self.files)
            yield from tqdm(indexed, total=len(self.files), unit="file", desc=what, delay=2)

    def _index_file(self, file: str) -> pa.Table:
        with (
            _named_errors(file, f"{file} is not a Parquet file with images"),
            _opened(file, pre_buffer=True) as parquet,
        ):
            _check_columns(parquet.schema_arrow, file)
            # Columns of a few bytes a row, next to each other: one request a row group. The pixels are not read.
            columns = parquet.read(columns=["image.path", "label"], use_threads=False)
            paths = columns["image"]
            sizes = [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
        if any(len(column) != sum(sizes) for column in columns.columns):
            raise ImageNetSError(
                f"{file} is damaged (its row groups and its columns differ in their number of rows); fetch it again."
            )
        # As bytes: a name from outside is not always UTF-8.
        names = pc.struct_field(paths, "path").cast(pa.binary()).to_pylist()
        ids = [image_id_of(basename((name or b"").decode(errors="replace")), self.part) for name in names]
        if None in ids:
            example = names[ids.index(None)]
            self._unnamed_example = f"image.path is {example.decode(errors='replace')!r}" if example else _NO_PATH
        return pa.table(
            {
                "image_id": pa.array(ids, pa.string()),
                "row_group": pa.array(np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)),
                "row": pa.array([row for n in sizes for row in range(n)], pa.int32()),
                "label": _labels(columns),
            }
        )

    def _group_numbers(self, rows: pa.Table) -> np.ndarray:
        """A number for each row that is the same within a row group and differs between them."""
        files = pc.index_in(rows["file"].cast(pa.string()), value_set=pa.array(self.files, pa.string()))
        return (files.to_numpy().astype(np.int64) << 32) | rows["row_group"].to_numpy().astype(np.int64)


_NO_PATH = "the column image.path is empty"


def _check_columns(schema: pa.Schema, file: str) -> None:
    image = schema.field("image").type if "image" in schema.names else None
    if image is None or not (
        pa.types.is_struct(image) and image.get_field_index("path") >= 0 and image.get_field_index("bytes") >= 0
    ):
        names = ", ".join(schema.names)
        seen = f"its column image is {image}" if image is not None else f"it has the columns {names}"
        raise ImageNetSError(
            f"{file} has no column image of bytes and path, as `datasets` writes images ({cause(ValueError(seen))}): "
            "the paths say which mask belongs to which image. Use a copy that kept them, as ILSVRC/imagenet-1k on the "
            "Hub did."
        )


def _labels(columns: pa.Table) -> pa.Array:
    """ImageNet's labels; null where the file has none, or -1, as the Hub's test files do."""
    if "label" not in columns.column_names or not pa.types.is_integer(columns["label"].type):
        return pa.nulls(columns.num_rows, pa.int32())
    labels = columns["label"].combine_chunks()
    is_label = pc.and_(pc.greater_equal(labels, 0), pc.less(labels, 1000))
    return pc.if_else(is_label, labels, pa.scalar(None, labels.type)).cast(pa.int32())


def _mean_size(file: str) -> int:
    with _named_errors(file, f"{file} can't be read"), _opened(file) as parquet:
        about = parquet.metadata
    return sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups)) // max(1, about.num_rows)


@contextlib.contextmanager
def _opened(file: str, pre_buffer: bool = False) -> Iterator[pq.ParquetFile]:
    """A Parquet file, closed at the end; at an address, only the ranges that are read are fetched.

    With `pre_buffer`, ranges of columns that lie together are fetched as one, by threads of Arrow.
    """
    if not is_address(file):
        with pq.ParquetFile(file, pre_buffer=pre_buffer) as parquet:
            yield parquet
        return
    fs, path = fsspec.core.url_to_fs(file)
    # Not `fsspec.open`, which gives such options to the file system: files would then read 5 MB ahead each time.
    with fs.open(path, "rb", cache_type="none") as source, pq.ParquetFile(source, pre_buffer=pre_buffer) as parquet:
        yield parquet


@contextlib.contextmanager
def _named_errors(file: str, what: str) -> Iterator[None]:
    """What the Hub refuses is said as it is; anything else is called `what`."""
    try:
        with readable_errors(file):
            yield
    except ImageNetSError:
        raise
    except ARROW_ERRORS as error:
        text = reason(error) if isinstance(error, OSError) and error.errno else cause(error)
        raise ImageNetSError(f"{what} ({text}).") from error
