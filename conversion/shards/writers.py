"""Writers of a shard: Parquet for the Hub, and Arrow as `datasets.load_from_disk` reads it.

Everything that decides about bytes is fixed here: the same rows give the same file with the same pyarrow.
"""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..converted.columns import IMAGE_TYPE
from ..converted.dataset_index import Format

ROWS_PER_GROUP = 100
"""Small enough to stream and to preview, large enough to read quickly: some ten megabytes with images."""
# As `datasets` chooses them: the Hub finds a chunk again in a file that was written again, and stores it once.
CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}


@contextlib.contextmanager
def open_writer(form: Format, sink: Any, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """A function that writes one row group (or record batch) of a shard to a stream.

    Left by an exception, no footer is written: nobody uses the file.
    """
    if form == "parquet":
        parquet = _parquet_writer(sink, schema)
        yield lambda table: parquet.write_table(table, row_group_size=ROWS_PER_GROUP)
        parquet.close()
    else:
        stream = pa.ipc.new_stream(sink, schema)
        yield lambda table: stream.write_table(table.combine_chunks())
        stream.close()


def shard_name(form: str, config: str, split: str, number: int, count: int) -> str:
    """The name of a shard in the repository: `919/train_semi-00000-of-00002.parquet`.

    Arrow shards have the names that `Dataset.save_to_disk` gives: `919/train_semi/data-00000-of-00002.arrow`.
    """
    if form == "parquet":
        return f"{config}/{split}-{number:05d}-of-{count:05d}.parquet"
    return f"{config}/{split}/data-{number:05d}-of-{count:05d}.arrow"


def data_files(form: Format, config: str, split: str, count: int) -> str:
    """The pattern that matches exactly the shards of a split; older ones of another number are not among them."""
    return shard_name(form, config, split, 0, count).replace("-00000-of-", "-*-of-")


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


def _parquet_writer(sink: Any, schema: pa.Schema) -> pq.ParquetWriter:
    """Image bytes are stored as they are, everything else is compressed.

    Compressing JPEGs and PNGs again costs time and gains nothing; a dictionary of them would be a copy of them.
    """
    images = [field.name for field in schema if field.type == IMAGE_TYPE]
    plain = [f"{name}.{field}" for name in images for field in ("bytes", "path")]
    others = [name for name in schema.names if name not in images]
    options: dict[str, Any] = {}
    # Since pyarrow 21; without it a changed file is simply stored again.
    if "use_content_defined_chunking" in inspect.signature(pq.ParquetWriter.__init__).parameters:
        options["use_content_defined_chunking"] = CHUNKING
    writer = pq.ParquetWriter(
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
        writer.add_key_value_metadata({"content_defined_chunking": json.dumps(CHUNKING)})
    return writer
