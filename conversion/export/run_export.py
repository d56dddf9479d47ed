"""`export_masks`: open the masks, encode them in several processes, write each split under a temporary name first."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import logging
import os
import re
import shutil
import uuid
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pyarrow as pa
from tqdm import tqdm

from ..annotations import cached_masks
from ..core.atomic_write import named_if_full
from ..core.cache import file_digest
from ..core.errors import ImageNetSError
from ..core.locks import folder_locked
from ..core.paths import local_path
from ..core.read_only_sources import refuse_overlap
from ..core.workers import ProcessPool, exit_if_importing_main
from ..facts import ANNOTATED_SPLITS, CONFIG_NAMES
from ..facts.spellings import OnMissing, on_missing_policy, split_list
from ..imagenet.data_dir import resolve_data_dir
from ..masks.codec import decode_mask
from .export_format import ExportFormat, Ids
from .mask_set import MaskRow, MaskSet, open_mask_set
from .yolo import DATA_YAML, Yolo

logger = logging.getLogger("imagenet_s")

RECORD = "export.json"
"""In the folder of every finished split: what it is."""
Encode = Callable[[MaskRow, Ids], Any]
_CHUNK = 64
_CHUNKS_AHEAD = 4
"""Chunks a worker that may wait to be written."""


@dataclasses.dataclass(frozen=True)
class ExportedSplit:
    """A split of a result.

    Attributes:
        images: how many masks it has.
        folder: where it is.
        kept: whether an earlier run had finished it.
    """

    split: str
    images: int
    folder: str
    kept: bool


def export_masks(
    dataset: str | os.PathLike[str],
    out: str | os.PathLike[str],
    form: ExportFormat,
    splits: str | Sequence[str] = ("validation",),
    *,
    workers: int = 1,
    annotations_dir: str | os.PathLike[str] | None = None,
    on_missing: OnMissing = "error",
    verify: bool = True,
) -> list[ExportedSplit]:
    """Write the masks of some splits in a form that other tools read, each to `OUT/<split>`.

    A split is there whole or not at all: an interrupted one is started again by the same call, a finished one is kept.

    Args:
        dataset: ImageNet, an official tree, what `imagenet-s convert` wrote, or masks alone: annotations in any form, a
            folder or zip of `<wnid>/<image_id>.png`.
        out: a folder, made if it is not there. What else lies in it stays; splits of an earlier call with the same form
            are kept.
        form: `Coco("919")`, `AlphaClip("919")`, `Yolo("919")`, `Foreground("919")`, `RleCsv("919")`,
            `Composites("919", ("object",))`.
        splits: `"train_semi"`, `"validation"` or both, in any spelling; a single name counts as a list of one.
        workers: processes.
        annotations_dir: where the masks of an ImageNet are, as for the builder.
        on_missing: what an ImageNet that lacks images and masks that can't be used get.
        verify: checksums and official counts.

    Raises:
        ImageNetSError: masks or images are missing or damaged, something else is in the way in `out`, or it lies in
            `dataset`, where masks would be taken for images.
    """
    exit_if_importing_main()
    on_missing_policy(on_missing)
    if workers < 1:
        raise ImageNetSError(f"workers={workers} (--workers): at least one is needed.")
    splits = split_list(splits, form.config)
    folder = Path(local_path(out, "OUT")).absolute()
    data_dir = resolve_data_dir(dataset)
    refuse_overlap(os.fspath(folder), [data_dir.root], "OUT")
    _refuse_foreign(folder, form)
    sets = [open_mask_set(data_dir, form.config, split, annotations_dir, on_missing, verify) for split in splits]
    folder.mkdir(parents=True, exist_ok=True)
    with folder_locked(folder, f"writes {folder}") as alone:
        _refuse_foreign(folder, form)
        done = [_export_split(masks, folder, form, workers, alone) for masks in sets]
        form.describe(folder, [split for split in ANNOTATED_SPLITS if (folder / split).is_dir()])
    return done


def _export_split(masks: MaskSet, out: Path, form: ExportFormat, workers: int, alone: bool) -> ExportedSplit:
    folder = out / masks.split
    record = {
        "format": form.name,
        # As it is read again: JSON has lists for tuples.
        **json.loads(json.dumps(dataclasses.asdict(form))),
        "split": masks.split,
        "images": len(masks.rows),
        "source": _digest(masks),
    }
    if folder.exists():
        if _record(folder) != record:
            raise ImageNetSError(
                f"{folder} was exported from other masks or with other options: remove it to have it written again, "
                "or give another OUT."
            )
        return ExportedSplit(masks.split, len(masks.rows), str(folder), kept=True)
    # Without a lock, another process may be writing its own: each has a folder, and the last to finish is told.
    temporary = out / (_incomplete(masks.split) if alone else f"{_incomplete(masks.split)}-{uuid.uuid4().hex[:12]}")
    if temporary.exists():
        shutil.rmtree(temporary)
    temporary.mkdir(parents=True)
    try:
        encode = form.encoder(masks, temporary)
        with named_if_full(folder), contextlib.closing(_encoded(encode, masks, workers)) as encoded:
            form.write(temporary, masks, encoded)
        (temporary / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        os.rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return ExportedSplit(masks.split, len(masks.rows), str(folder), kept=False)


def _encoded(encode: Encode, masks: MaskSet, workers: int) -> Generator[tuple[MaskRow, Any], None, None]:
    """Every row in order, with what the form makes of it."""
    chunks = [masks.rows[i : i + _CHUNK] for i in range(0, len(masks.rows), _CHUNK)]
    with (
        tqdm(total=len(masks.rows), desc=f"exporting {masks.split}", unit="mask", delay=1) as bar,
        contextlib.closing(_in_order(encode, masks.masks, chunks, min(workers, len(chunks)))) as pieces,
    ):
        for chunk, results in pieces:
            yield from zip(chunk, results)
            bar.update(len(chunk))


def _in_order(
    encode: Encode, masks: str, chunks: list[tuple[MaskRow, ...]], workers: int
) -> Generator[tuple[tuple[MaskRow, ...], list[Any]], None, None]:
    if workers <= 1:
        for chunk in chunks:
            yield chunk, _encode_all(encode, masks, chunk)
        return
    with ProcessPool(workers) as pool:
        waiting: deque[tuple[tuple[MaskRow, ...], Future[list[Any]]]] = deque()
        for chunk in chunks:
            waiting.append((chunk, pool.submit(_encode_all, encode, masks, chunk)))
            if len(waiting) >= _CHUNKS_AHEAD * workers:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _encode_all(encode: Encode, masks: str, rows: tuple[MaskRow, ...]) -> list[Any]:
    pngs = _open(masks)["png"]
    return [encode(row, decode_mask(pngs[row.mask_row].as_py(), name=row.image_id)) for row in rows]


@functools.lru_cache(maxsize=2)
def _open(masks: str) -> pa.Table:
    return cached_masks(masks)


def _digest(masks: MaskSet) -> str:
    """Changes when a mask, an image's name or the choice of images does."""
    rows = "\n".join(f"{row.file_name} {row.mask_row}" for row in masks.rows)
    return hashlib.sha256(f"{file_digest(masks.masks)}\n{rows}".encode()).hexdigest()


def _record(folder: Path) -> dict[str, Any] | None:
    """What is said to be in the folder of a split; None where nothing of ours says so."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    # A form may be somebody's own: any word names one.
    if not isinstance(record, dict) or record.get("config") not in CONFIG_NAMES:
        return None
    name = record.get("format")
    return record if isinstance(name, str) and re.fullmatch(r"[\w-]{1,50}", name) else None


def _incomplete(split: str) -> str:
    return f".{split}.incomplete"


def _refuse_foreign(out: Path, form: ExportFormat) -> None:
    """Refuse a folder in which something of others would be replaced, or splits of another form lie; the rest stays."""
    if not os.path.lexists(out):
        return
    if not out.is_dir():
        raise ImageNetSError(f"{out} is a file: name a folder; every split becomes a folder in it.")
    records = {split: _record(out / split) for split in ANNOTATED_SPLITS}
    in_the_way = [split for split, record in records.items() if record is None and os.path.lexists(out / split)]
    if isinstance(form, Yolo) and os.path.lexists(out / DATA_YAML) and not any(records.values()):
        in_the_way.append(DATA_YAML)
    if in_the_way:
        raise ImageNetSError(
            f"{out} holds {' and '.join(in_the_way)}, which no export wrote (the folder of a split that one finished "
            f"holds {RECORD}): move it away, or name another folder for OUT."
        )
    made = {(record["format"], record["config"]) for record in records.values() if record}
    if other := made - {(form.name, form.config)}:
        shown = " and ".join(f"{name} of {config}" for name, config in sorted(other))
        raise ImageNetSError(f"{out} holds an export as {shown}: name another OUT for {form.name} of {form.config}.")
