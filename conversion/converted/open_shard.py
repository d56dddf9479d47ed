"""`open_shard`: the one way to read a shard that `convert` (or `datasets`) wrote, a Parquet or an Arrow file.

Arrow trusts the offsets of a file, and would read outside of it: a damaged shard could end the interpreter. So nothing
of a shard is used before it was validated in full, and whatever is wrong is one error that names the file.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..core.arrow_errors import ARROW_ERRORS
from ..core.errors import ImageNetSError, cause


def open_shard(path: str | os.PathLike[str]) -> Shard:
    """A shard, for a `with` statement.

    Raises:
        ImageNetSError: it is damaged, or there is no such file.
    """
    return Shard(os.fspath(path))


class Shard(contextlib.AbstractContextManager["Shard"]):
    """A shard that is open. Whatever is found to be wrong with it is an ImageNetSError that names it.

    Attributes:
        columns: the names of its columns.
        sizes: rows of each part: of a Parquet file its row groups, of an Arrow file its record batches.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._close = contextlib.ExitStack()
        with _named(self.path), contextlib.ExitStack() as opened:
            if self.path.endswith(".parquet"):
                # Read, not mapped: a file that shrinks meanwhile is an error then, and not the end of the process.
                self._parquet = opened.enter_context(pq.ParquetFile(self.path))
                self.columns = list(self._parquet.schema_arrow.names)
                groups = range(self._parquet.num_row_groups)
                self.sizes = [int(self._parquet.metadata.row_group(i).num_rows) for i in groups]
            else:
                self._parquet = None
                schema, self._batches = _arrow_batches(opened.enter_context(pa.memory_map(self.path)))
                self.columns = list(schema.names)
                self.sizes = [batch.num_rows for batch in self._batches]
            self._close = opened.pop_all()

    def read(self, part: int, columns: Sequence[str]) -> pa.Table:
        """Some columns of a part, validated."""
        self._require(columns)
        with _named(self.path):
            if self._parquet is not None:
                table = self._parquet.read_row_group(part, columns=list(columns), use_threads=False)
            else:
                table = pa.Table.from_batches([self._batches[part].select(list(columns))])
            if table.num_rows != self.sizes[part]:
                raise ValueError(f"part {part} has {table.num_rows:,} rows in place of {self.sizes[part]:,}")
            return _validated(table)

    def batches(self, columns: Sequence[str] | None = None, rows: int = 100) -> Iterator[pa.Table]:
        """All rows in tables of at most so many, validated; by default all columns."""
        self._require(columns or ())
        names = self.columns if columns is None else list(columns)
        if self._parquet is None:
            for part, size in enumerate(self.sizes):
                table = self.read(part, names)
                yield from (table.slice(start, rows) for start in range(0, size, rows))
            return
        with _named(self.path):
            batches = self._parquet.iter_batches(rows, columns=names, use_threads=False)
        while True:
            with _named(self.path):
                batch = next(batches, None)
                table = None if batch is None else _validated(pa.Table.from_batches([batch]))
            if table is None:
                return
            yield table

    def text(self, part: int, column: str) -> pa.ChunkedArray:
        """A column of text, of a part."""
        table = self.read(part, [column])
        with _named(self.path):
            return table[column].cast(pa.string())

    def contents(self, part: int, column: str, rows: pa.Array | None = None) -> pa.ChunkedArray:
        """The bytes of a column of images or masks, of a part; some rows of it, or all. Null where a row has none."""
        table = self.read(part, [column])
        with _named(self.path):
            data = pc.struct_field(table[column], "bytes")
            return (data if rows is None else data.take(rows)).cast(pa.large_binary())

    def __exit__(self, *error: object) -> None:
        self._close.close()

    def _require(self, columns: Sequence[str]) -> None:
        if absent := [name for name in columns if name not in self.columns]:
            raise ImageNetSError(
                f"{self.path} has no column {absent[0]!r}, but {', '.join(self.columns)}: expected a data set of "
                "ImageNet-S."
            )


def count_rows(source: Any, name: str) -> tuple[int, pa.Schema, list[str]]:
    """The rows of a shard, its schema and the names of its columns, without holding it in memory.

    Args:
        source: the open file, local or not.
        name: that of the file: its ending says the form.

    Raises:
        ImageNetSError: it is damaged.
    """
    with _named(name):
        if name.endswith(".parquet"):
            with pq.ParquetFile(source) as parquet:
                rows, schema = int(parquet.metadata.num_rows), parquet.schema_arrow
        else:
            with pa.ipc.open_stream(source) as reader:
                rows, schema = sum(batch.num_rows for batch in reader), reader.schema
        return rows, schema, list(schema.names)  # which need not be UTF-8


def _arrow_batches(mapped: Any) -> tuple[pa.Schema, list[pa.RecordBatch]]:
    """A stream, as `datasets` writes it, or the file format. Bytes are read when they are needed."""
    try:
        with pa.ipc.open_stream(mapped) as stream:
            return stream.schema, list(stream)
    except pa.ArrowInvalid as error:
        mapped.seek(0)
        if mapped.read(6) != b"ARROW1":
            raise error
        with pa.ipc.open_file(mapped) as file:
            return file.schema, [file.get_batch(i) for i in range(file.num_record_batches)]


def _validated(table: pa.Table) -> pa.Table:
    table.validate(full=True)
    return table


@contextlib.contextmanager
def _named(path: str) -> Iterator[None]:
    try:
        yield
    except ImageNetSError:
        raise
    except ARROW_ERRORS as error:
        raise ImageNetSError(
            f"{path} can't be read ({cause(error)}): `imagenet-s convert --verify` tells more; make or fetch it again."
        ) from error
