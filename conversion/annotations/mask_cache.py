"""Masks are transcoded once: official RGB PNGs -> 16-bit grey ones in one Arrow file, which is memory-mapped.

Transcoding costs about 3 ms a mask, a minute for the 21,609 of 919 on one core; opening the result costs nothing.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from tqdm import tqdm

from ..core.atomic_write import atomic_write
from ..core.errors import ImageNetSError
from ..core.workers import usable_cpus
from ..masks.codec import Transcoded, transcode
from ..masks.mask_reader import MaskReader
from ..masks.split_masks import SplitMasks
from .lists import Member

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
_NOTES = b"notes"
"""Under this key, the metadata of the last batch has `MaskNotes` as JSON."""
_NAMED = 5
"""Of how many masks that can't be used a message says what is wrong."""

Row = tuple[str, bytes, int, int]


@dataclass(frozen=True)
class MaskNotes:
    """What is to be said of the masks of a split.

    Attributes:
        unusable: image id -> what is wrong with its mask, which has no row: damaged, of another mode, unknown ids.
        blue: ids of the images whose official mask has values in its blue channel, which is not read.
    """

    unusable: dict[str, str] = field(default_factory=dict)
    blue: list[str] = field(default_factory=list)


def cached_masks(path: str | os.PathLike[str]) -> pa.Table:
    """The cached masks of a split, memory-mapped: cheap to open in every worker process, and shared by them.

    Args:
        path: what `Annotations.prepared_masks` returned.

    Returns:
        Columns `image_id` (string), `png` (binary: a 16-bit grey PNG of class ids), `width`, `height` (int32), without
        nulls, in the order of `Annotations.members`. A listed image whose mask `verify=False` allowed to be missing has
        no row, nor has one whose mask can't be used.
    """
    return pa.ipc.open_file(pa.memory_map(os.fspath(path))).read_all()


class CachedMaskReader(MaskReader):
    """Cached masks as a container: named `<wnid>/<image_id>.png`, cheap to open in every process.

    Args:
        path: what `Annotations.prepared_masks` returned.
        wnids: image id -> class folder.
    """

    form = "ids"

    def __init__(self, path: Path, wnids: Mapping[str, str]) -> None:
        super().__init__(path)
        ids = self._table["image_id"].to_pylist()
        self._rows = {f"{wnids[image_id]}/{image_id}.png": row for row, image_id in enumerate(ids)}

    @property
    def names(self) -> list[str]:
        return list(self._rows)

    def read(self, name: str) -> bytes:
        content: bytes = self._table["png"][self._rows[name]].as_py()
        return content

    def stored_in(self, names: Iterable[str]) -> Iterable[str]:
        return [""]

    @functools.cached_property
    def _table(self) -> pa.Table:
        return cached_masks(self.path)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_table"}


def read_notes(path: str | os.PathLike[str]) -> MaskNotes:
    """What is to be said of cached masks."""
    with pa.memory_map(os.fspath(path)) as file, pa.ipc.open_file(file) as reader:
        last = reader.num_record_batches - 1
        metadata = reader.get_batch_with_custom_metadata(last).custom_metadata if last >= 0 else None
        return MaskNotes(**json.loads(metadata[_NOTES])) if metadata and _NOTES in metadata else MaskNotes()


def write_masks(masks: SplitMasks, config: str, split: str, members: Sequence[Member], target: Path) -> None:
    """Transcode the masks of some images into an Arrow file. The caller holds the lock of the target.

    A mask that can't be used has no row; an empty batch at the end, if need be, says what is wrong: see `read_notes`.

    Raises:
        ImageNetSError: no mask can be used.
    """
    for abandoned in target.parent.glob(f".{target.name}.*.incomplete"):
        abandoned.unlink()  # by a process that was killed
    notes = MaskNotes()
    with atomic_write(target) as file, pa.ipc.new_file(file, MASK_SCHEMA) as writer:
        for rows in _transcoded(masks, config, split, members, notes):
            columns = [pa.array(column, kind) for column, kind in zip(zip(*rows), MASK_SCHEMA.types)]
            writer.write_batch(pa.record_batch(columns, schema=MASK_SCHEMA))
        if members and len(notes.unusable) == len(members):
            raise ImageNetSError(unusable_masks(notes.unusable, len(members), str(masks.path)))
        if notes != MaskNotes():
            empty = pa.RecordBatch.from_pylist([], MASK_SCHEMA)
            writer.write_batch(empty, custom_metadata={_NOTES: json.dumps(asdict(notes)).encode()})


def unusable_masks(unusable: Mapping[str, str], of: int, where: str) -> str:
    """Image id -> what is wrong with its mask, as a message: how many of all, and the first five."""
    problems = list(unusable.values())
    shown = f" {problems[0]}" if len(problems) == 1 else "".join(f"\n- {text}" for text in problems[:_NAMED])
    more = f"\n- and {len(unusable) - _NAMED:,} more" if len(unusable) > _NAMED else ""
    return f"{where}: {len(unusable):,} of {of:,} masks can't be used:{shown}{more}"


def _transcoded(
    masks: SplitMasks, config: str, split: str, members: Sequence[Member], notes: MaskNotes
) -> Iterator[list[Row]]:
    def transcoded(member: Member) -> Transcoded | ImageNetSError:
        key = masks.by_id[member.image_id]
        try:
            return transcode(masks.read(key), config, masks.describe(key), masks.reader.form)
        except ImageNetSError as error:
            return error

    with (
        # Threads: Pillow and zlib release the GIL while they decode and encode.
        ThreadPoolExecutor(min(usable_cpus(), _MAX_THREADS)) as pool,
        tqdm(total=len(members), desc=f"Preparing {config} {split} masks", unit="mask", delay=1) as bar,
    ):
        for start in range(0, len(members), _BATCH):
            rows: list[Row] = []
            batch = members[start : start + _BATCH]
            for member, mask in zip(batch, pool.map(transcoded, batch)):
                if isinstance(mask, ImageNetSError):
                    notes.unusable[member.image_id] = str(mask)
                else:
                    rows.append((member.image_id, mask.png, mask.width, mask.height))
                    if mask.blue:
                        notes.blue.append(member.image_id)
                bar.update()
            if rows:
                yield rows
