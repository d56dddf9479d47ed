"""`imagenet-s compare` of many runs, or as a table for a paper: in order, with intervals, ranks, published figures."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...conversion.facts.baselines import Baseline
from ...metrics import HEADLINES, MatchedIoU, compare_many, power
from ...metrics.comparison.aligned_runs import matching_of
from ...metrics.comparison.power import Power
from ...metrics.comparison.saved_run import Run
from ...metrics.evaluation.run_record import run_record
from ...report import percent, points
from ...report.anatomy_tables import lost_points
from ...report.figures import class_labels, counted_noun, interval_cell, matching_note
from ...report.many_runs_page import RankedRun, html_many_runs_page
from ..output import hint, say, table, write_json, write_page
from ..table_formats import csv_table, latex_table, markdown_table
from .compared_baselines import long_name, published_figures, published_notes, published_rows, published_table

FORMATS = ("markdown", "latex", "csv")
"""The options that print a table for elsewhere."""


def compare_runs(args: argparse.Namespace, runs: Mapping[str, Run], matching: Sequence[str | Path]) -> int:
    """Compare, print, write; `matching` holds one for all runs, or one for each."""
    result = compare_many(
        runs,
        args.key,
        args.resamples,
        args.confidence,
        args.seed,
        matching=list(matching),
        lower_is_better=args.lower_is_better,
    )
    of_masks = isinstance(next(iter(runs.values())), MatchedIoU)
    matchings = {name: matching_of(matching, position) for position, name in enumerate(runs)}
    hows = {name: {"matching": str(matchings[name])} if of_masks else {} for name in runs}
    records = {name: {**run_record(run, **hows[name]), "name": name} for name, run in runs.items()}
    pooled = _pooled(result["key"], runs, matchings)
    published = published_figures(result["key"], list(records.values()), bool(pooled)) if args.baselines else []
    powers = _powers(args, result, runs, matchings)
    ranked = [
        RankedRun(**entry, pooled=pooled.get(entry["name"]), is_best=number == 0)
        for number, entry in enumerate(result["runs"])
    ]
    form = next((form for form in FORMATS if getattr(args, form)), None)
    notes = [_sentence(result, ranked, form != "latex"), *([matching_note(matchings)] if of_masks else [])]
    if form:
        say(_for_paper(form, result, ranked, published, notes))
    elif args.json != "-":
        _print(result, ranked, published, notes)
        if powers:
            _print_power(args.power, powers, args.confidence)
    if args.report:
        write_page(_page(args, result, ranked, published, runs, matchings, records), args.report)
        hint(f"Report written to {args.report}")
    if args.json:
        content = {**result, "pooled": pooled, "records": records, "baselines": [asdict(row) for row in published]}
        if powers:
            content["power"] = {name: _power_values(args.power, told) for name, told in powers.items()}
        write_json(content, args.json)
    return 0


def _pooled(key: str, runs: Mapping[str, Run], matchings: Mapping[str, Any]) -> dict[str, float]:
    """The official figure over all images together of each run of masks; none where it has no such figure."""
    if key not in HEADLINES:
        return {}
    return {name: run.compute(matchings[name])[key] for name, run in runs.items() if isinstance(run, MatchedIoU)}


def _powers(
    args: argparse.Namespace, result: Mapping[str, Any], runs: Mapping[str, Run], matchings: Mapping[str, Any]
) -> dict[str, Power]:
    """What each run and the best one can tell."""
    if args.power is None:
        return {}
    (best, *others), key = [entry["name"] for entry in result["runs"]], result["key"]
    return {
        name: power(runs[name], runs[best], key, 0.8, 1 - args.confidence, matching=[matchings[name], matchings[best]])
        for name in others
    }


def _header(result: Mapping[str, Any], ranked: Sequence[RankedRun]) -> list[str]:
    interval = f"{100 * result['confidence']:g} % interval"
    pooled = ["of all"] if ranked[0].pooled is not None else []
    return ["run", *pooled, f"{result['key']}", interval, "to the best", interval, "p", "rank", "first"]


def _row(run: RankedRun, width: int = 0) -> list[str]:
    """The cells of a run; `width` aligns numbers as text."""
    own = [percent(run.pooled).rjust(width)] if run.pooled is not None else []
    difference = ["", "", ""]
    if not run.is_best:
        ends = interval_cell((run.difference_low, run.difference_high), points, width)
        difference = [points(run.difference).rjust(width), ends, f"{run.p_adjusted:.4f}"]
    rank = f"{run.rank_low}" if run.rank_low == run.rank_high else f"{run.rank_low} to {run.rank_high}"
    return [
        run.name,
        *own,
        percent(run.value).rjust(width),
        interval_cell((run.low, run.high), percent, width),
        *difference,
        rank,
        f"{100 * run.first:.0f} %",
    ]


def _sentence(result: Mapping[str, Any], ranked: Sequence[RankedRun], with_first: bool = True) -> str:
    key, level = result["key"], f"{100 * result['confidence']:g} %"
    sentences = [
        f"Means of {key} of single images over {counted_noun(result['num_images'], 'image')}, in percent, the "
        f"{'lowest' if result['lower_is_better'] else 'highest'} first.",
        "p: paired sign-flip permutation test against the best, adjusted for "
        f"{counted_noun(len(ranked) - 1, 'comparison')} (Holm).",
        f"rank: in the middle {level} of resamples of the images"
        f"{'; first: the share in which no run is better' if with_first else ''}.",
    ]
    if ranked[0].pooled is not None:
        sentences.append(f"of all: {key} over all images together, the official figure.")
    return " ".join(sentences)


def _print(
    result: Mapping[str, Any], ranked: Sequence[RankedRun], published: Sequence[Baseline], notes: Sequence[str]
) -> None:
    say("\n".join([table([_row(run, 6) for run in ranked], _header(result, ranked)), *notes]))
    if published:
        say(f"\n{published_table(published)}")


def _for_paper(
    form: str,
    result: Mapping[str, Any],
    ranked: Sequence[RankedRun],
    published: Sequence[Baseline],
    notes: Sequence[str],
) -> str:
    header = _header(result, ranked)
    if form == "csv":
        names = list(result["runs"][0])
        rows = [[getattr(run, name) for name in names] + [run.pooled] for run in ranked]
        rows += [[long_name(row), *[""] * (len(names) - 1), round(row.value / 100, 6)] for row in published]
        return csv_table([*names, "pooled"], rows)
    rows = [_row(run) for run in ranked] + published_rows(published, len(header))
    column = header.index(result["key"])
    bold = {(0, column)}
    if form == "markdown":
        return "\n\n".join([markdown_table(header, rows, bold), *notes, *published_notes(published)])
    # What fits into the width of a page: no column `first`, short intervals.
    header = [f"{100 * result['confidence']:g} %" if name.endswith("interval") else name for name in header[:-1]]
    rows = [[cell.replace(" to ", ", ") for cell in row[:-1]] for row in rows]
    underlined = {(i, column) for i, run in enumerate(ranked) if not run.is_best and not run.distinguishable}
    marks = "Bold: the best. Underlined: not distinguishable from it."
    return latex_table(
        header,
        rows,
        notes=[*notes, marks, *published_notes(published)],
        rules=[len(ranked)] if published else [],
        bold=bold,
        underlined=underlined,
    )


def _print_power(delta: float, powers: Mapping[str, Power], confidence: float) -> None:
    say()
    header, amount = ["run and the best", "s", "smallest difference", "unpaired"], f"{100 * delta:g}"
    header += [f"images for {amount} point{'' if amount == '1' else 's'}", "unpaired"] if delta else []
    rows = [[name, *_shown(_power_values(delta, told))] for name, told in powers.items()]
    say(table(rows, header))
    say(
        f"s: standard deviation of the differences of single images. The smallest difference is found with a "
        f"probability of 80 % at a level of {1 - confidence:.3g}; unpaired: each run on other images. All in "
        "percentage points."
    )


def _power_values(delta: float, told: Power) -> dict[str, Any]:
    more = {"images": told.images_for(delta), "unpaired_images": told.images_for(delta, paired=False)} if delta else {}
    return {**asdict(told), "delta": delta or None, **more}


def _shown(values: Mapping[str, Any]) -> list[str]:
    keys = ("standard_deviation", "smallest_difference", "unpaired_smallest_difference")
    shown = [f"{100 * values[key]:.2f}" for key in keys]
    return shown + [f"{values[key]:,}" for key in ("images", "unpaired_images") if key in values]


def _page(
    args: argparse.Namespace,
    result: Mapping[str, Any],
    ranked: Sequence[RankedRun],
    published: Sequence[Baseline],
    runs: Mapping[str, Run],
    matchings: Mapping[str, Any],
    records: Mapping[str, Mapping[str, Any]],
) -> str:
    columns = {
        name: run.compute(*([matchings[name]] if isinstance(run, MatchedIoU) else [])) for name, run in runs.items()
    }
    figures = {
        key: {name: values[key] for name, values in columns.items()}
        for key, value in next(iter(columns.values())).items()
        if isinstance(value, float)
        and key != "dataset_max_iou_threshold"  # no percent
        and all(isinstance(values.get(key), float) for values in columns.values())
    }
    lost = {
        name: lost_points(run.anatomy(matchings[name]), class_labels(str(run.num_classes)))
        for name, run in runs.items()
        if isinstance(run, MatchedIoU)
    }
    return html_many_runs_page(
        result,
        ranked,
        title=args.title or f"{len(ranked)} runs on ImageNet-S",
        notes=[_sentence(result, ranked)],
        records=records,
        figures={key: values for key, values in figures.items() if not all(map(math.isnan, values.values()))},
        published=published,
        lost=lost,
    )
