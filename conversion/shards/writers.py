"""The two forms of a shard: Parquet for the Hub, and Arrow as `datasets.load_from_disk` reads it.

Everything that decides about bytes is fixed here: the same rows give the same file with the same pyarrow.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from imagenet_s.conversion.imagenet.base import IMAGE_TYPE

Format = Literal["parquet", "arrow"]
FORMATS: tuple[Format, ...] = ("parquet", "arrow")

ROWS_PER_GROUP = 100
"""Small enough to stream and to preview, large enough to read quickly: some ten megabytes with images."""
# As `datasets` chooses them: the Hub finds a chunk again in a file that was written anew and stores it once.
CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}


class ShardWriter(Protocol):
    """Takes the rows of one shard."""

    def write(self, table: pa.Table) -> None:
        """Take one row group."""
        ...

    def __enter__(self) -> ShardWriter: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def open_writer(form: Format, sink: Any, schema: pa.Schema) -> ShardWriter:
    """A writer for one shard onto a stream."""
    return ParquetShard(sink, schema) if form == "parquet" else ArrowShard(sink, schema)


def shard_name(form: Format, config: str, split: str, number: int, count: int) -> str:
    """The name of a shard in the repository: `919/train_semi-00000-of-00002.parquet`.

    Arrow shards have the names that `Dataset.save_to_disk` gives: `919/train_semi/data-00000-of-00002.arrow`.
    """
    if form == "parquet":
        return f"{config}/{split}-{number:05d}-of-{count:05d}.parquet"
    return f"{config}/{split}/data-{number:05d}-of-{count:05d}.arrow"


def data_files(form: Format, config: str, split: str, count: int) -> str:
    """The pattern that names exactly the shards of a split; older ones of another number are not among them."""
    return shard_name(form, config, split, 0, count).replace("-00000-of-", "-*-of-")


class ParquetShard:
    """Row groups of 100 rows; image bytes as they are, everything else compressed.

    Compressing JPEGs and PNGs again costs time and gains nothing; a dictionary of them would be a copy of them.
    """

    def __init__(self, sink: Any, schema: pa.Schema) -> None:
        images = [field.name for field in schema if field.type == IMAGE_TYPE]
        plain = [f"{name}.{field}" for name in images for field in ("bytes", "path")]
        others = [name for name in schema.names if name not in images]
        options: dict[str, Any] = {}
        # Since pyarrow 21; without it a changed file is simply stored anew.
        if "use_content_defined_chunking" in inspect.signature(pq.ParquetWriter.__init__).parameters:
            options["use_content_defined_chunking"] = CHUNKING
        self._writer = pq.ParquetWriter(
            sink,
            schema,
            version="2.6",
            compression={name: "NONE" if name in plain else "ZSTD" for name in (*plain, *others)},
            use_dictionary=[name for name in others if name != "image_id"],
            write_statistics=others,
            write_page_index=True,
            **options,
        )
        if options:
            self._writer.add_key_value_metadata({"content_defined_chunking": json.dumps(CHUNKING)})

    def write(self, table: pa.Table) -> None:
        """Write one row group."""
        self._writer.write_table(table, row_group_size=ROWS_PER_GROUP)

    def __enter__(self) -> ParquetShard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Closing writes the footer, which is of no use to a file that is thrown away.
        if kind is None:
            self._writer.close()


class ArrowShard:
    """The stream form of Arrow, uncompressed, which `load_from_disk` maps into memory."""

    def __init__(self, sink: Any, schema: pa.Schema) -> None:
        self._writer = pa.ipc.new_stream(sink, schema)

    def write(self, table: pa.Table) -> None:
        """Write one record batch."""
        self._writer.write_table(table.combine_chunks())

    def __enter__(self) -> ArrowShard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self._writer.close()


def row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of `ROWS_PER_GROUP`, the last one smaller; holds about one group at a time."""
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        if count >= ROWS_PER_GROUP:
            together = pa.concat_tables(waiting)
            whole = count - count % ROWS_PER_GROUP
            for start in range(0, whole, ROWS_PER_GROUP):
                yield together.slice(start, ROWS_PER_GROUP)
            waiting, count = [together.slice(whole)] if count > whole else [], count - whole
    if count:
        yield pa.concat_tables(waiting)
