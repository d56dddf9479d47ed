"""The page of many runs: who is first, by how much, and how certain that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..conversion.facts.baselines import Baseline
from .anatomy_tables import LostPoints
from .figures import run_notes
from .page_template import render


@dataclass(frozen=True)
class RankedRun:
    """A run as `compare_many` describes it.

    Attributes:
        pooled: the figure over all images together; None where there is none.
        is_best: whether it is the run that the others are compared with.
    """

    name: str
    value: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    p: float
    p_adjusted: float
    distinguishable: bool
    rank_low: int
    rank_high: int
    first: float
    pooled: float | None = None
    is_best: bool = False


def html_many_runs_page(
    result: Mapping[str, Any],
    runs: Sequence[RankedRun],
    *,
    title: str,
    notes: Sequence[str] = (),
    records: Mapping[str, Mapping[str, Any]],
    figures: Mapping[str, Mapping[str, float]],
    published: Sequence[Baseline] = (),
    lost: Mapping[str, LostPoints] | None = None,
) -> str:
    """A page on runs over the same images; the same input gives the same page.

    Args:
        result: what `compare_many` returned.
        runs: its runs, the best first.
        title: the heading.
        notes: sentences for the top.
        records: name -> what `run_record` returned.
        figures: key -> name -> the figure over all images.
        published: figures to list below the runs.
        lost: name -> where the points are lost, for runs of masks.

    Returns:
        HTML that asks for nothing from anywhere and runs nothing.
    """
    return render(
        "many_runs_page.html.jinja",
        title=title,
        notes=notes,
        key=result["key"],
        confidence=100 * result["confidence"],
        runs=runs,
        records={run.name: run_notes(records[run.name]) for run in runs},
        figures=figures,
        published=published,
        lost={run.name: lost[run.name] for run in runs} if lost else {},
    )
