"""One shard: the unit of work. A job is small, can be pickled, and does the same wherever and however often it runs."""

from __future__ import annotations

import dataclasses
import functools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import datasets
import pyarrow as pa

from imagenet_s.conversion import examples as _rows
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.imagenet.base import ImageReader
from imagenet_s.conversion.shards.hashing_file import HashingSink
from imagenet_s.conversion.shards.storage import Place, open_place, write_whole
from imagenet_s.conversion.shards.writers import Format, open_writer, row_groups, shard_name

WORKING_FOLDER = ".imagenet-s"
"""Plans, marks and the lock, inside the output; never uploaded."""

stop = threading.Event()
"""Set in a process whose orders come to an end: the shard being written is given up at the next row group."""


class StoppedError(Exception):
    """The conversion is being stopped."""


@dataclass(frozen=True)
class Written:
    """What a mark says of a finished shard."""

    file: str
    rows: int
    bytes: int
    sha256: str
    num_bytes: int
    """The size of the rows in memory, as `datasets` counts it."""


@dataclass(frozen=True)
class ShardJob:
    """Everything that a process anywhere needs to write one shard.

    Attributes:
        out: the place of the result.
        rows: the rows of the plan, as an Arrow stream: pickled tables would carry the whole split.
        images: whether the column `image` is written.
        pyarrow: the version whose files the others are; two versions may write the same rows differently.
    """

    out: str
    form: Format
    config: str
    split: str
    number: int
    count: int
    images: bool
    part: ImageReader
    masks: str | None
    rows: bytes
    num_rows: int
    size: int
    pyarrow: str

    @property
    def name(self) -> str:
        """The shard's name in the repository."""
        return shard_name(self.form, self.config, self.split, self.number, self.count)


def shard_features(config: str, images: bool) -> datasets.Features:
    """The columns of the shards: those of the builder, perhaps without `image`."""
    features = _rows.features(config)
    return features if images else datasets.Features({k: v for k, v in features.items() if k != "image"})


@functools.cache
def shard_schema(config: str, images: bool) -> pa.Schema:
    """`shard_features` as Arrow has them, `datasets`' metadata included: a thousand names that are spelt out once."""
    return shard_features(config, images).arrow_schema


def packed(rows: pa.Table) -> bytes:
    """Rows as an Arrow stream that holds nothing but them."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue().to_pybytes()


def write_shard(job: ShardJob, stop: threading.Event = stop) -> Written:
    """Write one shard aside, sync it, give it its name, and mark it as done.

    Args:
        job: what to write.
        stop: give up at the next row group once this is set.

    Raises:
        ImageNetSError: an image or a mask is wrong; nothing is left behind.
        OSError: the disk is full, say; nothing is left behind.
        StoppedError: `stop` was set; nothing is left behind.
    """
    if pa.__version__ != job.pyarrow:
        raise ImageNetSError(
            f"a worker has pyarrow {pa.__version__}, the conversion was planned with {job.pyarrow}: the files would "
            f"differ; install the same version everywhere."
        )
    place = open_place(job.out)
    with place.readable_errors():
        return _write(job, place, stop)


def _write(job: ShardJob, place: Place, stop: threading.Event) -> Written:
    file, aside = place.create(job.name)
    try:
        with (
            HashingSink(file, job.size) as sink,
            open_writer(job.form, sink, shard_schema(job.config, job.images)) as writer,
        ):
            rows, num_bytes = 0, 0
            for table in row_groups(_tables(job)):
                if stop.is_set():
                    raise StoppedError
                writer.write(table)
                sink.check()
                rows += table.num_rows
                num_bytes += table.nbytes
        if rows != job.num_rows:
            raise ImageNetSError(f"{job.name}: {job.num_rows:,} rows were planned, {rows:,} came from {job.part!r}.")
        written = Written(job.name, rows, sink.size, sink.sha256, num_bytes)
        place.publish(aside, job.name)
        write_whole(place, mark_name(job.name), json.dumps(dataclasses.asdict(written), indent=1).encode())
        return written
    finally:
        place.discard(aside)


def mark_name(shard: str) -> str:
    """Where the mark of a shard lies."""
    return f"{WORKING_FOLDER}/{shard}.done"


def read_mark(place: Place, shard: str) -> Written | None:
    """What the mark of a shard says; None where there is none, or where the shard is gone or has another size."""
    data = place.read(mark_name(shard))
    if data is None:
        return None
    written = Written(**json.loads(data))
    return written if place.size(shard) == written.bytes else None


def _tables(job: ShardJob) -> Iterator[pa.Table]:
    rows = pa.ipc.open_stream(job.rows).read_all()
    schema = shard_schema(job.config, job.images)
    for table in _rows.generate(rows, job.part, job.masks, examine=job.images):
        yield table.select(schema.names).cast(schema)
