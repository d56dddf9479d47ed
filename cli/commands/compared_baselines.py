"""`imagenet-s compare --baselines`: published figures of the same images, for a terminal and for papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...conversion.facts.baselines import Baseline, baselines
from ..output import table
from .list_baselines import source_note


def published_figures(key: str, records: Sequence[Mapping[str, Any]], is_official: bool) -> list[Baseline]:
    """Published figures of the same images; none where no figure of this key was published.

    Args:
        key: of the figure.
        records: what `run_record` returned for each run.
        is_official: whether the runs have the figure over all images together, which papers print.
    """
    if not is_official:
        raise ValueError(
            f"--baselines lists official figures over all images of runs of masks: {key} of these runs is a mean over "
            "single images, which compares with none of them."
        )
    config, split = records[0]["config"], records[0]["split"]
    if split is None:
        raise ValueError(
            "--baselines lists figures of the same split: these runs are not of all images of a split of ImageNet-S. "
            "Score the whole split, or list published figures alone with `imagenet-s baselines`."
        )
    return [row for row in baselines(config) if (row.split, row.metric) == (split, key)]


def published_table(published: Sequence[Baseline]) -> str:
    """Below the runs in a terminal: a table of its own, as its names are longer than those of runs."""
    rows = [[long_name(row), f"{row.value:.2f}".rjust(6)] for row in published]
    note = "Over all images together, without intervals; `imagenet-s baselines` has sources."
    return "\n".join([table(rows, ["published", f"{published[0].metric} of all"]), note])


def long_name(row: Baseline) -> str:
    """What tells a published figure from the others of its split."""
    return " ".join(filter(None, [row.method, row.backbone, f"({row.protocol}, {row.training})"]))


def published_rows(published: Sequence[Baseline], columns: int) -> list[list[str]]:
    """Rows for the table of a paper: short names with the number of their note, the value, empty cells."""
    numbers = {note: i for i, note in enumerate(_notes(published), 1)}
    names = (f"{row.method}, {row.protocol} [{numbers[_note(row)]}]" for row in published)
    return [[name, f"{row.value:.2f}", *[""] * (columns - 2)] for name, row in zip(names, published)]


def published_notes(published: Sequence[Baseline]) -> list[str]:
    """What `published_rows` refers to: backbone, training and source."""
    return [f"[{i}] {note}" for i, note in enumerate(_notes(published), 1)]


def _notes(published: Sequence[Baseline]) -> list[str]:
    return list(dict.fromkeys(map(_note, published)))


def _note(row: Baseline) -> str:
    return f"{', '.join(filter(None, [row.backbone, row.training]))}; {source_note(row)}"
