"""Counts on disk: one compressed .npz, a few MB for 12,419 images of 919 classes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import lzma
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .counts import CountRows
from .read_mask import cause
from .saved_record import Record, packed_record, unpacked_record
from .saving import save_bytes

DAMAGED_ZIP = (
    *(OSError, EOFError, ValueError, IndexError, OverflowError, MemoryError),
    RuntimeError,  # encrypted, or not supported
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
)
"""What `zipfile` raises for a damaged archive."""
DAMAGED_NPZ = (
    *DAMAGED_ZIP,
    *(LookupError, TypeError, AttributeError, SyntaxError, ArithmeticError, tokenize.TokenError),
)
"""What NumPy raises for a damaged archive of arrays, or for one that holds something else."""
_FORMAT = "matched_miou counts, version 2"
_READERS = {
    "matched_miou counts": "counts of masks: `imagenet-s evaluate --counts` (MatchedIoU.load) reads it.",
    "localization scores": "scores of maps: `imagenet-s evaluate-maps --counts` (Localization.load) reads it.",
    "object reliance": "answers to composites: `imagenet-s compare` (ObjectReliance.load) reads it.",
    "region accuracy": "ranks of regions: `imagenet-s compare` (RegionAccuracy.load) reads it.",
}
"""Start of the format -> what such a file holds, for a message."""
_COLUMNS = ("gt", "pred", "pixels", "gt_band", "pred_band", "both_bands")


def save_counts(
    path: str | os.PathLike[str] | BinaryIO,
    num_classes: int,
    ignore_index: int,
    names: Sequence[str],
    rows: Sequence[CountRows],
    record: Mapping[str, Any],
) -> None:
    """Write counts to a path, which never holds a part of them, or to a file that is open for writing."""
    joined = np.concatenate(rows) if rows else np.zeros((0, 6), np.int32)
    columns: dict[str, Any] = {name: _narrow(joined[:, i]) for i, name in enumerate(_COLUMNS)}
    # In memory first, a few MB: an archive whose file can't be written to would complain again when it is discarded.
    archive = io.BytesIO()
    np.savez_compressed(
        archive,
        format=np.array(_FORMAT),
        num_classes=np.array(num_classes),
        ignore_index=np.array(ignore_index),
        # JSON, in which every name survives: with line breaks, or not in UTF-8 on the disk it comes from.
        names=np.frombuffer(json.dumps(list(names)).encode(), np.uint8),
        lengths=np.array([len(image_rows) for image_rows in rows], np.int32),
        **columns,
        record=packed_record(record),
    )
    save_bytes(path, archive.getvalue())


def load_counts(path: str | os.PathLike[str]) -> tuple[int, int, list[str], list[CountRows], Record]:
    """Read what `save_counts` wrote: C, the ignored id, the names, the rows of each image, the record of the run.

    Raises:
        ValueError: not such a file, or a damaged one.
        FileNotFoundError: no file.
    """
    with opened_run(path, _FORMAT, "counts") as data:
        lengths = saved_integers(data, "lengths")
        rows = np.stack([saved_integers(data, name) for name in _COLUMNS], axis=1)
        names = json.loads(data["names"].tobytes())
        fit = lengths.ndim == 1 and len(names) == len(lengths) and lengths.sum() == len(rows)
        if not (fit and (lengths >= 0).all() and all(isinstance(name, str) for name in names)):
            raise ValueError("its arrays do not fit together")
        if rows.min(initial=0) < 0 or rows.max(initial=0) > np.iinfo(np.int32).max:
            raise ValueError("a number in it is none that masks give")
        head = int(saved_integers(data, "num_classes")), int(saved_integers(data, "ignore_index"))
        record = unpacked_record(data)
    images = np.split(rows.astype(np.int32), np.cumsum(lengths)[:-1]) if len(lengths) else []
    return *head, names, images, record


def saved_integers(arrays: Mapping[str, Any], name: str) -> NDArray[np.int64]:
    """An array of an .npz that holds integers.

    Raises:
        ValueError: it holds something else, which a cast would hide.
    """
    array = arrays[name]
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} of type {array.dtype}: expected integers")
    return array.astype(np.int64)  # type: ignore[no-any-return]


@contextlib.contextmanager
def opened_run(path: str | os.PathLike[str] | io.BytesIO, expected: str, what: str) -> Iterator[Mapping[str, Any]]:
    """The arrays of a saved run of any kind; what is raised while they are read names the file.

    Args:
        path: the .npz, or an open one.
        expected: its format.
        what: it holds, for a message.

    Raises:
        ValueError: not such a file, or a damaged one.
        FileNotFoundError: no file.
    """
    shown = os.fspath(path) if isinstance(path, (str, os.PathLike)) else "the file"
    try:
        file = os.path.expanduser(path) if isinstance(path, (str, os.PathLike)) else path
        with np.load(file, allow_pickle=False) as data:
            check_format(data, expected)
            yield data
    except FileNotFoundError:
        raise
    except OtherKindOfFileError as error:
        raise ValueError(f"{shown} {error}") from None
    except DAMAGED_NPZ as error:
        raise ValueError(f"{shown} holds no {what} of this metric ({cause(error)}); save them again.") from error


class OtherKindOfFileError(ValueError):
    """What a file holds instead, as the end of a sentence that its name begins."""


def check_format(arrays: Mapping[str, Any], expected: str) -> None:
    """Raise a ValueError for an .npz of another format; `OtherKindOfFileError` where another class reads it."""
    text = str(arrays["format"])
    kind = text.partition(",")[0]
    if kind in _READERS and not expected.startswith(kind):
        raise OtherKindOfFileError(f"holds {_READERS[kind]}")
    if text != expected:
        raise ValueError(f"made by another version: {text}")


def _narrow(column: CountRows) -> np.ndarray:
    """The same numbers in the smallest unsigned type that holds them."""
    return column.astype(np.min_scalar_type(int(column.max(initial=0))))


def counts_digest(num_classes: int, ignore_index: int, names: Sequence[str], rows: Sequence[CountRows]) -> str:
    """The sha256 of counts as hexadecimal digits: the same for the same images, in whatever order."""
    images = sorted(
        (name, image_rows[np.lexsort(image_rows.T[::-1])].astype("<i4").tobytes())
        for name, image_rows in zip(names, rows)
    )
    digest = hashlib.sha256(f"matched_miou {num_classes} {ignore_index}\n".encode())
    for name, data in images:
        digest.update(f"{name}\n{len(data)}\n".encode("utf-8", "surrogateescape") + data)
    return digest.hexdigest()
