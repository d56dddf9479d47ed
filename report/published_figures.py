"""Published figures beside that of a run: those of the same configuration and split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..conversion.facts.baselines import SOURCE_KINDS, Baseline, baselines

_METRIC = "mean_iou"
_ONE_TO_ONE = ("hungarian", "hungarian_pixel", "munkres")
"""The matchings of the official evaluator, under which clusters of `unsupervised` are compared."""


@dataclass(frozen=True)
class PublishedFigure:
    """A published figure; `differs` says why it does not compare with the run, and is empty where it may.

    Attributes:
        how: protocol and training.
    """

    method: str
    how: str
    value: float
    source: str
    note: str
    differs: str


def published_figures(record: Mapping[str, Any], protocol: str | None = None) -> list[PublishedFigure]:
    """The published mIoU of the images of a run, the best first.

    Args:
        record: of the run, from `run_record`: its configuration, split and matching.
        protocol: only those of this protocol; None for all.
    """
    if record["config"] is None or record["split"] is None:
        return []
    rows = [row for row in baselines(record["config"], metric=_METRIC) if row.split == record["split"]]
    chosen = [row for row in rows if protocol in (None, row.protocol)]
    figures = [_figure(row, record["matching"]) for row in chosen]
    return sorted(figures, key=lambda figure: -figure.value)


def _figure(row: Baseline, matching: str) -> PublishedFigure:
    differs = ""
    if row.protocol == "unsupervised" and matching not in _ONE_TO_ONE:
        differs = f"its clusters were matched one to one, yours: {matching}"
    elif row.protocol != "unsupervised" and matching != "none":
        differs = f"its predictions are classes, yours were matched: {matching}"
    kind = "" if row.source_kind == "authors" else SOURCE_KINDS[row.source_kind]
    return PublishedFigure(
        " ".join(filter(None, (row.method, row.backbone))),
        ", ".join(filter(None, (row.protocol, row.training))),
        row.value / 100,
        row.source,
        "; ".join(filter(None, (kind, row.note))),
        differs,
    )
