"""Masks made ready once: official RGB PNGs -> 16-bit grey ones in one Arrow file, which is memory-mapped.

Transcoding costs about 3 ms a mask, a minute for the 21,609 of 919 on one core; opening the result costs nothing.
The file is written aside, synced and renamed, so that what has its name is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa
from tqdm import tqdm

from imagenet_s.conversion.annotations.lists import Member
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.mask_codec import keep_png16, transcode

MASK_SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("png", pa.binary(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
    ]
)
_BATCH = 512
_MOST_THREADS = 8
"""More do not help: about half of the work holds Python's lock."""
_ENOUGH_DAMAGE = 20

Row = tuple[str, bytes, int, int]


class MaskSource(Protocol):
    """Where masks are read from: a zip, a folder, or a converted data set."""

    path: Path
    form: Literal["official", "ids"]
    """What `read` gives: an official RGB PNG, or a 16-bit grey one of ids."""

    def folders(self, split: str) -> dict[str, str]: ...
    def read(self, split: str, image_id: str) -> bytes: ...
    def name_of(self, split: str, image_id: str) -> str: ...
    def identity(self, split: str) -> str: ...
    def __enter__(self) -> MaskSource: ...
    def __exit__(self, *error: object) -> None: ...


def open_masks(path: str | os.PathLike[str]) -> pa.Table:
    """The prepared masks of a split, memory-mapped: cheap to open in every worker process, and shared by them.

    Args:
        path: what `Annotations.masks` returned.

    Returns:
        Columns `image_id` (string), `png` (binary: a 16-bit grey PNG of class ids), `width`, `height` (int32), without
        nulls, in the order of `Annotations.members`. A listed image whose mask `verify=False` allowed to be missing
        has no row.
    """
    return pa.ipc.open_file(pa.memory_map(os.fspath(path))).read_all()


def write_masks(source: MaskSource, config: str, split: str, members: Sequence[Member], target: Path) -> None:
    """Transcode the masks of some images into an Arrow file. The caller holds the lock of the target.

    Args:
        source: where the masks are.
        config: whose ids they hold.
        split: `"train_semi"` or `"validation"`.
        members: the rows, each with a mask in the source.
        target: the file, replaced as a whole.

    Raises:
        ImageNetSError: masks that are damaged, not RGB PNGs, or hold ids of another configuration; they are named.
    """
    aside = target.with_name(f"{target.name}.incomplete")
    try:
        with pa.OSFile(str(aside), "wb") as file, pa.ipc.new_file(file, MASK_SCHEMA) as writer:
            for rows in _transcoded(source, config, split, members):
                columns = [pa.array(column, field.type) for column, field in zip(zip(*rows), MASK_SCHEMA)]
                writer.write_batch(pa.record_batch(columns, schema=MASK_SCHEMA))
        with aside.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def _transcoded(source: MaskSource, config: str, split: str, members: Sequence[Member]) -> Iterator[list[Row]]:
    take = transcode if source.form == "official" else keep_png16

    def one(member: Member) -> Row | ImageNetSError:
        image_id = member.image_id
        try:
            return image_id, *take(source.read(split, image_id), config, source.name_of(split, image_id))
        except ImageNetSError as error:
            return error

    damaged: list[ImageNetSError] = []
    with (
        # Threads: Pillow and zlib let go of Python's lock while they decode and encode.
        ThreadPoolExecutor(min(usable_cpus(), _MOST_THREADS)) as pool,
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
            if len(damaged) >= _ENOUGH_DAMAGE:
                break
            if not damaged:
                yield rows
    if len(damaged) == 1:
        raise damaged[0]
    if damaged:
        shown = "\n".join(f"- {error}" for error in damaged[:5])
        more = " or more" if len(damaged) >= _ENOUGH_DAMAGE else ""
        raise ImageNetSError(f"{len(damaged)}{more} masks of {source.path} cannot be used, the first are:\n{shown}")


def usable_cpus() -> int:
    """The cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
