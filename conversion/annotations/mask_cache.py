"""Masks are transcoded once: official RGB PNGs -> 16-bit grey ones in one Arrow file, which is memory-mapped.

Transcoding costs about 3 ms a mask, a minute for the 21,609 of 919 on one core; opening the result costs nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from tqdm import tqdm

from imagenet_s.conversion.annotations.lists import Member
from imagenet_s.conversion.annotations.mask_readers import MaskReader
from imagenet_s.conversion.atomic_write import atomic_write
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.mask_codec import transcode
from imagenet_s.conversion.process_pool import ThreadPool

MASK_SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("png", pa.binary(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
    ]
)
_BATCH = 512
_MAX_THREADS = 8
"""More do not help: about half of the work holds the GIL."""
_DAMAGED_LIMIT = 20

Row = tuple[str, bytes, int, int]


def open_masks(path: str | os.PathLike[str]) -> pa.Table:
    """The cached masks of a split, memory-mapped: cheap to open in every worker process, and shared by them.

    Args:
        path: what `Annotations.masks` returned.

    Returns:
        Columns `image_id` (string), `png` (binary: a 16-bit grey PNG of class ids), `width`, `height` (int32), without
        nulls, in the order of `Annotations.members`. A listed image whose mask `verify=False` allowed to be missing
        has no row.
    """
    return pa.ipc.open_file(pa.memory_map(os.fspath(path))).read_all()


def write_masks(reader: MaskReader, config: str, split: str, members: Sequence[Member], target: Path) -> None:
    """Transcode the masks of some images into an Arrow file. The caller holds the lock of the target.

    Args:
        reader: where the masks are.
        config: whose ids they hold.
        split: `"train_semi"` or `"validation"`.
        members: the rows, each with a mask in the reader.
        target: the file, replaced atomically.

    Raises:
        ImageNetSError: masks that are damaged, not RGB PNGs, or hold ids of another configuration; they are named.
    """
    for abandoned in target.parent.glob(f".{target.name}.*.incomplete"):
        abandoned.unlink()  # by a process that was killed
    with atomic_write(target) as file, pa.ipc.new_file(file, MASK_SCHEMA) as writer:
        for rows in _transcoded(reader, config, split, members):
            columns = [pa.array(column, field.type) for column, field in zip(zip(*rows), MASK_SCHEMA)]
            writer.write_batch(pa.record_batch(columns, schema=MASK_SCHEMA))


def _transcoded(reader: MaskReader, config: str, split: str, members: Sequence[Member]) -> Iterator[list[Row]]:
    names = reader.masks(split)

    def one(member: Member) -> Row | ImageNetSError:
        name = names[member.image_id]
        try:
            return member.image_id, *transcode(reader.read(name), config, reader.describe(name), reader.form)
        except ImageNetSError as error:
            return error

    damaged: list[ImageNetSError] = []
    with (
        # Threads: Pillow and zlib release the GIL while they decode and encode.
        ThreadPool(min(usable_cpus(), _MAX_THREADS)) as pool,
        tqdm(total=len(members), desc=f"Preparing {config} {split} masks", unit="mask", delay=1) as bar,
    ):
        for start in range(0, len(members), _BATCH):
            rows: list[Row] = []
            for result in pool.map(one, members[start : start + _BATCH]):
                if isinstance(result, ImageNetSError):
                    damaged.append(result)
                else:
                    rows.append(result)
                bar.update()
            if len(damaged) >= _DAMAGED_LIMIT:
                break
            if not damaged:
                yield rows
    if len(damaged) == 1:
        raise damaged[0]
    if damaged:
        shown = "\n".join(f"- {error}" for error in damaged[:5])
        more = " or more" if len(damaged) >= _DAMAGED_LIMIT else ""
        raise ImageNetSError(f"{len(damaged)}{more} masks of {reader.path} cannot be used, the first are:\n{shown}")


def usable_cpus() -> int:
    """The cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
