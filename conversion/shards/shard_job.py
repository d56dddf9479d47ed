"""`ShardJob`: one shard, the unit of work. Small, can be pickled, and gives the same bytes wherever it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from ..converted.columns import arrow_schema
from ..converted.dataset_index import Format, ShardInfo
from ..core import workers
from ..core.errors import ImageNetSError
from ..dataset.examples import generate
from ..imagenet.image_reader import ImageReader
from .hashing_file import HashingFile
from .resume import write_marker
from .storage import Storage, open_storage
from .writers import open_writer, row_groups


class StoppedError(Exception):
    """The conversion is being stopped."""


@dataclass(frozen=True)
class ShardJob:
    """Everything that a process anywhere needs to write one shard.

    Attributes:
        out: the address of the storage.
        name: the shard's name there.
        reader: reads the images; None for a data set without the column `image`.
        rows: the rows of the plan, as an Arrow stream: pickled tables would carry the whole split.
        size: about how many bytes the shard will have.
        pyarrow: the version that the conversion was planned with; two versions may write the same rows differently.
    """

    out: str
    name: str
    form: Format
    config: str
    reader: ImageReader | None
    masks: str | None
    rows: bytes
    num_rows: int
    size: int
    pyarrow: str


def pack_rows(rows: pa.Table) -> bytes:
    """Rows as an Arrow stream that holds nothing else."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue().to_pybytes()


def write_shard(job: ShardJob, stop: threading.Event = workers.stop) -> ShardInfo:
    """Write one shard, and then its completion marker. After an error nothing of it remains.

    Raises:
        ImageNetSError: an image or a mask is wrong.
        OSError: the disk is full, say.
        StoppedError: `stop` was set.
    """
    if pa.__version__ != job.pyarrow:
        raise ImageNetSError(
            f"a worker has pyarrow {pa.__version__}, the conversion was planned with {job.pyarrow}: the files would "
            f"differ; install the same version everywhere."
        )
    storage = open_storage(job.out)
    with storage.readable_errors():
        return _write(job, storage, stop)


def _write(job: ShardJob, storage: Storage, stop: threading.Event) -> ShardInfo:
    schema = arrow_schema(job.config, job.reader is not None)
    rows, num_bytes = 0, 0
    with storage.create(job.name) as file:
        with HashingFile(file) as sink, open_writer(job.form, sink, schema) as write:
            for table in row_groups(_tables(job, schema)):
                if stop.is_set():
                    raise StoppedError
                write(table)
                sink.check()
                rows += table.num_rows
                num_bytes += table.nbytes
        if rows != job.num_rows:
            raise ImageNetSError(f"{job.name}: {job.num_rows:,} rows were planned, {rows:,} came from {job.reader!r}.")
    info = ShardInfo(job.name, rows, sink.size, sink.sha256, num_bytes)
    write_marker(storage, info)
    return info


def _tables(job: ShardJob, schema: pa.Schema) -> Iterator[pa.Table]:
    rows = pa.ipc.open_stream(job.rows).read_all()
    for table in generate(rows, job.reader, job.masks, inspect=job.reader is not None, as_bytes=True):
        yield table.select(schema.names).cast(schema)
