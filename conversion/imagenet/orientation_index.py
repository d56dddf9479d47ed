"""Which files of a folder copy `datasets` would turn: each file's header is looked at once a source.

A table of paths is cheap because nothing is copied, but a path says nothing about the orientation in the file. So
before the first table of training images is made, every header is looked at. What was found is kept, folder by folder:
`train` and `train_full` share it, and only a folder that has changed is looked at again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from ..core.cache import cached_file, keep_json, kept_json
from ..core.parallel_io import parallel_map
from ..images.image_inspection import files_to_replace
from .image_folder import ImageFolderReader, one_array, paths_of

_VERSION = 2
"""Part of every key of what is kept: raise it when another answer may be given for the same file."""
_FILES_AT_ONCE = 1000
_SLOW_FILES = 0.3
"""Seconds for that many files above which threads are used: their disk does not answer from memory."""

Positions = NDArray[np.int64]


def rows_with_rotated_images(reader: ImageFolderReader, rows: pa.Table, num_proc: int | None, again: bool) -> pa.Array:
    """The rows whose file `datasets` would turn: they hold bytes that are shown as they are stored, not a path.

    Args:
        reader: the folder copy.
        rows: of its index.
        num_proc: processes that look at files at the same time.
        again: look also into folders that were looked into before and have not changed.

    Returns:
        A boolean for each row.

    Raises:
        ImageNetSError: a file is damaged, no image or can't be read; the message names it.
    """
    root = hashlib.sha256(os.fsencode(reader.root)).hexdigest()[:32]
    kept_in = cached_file("headers", f"{root}.json", reader.cache_dir)
    stored = None if again else kept_json(kept_in)
    kept: dict[str, Any] = stored if isinstance(stored, dict) else {}
    is_rotated = np.zeros(rows.num_rows, bool)
    todo: list[tuple[str, str, Positions]] = []
    for folder, positions in _by_folder(rows):
        digest = _digest(folder, rows["image_id"].take(pa.array(positions)).to_pylist())
        if (rotated := _known(kept.get(folder), digest, len(positions))) is not None:
            is_rotated[positions[rotated]] = True
        else:
            todo.append((folder, digest, positions))
    if todo:
        looked = _look(rows, [positions for _, _, positions in todo], num_proc)
        for (folder, digest, positions), rotated in zip(todo, looked):
            is_rotated[positions[rotated]] = True
            kept[folder] = [digest, rotated]
        keep_json(kept_in, kept)
    return pa.array(is_rotated)


def _look(rows: pa.Table, folders: list[Positions], num_proc: int | None) -> Iterator[list[int]]:
    """For each folder, which of its files have to be replaced."""
    from multiprocess import Pool  # that of `datasets`: scripts that pass num_proc need no __main__ guard

    pieces = [files[i : i + _FILES_AT_ONCE] for files in folders for i in range(0, len(files), _FILES_AT_ONCE)]
    paths = (paths_of(rows.take(pa.array(piece))).to_pylist() for piece in pieces)
    total, processes = sum(map(len, pieces)), min(num_proc or 1, len(pieces))
    pool: Any = Pool(processes) if processes > 1 else nullcontext()
    with pool, tqdm(total=total, unit="image", unit_scale=True, desc="looking at image headers", delay=1) as bar:
        if processes > 1:
            answers = pool.imap(files_to_replace, paths)
        else:
            answers = parallel_map(files_to_replace, paths, _SLOW_FILES)
        for files in folders:
            rotated: list[int] = []
            for i in range(0, len(files), _FILES_AT_ONCE):
                rotated += [i + position for position in next(answers)]
                bar.update(min(_FILES_AT_ONCE, len(files) - i))
            yield rotated


def _by_folder(rows: pa.Table) -> Iterator[tuple[str, Positions]]:
    """Each folder, and the positions of its rows."""
    folders = one_array(rows["folder"])
    codes = folders.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(order)]):
        yield folders.dictionary[int(codes[order[start]])].as_py(), order[start:stop]


def _digest(folder: str, image_ids: list[str]) -> str:
    text = "\n".join([str(_VERSION), str(os.stat(folder).st_mtime_ns), *image_ids])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _known(entry: Any, digest: str, files: int) -> list[int] | None:
    """What was found in a folder; None where it has changed since, or the entry is damaged."""
    if not isinstance(entry, list) or len(entry) != 2 or entry[0] != digest or not isinstance(entry[1], list):
        return None
    return entry[1] if all(type(position) is int and 0 <= position < files for position in entry[1]) else None
