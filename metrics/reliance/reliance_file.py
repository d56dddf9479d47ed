"""Answers on disk: one compressed .npz, some tens of KB for each kind of 12,419 images."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...conversion.facts import COMPOSITE_KINDS
from ..matched_miou.counts_file import opened_run, saved_integers
from ..matched_miou.saved_record import Record, packed_record, unpacked_record
from ..matched_miou.saving import save_bytes

FORMAT = "object reliance, version 1"


@dataclass(frozen=True)
class Answers:
    """What is known of N images, as columns.

    Attributes:
        names: of the images, sorted.
        targets: the right classes.
        shares: of the object; NaN where it is not known.
        ranks, answers: kind -> column: the rank of the right class, and the class that stands first; -1 for an image
            that lacks the kind.
    """

    names: list[str]
    targets: NDArray[np.int64]
    shares: NDArray[np.float64]
    ranks: Mapping[str, NDArray[np.int64]]
    answers: Mapping[str, NDArray[np.int64]]


def save_answers(
    path: str | os.PathLike[str] | BinaryIO, num_classes: int, labels: str, rows: Answers, record: Mapping[str, Any]
) -> None:
    """Write answers to a path, which never holds a part of them, or to a file that is open for writing."""
    shape = (len(rows.ranks), len(rows.names))
    archive = io.BytesIO()
    np.savez_compressed(
        archive,
        format=np.array(FORMAT),
        num_classes=np.array(num_classes),
        labels=np.array(labels),
        kinds=np.array(list(rows.ranks), "U16"),
        # JSON, in which every name survives: with line breaks, or not in UTF-8 on the disk it comes from.
        names=np.frombuffer(json.dumps(rows.names).encode(), np.uint8),
        record=packed_record(record),
        targets=rows.targets.astype(np.int32),
        shares=rows.shares,
        ranks=np.array(list(rows.ranks.values()), np.int32).reshape(shape),
        answers=np.array(list(rows.answers.values()), np.int32).reshape(shape),
    )
    save_bytes(path, archive.getvalue())


def load_answers(path: str | os.PathLike[str]) -> tuple[int, str, Answers, Record]:
    """Read what `save_answers` wrote: C, the labels, the rows and the record.

    Raises:
        ValueError: not such a file, or a damaged one.
        FileNotFoundError: no file.
    """
    with opened_run(path, FORMAT, "answers") as data:
        num_classes, labels = int(saved_integers(data, "num_classes")), str(data["labels"])
        names, record = json.loads(data["names"].tobytes()), unpacked_record(data)
        kinds = data["kinds"].tolist()
        targets, ranks, answers = (saved_integers(data, name) for name in ("targets", "ranks", "answers"))
        shares = data["shares"].astype(np.float64)
        _check(num_classes, labels, kinds, names, targets, shares, ranks, answers)
    rows = Answers(names, targets, shares, dict(zip(kinds, ranks)), dict(zip(kinds, answers)))
    return num_classes, labels, rows, record


def _check(
    num_classes: int,
    labels: str,
    kinds: list[str],
    names: Any,
    targets: NDArray[np.int64],
    shares: NDArray[np.float64],
    ranks: NDArray[np.int64],
    answers: NDArray[np.int64],
) -> None:
    """Refuse arrays that no metric can have written."""
    first = 0 if labels == "imagenet" else 1
    shape = (len(kinds), len(names))
    fit = (
        targets.shape == shares.shape == (len(names),)
        and ranks.shape == answers.shape == shape
        and all(isinstance(name, str) for name in names)
        and len(set(names)) == len(names)
        and set(kinds) <= set(COMPOSITE_KINDS)
        and len(set(kinds)) == len(kinds)
        and labels in ("category", "imagenet")
        and num_classes >= 1
    )
    if not fit:
        raise ValueError("its arrays do not fit together")
    highest = num_classes + first - 1
    inside = (
        ((targets >= first) & (targets <= highest)).all()
        and ((ranks >= -1) & (ranks <= num_classes + 1)).all()
        and ((answers >= -1) & (answers <= highest)).all()
        and (np.isnan(shares) | ((shares >= 0) & (shares <= 1))).all()
        and (not len(names) or (ranks >= 0).any(axis=0).all())
    )
    if not inside:
        raise ValueError("a number in it is none that a prediction gives")
