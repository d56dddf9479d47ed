"""Scores on disk: one compressed .npz, about 2 MB for 12,419 images."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, BinaryIO

import numpy as np

from ...conversion.core.atomic_write import atomic_write
from ..matched_miou.counts_file import opened_run, saved_integers
from ..matched_miou.saved_record import Record, packed_record, unpacked_record
from .pooled_pixels import PooledPixels
from .score_options import ScoreOptions, check_options
from .scored_images import ScoredImages

FORMAT = "localization scores, version 1"


def save_scores(
    path: str | os.PathLike[str],
    options: ScoreOptions,
    images: ScoredImages,
    pooled: PooledPixels,
    record: Mapping[str, Any],
) -> None:
    """Write scores; `path` never holds a part of them."""
    # In memory first, 2 MB: an archive that is interrupted would complain when it is discarded after its file.
    archive = io.BytesIO()
    write_scores(archive, options, images, pooled, record)
    with atomic_write(path) as file:
        file.write(archive.getvalue())


def write_scores(
    file: BinaryIO | io.BytesIO,
    options: ScoreOptions,
    images: ScoredImages,
    pooled: PooledPixels,
    record: Mapping[str, Any],
) -> None:
    """Write scores to an open file."""
    np.savez_compressed(
        file,
        format=np.array(FORMAT),
        options=np.array(json.dumps(asdict(options))),
        # JSON, in which every name survives: with line breaks, or not in UTF-8 on the disk it comes from.
        names=np.frombuffer(json.dumps(list(images.names)).encode(), np.uint8),
        targets=np.array(images.targets, np.uint16),
        values=images.values(),
        states=np.array(images.states, bool).reshape(-1, 3),
        pixels=np.array(images.pixels, np.int32).reshape(-1, 2),
        counts=pooled.counts,
        above=pooled.above,
        ious=pooled.ious,
        record=packed_record(record),
    )


def load_scores(path: str | os.PathLike[str] | io.BytesIO) -> tuple[ScoreOptions, ScoredImages, PooledPixels, Record]:
    """Read what `save_scores` wrote.

    Raises:
        ValueError: not such a file, or a damaged one.
        FileNotFoundError: no file.
    """
    with opened_run(path, FORMAT, "scores") as data:
        options = check_options(**json.loads(str(data["options"])))
        targets, values, states = saved_integers(data, "targets").tolist(), data["values"], data["states"]
        pixels = saved_integers(data, "pixels") if "pixels" in data else np.zeros((len(states), 2), np.int64)
        names = json.loads(data["names"].tobytes())
        record = unpacked_record(data)
        pooled = PooledPixels()
        fit = len(names) == len(targets) == len(values) == len(states) == len(pixels)
        for name in ("counts", "above", "ious"):
            sums = saved_integers(data, name)
            fit = fit and sums.shape == getattr(pooled, name).shape
            setattr(pooled, name, sums)
        given = [name for name in names if name]
        fit = fit and all(isinstance(name, str) for name in names) and len(set(given)) == len(given)
        fit = fit and (values.dtype, states.dtype) == (np.float64, np.bool_)
        shapes = values.shape[1:], states.shape[1:], pixels.shape[1:]
        if not fit or shapes != ((len(options.keys),), (3,), (2,)):
            raise ValueError("its arrays do not fit together")
    pooled.images = int(len(states) - states[:, 0].sum())
    columns = ([tuple(row) for row in array.tolist()] for array in (states, pixels))
    return options, ScoredImages(options.keys, names, targets, list(values), *columns), pooled, record


def digest_of(options: ScoreOptions, images: ScoredImages, pooled: PooledPixels) -> str:
    """The sha256 of scores as hexadecimal digits, whatever the order of the images."""
    rows = sorted(
        (name, target, state, values.astype("<f8").tobytes())
        for name, target, state, values in zip(images.names, images.targets, images.states, images.rows)
    )
    digest = hashlib.sha256(f"localization {json.dumps(asdict(options))}\n".encode())
    for name, target, state, data in rows:
        digest.update(f"{name}\n{target} {state}\n".encode("utf-8", "surrogateescape") + data)
    for sums in (pooled.counts, pooled.above, pooled.ious):
        digest.update(sums.astype("<i8").tobytes())
    return digest.hexdigest()
