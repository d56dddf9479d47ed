"""Beginning a split: what an earlier run left is gone on with, refused, or cleared away."""

from __future__ import annotations

from collections.abc import Sequence

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.shards.index import Index, write_index
from imagenet_s.conversion.shards.resume import Record, read_record, refuse_change, write_record
from imagenet_s.conversion.shards.shard_job import WORKING_FOLDER
from imagenet_s.conversion.shards.storage import INCOMPLETE, Place


def begin_split(place: Place, index: Index, record: Record, restart: bool) -> Index:
    """Compare a plan with an earlier run's, and keep it.

    Returns:
        The index, without the split where it is written anew.

    Raises:
        ImageNetSError: the earlier run differs, and `restart` is not set.
    """
    earlier = read_record(place, record.config, record.split)
    if earlier == record:
        return index
    if earlier is not None and not restart:
        refuse_change(earlier, record, place)
    there = index.configs[record.config].splits.get(record.split) if record.config in index.configs else None
    if there is not None and earlier is None and not restart:
        raise ImageNetSError(
            f"{place.url} holds {record.config} {record.split}, but no longer how it was made ({WORKING_FOLDER}/): "
            f"convert into another folder, or pass restart=True (--restart) to write this split anew."
        )
    if earlier is not None or there is not None:
        # What goes first is what vouches for the rest.
        if there is not None:
            index = index.without_split(record.config, record.split)
            write_index(place, index)
        _forget(place, record.config, record.split)
    write_record(place, record)
    return index


def _forget(place: Place, config: str, split: str) -> None:
    for folder in _folders(config, [split]):
        for prefix in (f"{WORKING_FOLDER}/", ""):
            for name in place.names(f"{prefix}{folder}"):
                if name.rpartition("/")[2].startswith((f"{split}-", "data-")):
                    place.discard(name)


def sweep(place: Place, config: str, splits: Sequence[str]) -> None:
    """Remove what killed workers left behind."""
    folders = _folders(config, splits)
    for folder in ("", WORKING_FOLDER, *folders, *(f"{WORKING_FOLDER}/{one}" for one in folders)):
        for name in place.names(folder):
            if name.endswith(INCOMPLETE):
                place.discard(name)


def _folders(config: str, splits: Sequence[str]) -> list[str]:
    """Where the shards of some splits lie, in either format."""
    return [config, *(f"{config}/{split}" for split in splits)]
