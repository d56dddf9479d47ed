"""Counts on disk: one compressed .npz, a few MB for 12,419 images of 919 classes."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from .atomic_write import atomic_write
from .counts import CountRows

_FORMAT = "matched_miou counts, version 1"
_COLUMNS = ("gt", "pred", "pixels", "gt_band", "pred_band", "both_bands")


def save_counts(
    path: str | os.PathLike[str],
    num_classes: int,
    ignore_index: int,
    names: Sequence[str],
    rows: Sequence[CountRows],
) -> None:
    """Write counts; `path` never holds a part of them."""
    joined = np.concatenate(rows) if rows else np.zeros((0, 6), np.int32)
    columns: dict[str, Any] = {name: _narrow(joined[:, i]) for i, name in enumerate(_COLUMNS)}
    with atomic_write(path) as file:
        np.savez_compressed(
            file,
            format=np.array(_FORMAT),
            num_classes=np.array(num_classes),
            ignore_index=np.array(ignore_index),
            names=np.frombuffer("\n".join(name.replace("\n", " ") for name in names).encode(), np.uint8),
            lengths=np.array([len(one) for one in rows], np.int32),
            **columns,
        )


def load_counts(path: str | os.PathLike[str]) -> tuple[int, int, list[str], list[CountRows]]:
    """Read what `save_counts` wrote: C, the ignored id, the names, the rows of each image.

    Raises:
        ValueError: not such a file, or a damaged one.
        FileNotFoundError: no file.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            if str(data["format"]) != _FORMAT:
                raise ValueError(f"made by another version: {data['format']}")
            lengths = data["lengths"]
            rows = np.stack([data[name].astype(np.int32) for name in _COLUMNS], axis=1)
            names = data["names"].tobytes().decode().split("\n") if len(lengths) else []
            if len(names) != len(lengths) or lengths.sum() != len(rows):
                raise ValueError("its arrays do not fit together")
            head = int(data["num_classes"]), int(data["ignore_index"])
    except (KeyError, ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{os.fspath(path)} holds no counts of this metric ({error}); save them again.") from error
    return *head, names, np.split(rows, np.cumsum(lengths)[:-1]) if len(lengths) else []


def _narrow(column: CountRows) -> np.ndarray:
    """The same numbers in the smallest unsigned type that holds them."""
    return column.astype(np.min_scalar_type(int(column.max(initial=0))))
