"""What was planned, kept beside the result: a second run goes on only with the very same plan."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.shards.shard_job import WORKING_FOLDER
from imagenet_s.conversion.shards.storage import Place, write_whole
from imagenet_s.conversion.shuffling import ORDER_SEED

LAYOUT = 2
"""Raise it when the same plan gives other bytes."""


@dataclass(frozen=True)
class Record:
    """Everything that decides about the bytes of a split's shards."""

    config: str
    split: str
    form: str
    images: bool
    max_shard_size: int
    shards: int
    rows: int
    rows_digest: str
    """Of ids, categories and folders, in order."""
    source_digest: str
    """Of sizes and times of the files that hold the images."""
    masks_digest: str
    order_seed: int
    pyarrow: str
    layout: int


_WORDS = {
    "form": "format",
    "images": "with images",
    "max_shard_size": "max_shard_size",
    "shards": "number of shards",
    "rows": "number of images",
    "rows_digest": "images, their order or their classes",
    "source_digest": "sizes or times of the image files",
    "masks_digest": "masks",
    "order_seed": "seed of the order",
    "pyarrow": "version of pyarrow",
    "layout": "version of the shards' layout",
}


def make_record(
    *,
    config: str,
    split: str,
    form: str,
    images: bool,
    max_shard_size: int,
    shards: int,
    rows: pa.Table,
    source: str,
    masks: str | None,
) -> Record:
    """The record of a planned split; `source` is `Measure.identity`, `masks` the file of prepared masks."""
    return Record(
        config=config,
        split=split,
        form=form,
        images=images,
        max_shard_size=max_shard_size,
        shards=shards,
        rows=rows.num_rows,
        rows_digest=_rows_digest(rows),
        source_digest=source,
        masks_digest=_file_digest(masks) if masks is not None else "",
        order_seed=ORDER_SEED,
        pyarrow=pa.__version__,
        layout=LAYOUT,
    )


def read_record(place: Place, config: str, split: str) -> Record | None:
    """What an earlier run planned; None where there was none."""
    data = place.read(_name(config, split))
    return Record(**json.loads(data)) if data is not None else None


def write_record(place: Place, record: Record) -> None:
    """Keep a plan, before the first shard is written."""
    data = json.dumps(dataclasses.asdict(record), indent=1).encode()
    write_whole(place, _name(record.config, record.split), data)


def refuse_change(earlier: Record, now: Record, place: Place) -> None:
    """Compare a plan with the one that the shards in `place` were begun with.

    Raises:
        ImageNetSError: they differ; the message says in what.
    """
    changes = [
        f"{words}: {_show(getattr(earlier, field))} then, {_show(getattr(now, field))} now"
        for field, words in _WORDS.items()
        if getattr(earlier, field) != getattr(now, field)
    ]
    if changes:
        raise ImageNetSError(
            f"{place.url} holds shards of {now.config} {now.split} from an earlier run, which differs: "
            f"{'; '.join(changes)}. Run it as it was begun to go on, convert into another folder, or pass restart=True "
            f"(--restart) to write this split anew."
        )


def _name(config: str, split: str) -> str:
    return f"{WORKING_FOLDER}/{config}/{split}.json"


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return value[:12] or "none" if isinstance(value, str) else str(value)


def _rows_digest(rows: pa.Table) -> str:
    digest = hashlib.sha256()
    for name in ("image_id", "wnid"):
        text = rows[name].cast(pa.string()).to_pylist()
        digest.update("\n".join(text).encode())
    categories: NDArray[np.int64] = rows["category"].to_numpy().astype("<i8")
    digest.update(categories.tobytes())
    return digest.hexdigest()


def _file_digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
