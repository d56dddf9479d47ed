"""Resuming a conversion: what a run keeps beside the result, and how the next one uses it.

In `.imagenet-s/`, inside the output and never uploaded, lie the plan of each split (`50/train.json`), a completion
marker for each shard (`50/train-00000-of-00004.parquet.done`), `files.json` (`written_files`) and a lock. A run writes
the plan before the first shard and a marker after each. The next run goes through the same planning; where its plan is
equal it writes only the shards without a marker, where it differs it refuses, or with `restart` removes the split
first. A marker that can't be read is no marker, a plan that can't be read differs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ..converted.dataset_index import FORMATS, Index, Record, ShardInfo, from_json
from ..core.atomic_write import is_temporary
from ..core.errors import ImageNetSError
from ..core.locks import locked
from ..core.shuffling import ORDER_SEED
from .storage import LocalStorage, Storage
from .writers import shard_name

SHARD_LAYOUT = 4
"""Raise it when the same plan gives other bytes."""
WORKING_FOLDER = ".imagenet-s"


@dataclass(frozen=True)
class PlanRecord:
    """Everything that decides about the bytes of a split's shards.

    Attributes:
        max_shard_size: in bytes.
        shards: their number.
        rows: the number of images.
        rows_digest: of ids, categories, class folders and labels, in order; see `rows_digest`.
        source_digest: of sizes and times of the files that hold the images; see `Measure.identity`.
        masks_digest: of the file of cached masks.
    """

    config: str
    split: str
    form: str
    images: bool
    max_shard_size: int
    shards: int
    rows: int
    rows_digest: str
    source_digest: str
    masks_digest: str
    order_seed: int = ORDER_SEED
    pyarrow: str = pa.__version__
    layout: int = SHARD_LAYOUT


_WORDS = {
    "form": "format",
    "images": "with images",
    "max_shard_size": "max_shard_size (--max-shard-size)",
    "shards": "number of shards",
    "rows": "number of images",
    "rows_digest": "images, their order or their classes",
    "source_digest": "sizes or times of the image files",
    "masks_digest": "masks",
    "order_seed": "seed of the order",
    "pyarrow": "version of pyarrow",
    "layout": "version of the shards' layout",
}


def rows_digest(rows: pa.Table) -> str:
    """A digest of the ids, class folders, categories and ImageNet's labels of planned rows."""
    digest = hashlib.sha256()
    for name in ("image_id", "wnid"):
        digest.update("\n".join(rows[name].cast(pa.string()).to_pylist()).encode())
    digest.update(rows["category"].to_numpy().astype("<i8").tobytes())
    digest.update(rows["imagenet_label"].fill_null(-1).to_numpy().astype("<i8").tobytes())
    return digest.hexdigest()


def must_rewrite(storage: Storage, index: Index, record: PlanRecord, restart: bool) -> bool:
    """Compare a plan with that of an earlier run.

    Returns:
        Whether the split is to be written from the beginning; False where the earlier run can be resumed.

    Raises:
        ImageNetSError: the earlier run differs, and `restart` is not set; the message says in what.
    """
    name = _record_name(record.config, record.split)
    data = storage.read(name)
    earlier = _parse_plan(data)
    if earlier == record:
        return False
    if restart:
        return True
    if data is not None and earlier is None:
        raise ImageNetSError(
            f"{storage.url}/{name}, the plan of an earlier run, can't be read: it is damaged, or of another version of "
            f"imagenet-s. Convert into another folder, or pass restart=True (--restart) to write {record.config} "
            f"{record.split} from the beginning."
        )
    if earlier is not None:
        changes = [
            f"{words}: {_show(getattr(earlier, field))} then, {_show(getattr(record, field))} now"
            for field, words in _WORDS.items()
            if getattr(earlier, field) != getattr(record, field)
        ]
        raise ImageNetSError(
            f"{storage.url} holds shards of {record.config} {record.split} from an earlier run, which differs: "
            f"{'; '.join(changes)}. Run it with the same arguments and source to resume it, convert into another "
            "folder, or pass restart=True (--restart) to write this split from the beginning."
        )
    if index.has_split(record.config, record.split):
        raise ImageNetSError(
            f"{storage.url} holds {record.config} {record.split}, but no longer how it was made ({WORKING_FOLDER}/): "
            f"convert into another folder, or pass restart=True (--restart) to write this split from the beginning."
        )
    return True


def shards_of_earlier_runs(storage: Storage, index: Index, config: str, split: str) -> set[str]:
    """The names of all shards of a split that earlier runs wrote or were about to write: no other file is ours."""
    shards = set()
    if index.has_split(config, split):
        shards |= {shard.file for shard in index.configs[config].splits[split].shards}
    data = storage.read(_record_name(config, split))
    if (earlier := _parse_plan(data)) is not None:
        shards |= {shard_name(earlier.form, config, split, n, earlier.shards) for n in range(earlier.shards)}
    parquet, arrow = (shard_name(form, config, split, 0, 1).rpartition("/") for form in FORMATS)
    for folder, _, example in (parquet, arrow):
        pattern = re.compile(re.sub(r"\d{5}", r"\\d{5}", re.escape(example)))
        marked = [name.removesuffix(_DONE) for name in _names(storage, f"{WORKING_FOLDER}/{folder}", _DONE)]
        # Of a plan that can't be read only the names of its shards are known.
        planned = _names(storage, folder) if data is not None and earlier is None else []
        shards |= {f"{folder}/{name}" for name in (*marked, *planned) if pattern.fullmatch(name)}
    return shards


def start_split(storage: Storage, index: Index, record: PlanRecord) -> None:
    """Remove the shards and markers of an earlier run, and write the plan of this one."""
    for name in sorted(shards_of_earlier_runs(storage, index, record.config, record.split)):
        # The shard first: without its marker it would look like a file of somebody else.
        storage.remove(name)
        storage.remove(_marker_name(name))
        if record.form != "arrow":
            storage.remove_folder(_marker_name(name).rpartition("/")[0])
    storage.write(_record_name(record.config, record.split), _json(record))


def write_marker(storage: Storage, shard: ShardInfo) -> None:
    """Mark a shard as complete."""
    storage.write(_marker_name(shard.file), _json(shard))


def read_marker(storage: Storage, shard: str) -> ShardInfo | None:
    """What the marker of a shard says; None without one that can be read, or where the shard is not as it says."""
    info = _parse(ShardInfo, storage.read(_marker_name(shard)))
    return info if info is not None and info.file == shard and storage.size(shard) == info.bytes else None


def remove_incomplete(storage: Storage, config: str, splits: Sequence[str]) -> None:
    """Remove the unfinished files of workers that were killed."""
    folders = _folders(config, splits)
    for folder in ("", WORKING_FOLDER, *folders, *(f"{WORKING_FOLDER}/{name}" for name in folders)):
        for name in storage.names(folder):
            if is_temporary(name.rpartition("/")[2]):
                storage.remove(name)


@contextlib.contextmanager
def exclusive(storage: Storage) -> Iterator[None]:
    """Refuse a second conversion into the same folder; at an address no lock can be held.

    Raises:
        ImageNetSError: another one is running.
    """
    if not isinstance(storage, LocalStorage):
        yield
        return
    with locked(Path(storage.url, WORKING_FOLDER, "lock"), f"converts into {storage.url}", wait=False):
        yield


def _folders(config: str, splits: Sequence[str]) -> list[str]:
    """Where the shards of some splits lie, in either format."""
    return [config, *(f"{config}/{split}" for split in splits)]


def _record_name(config: str, split: str) -> str:
    return f"{WORKING_FOLDER}/{config}/{split}.json"


_DONE = ".done"


def _marker_name(shard: str) -> str:
    return f"{WORKING_FOLDER}/{shard}{_DONE}"


def _names(storage: Storage, folder: str, ending: str = "") -> list[str]:
    """The names of the files in a folder, without it."""
    return [base for name in storage.names(folder) if (base := name.rpartition("/")[2]).endswith(ending)]


def _parse_plan(data: bytes | None) -> PlanRecord | None:
    """A plan from its file; None also where it has a number of shards that no names exist for."""
    plan = _parse(PlanRecord, data)
    return plan if plan is not None and 0 < plan.shards < _MAX_SHARDS else None


_MAX_SHARDS = 100_000
"""Five digits in a name."""


def _parse(kind: type[Record], data: bytes | None) -> Record | None:
    """A record from its file; None where there is none, or one that no run of this version wrote."""
    try:
        return from_json(kind, json.loads(data)) if data is not None else None
    except (ValueError, RecursionError):
        return None


def _json(record: PlanRecord | ShardInfo) -> bytes:
    return json.dumps(dataclasses.asdict(record), indent=1).encode()


def _show(value: bool | int | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else " ".join(value.split())[:12] or "none"
