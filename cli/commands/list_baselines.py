"""`imagenet-s baselines`: published figures with their sources, as a table or for a paper."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, fields

from ...conversion.core.errors import ImageNetSError
from ...conversion.facts.baselines import SOURCE_KINDS, Baseline, baselines
from ..output import say, table, write_json
from ..table_formats import csv_table, latex_table, markdown_table

FILTERS = ("config", "split", "protocol", "metric")


def run(args: argparse.Namespace) -> int:
    """Select and print."""
    wanted = {name: getattr(args, name) for name in FILTERS}
    rows = baselines(**wanted)
    if not rows:
        raise ImageNetSError(_nothing(wanted))
    if args.format == "json":
        write_json([asdict(row) for row in rows], "-")
    elif args.format == "csv":
        names = [field.name for field in fields(Baseline)]
        say(csv_table(names, [[getattr(row, name) for name in names] for row in rows]))
    else:
        _print_with_notes(rows, args.format)
    return 0


def _print_with_notes(rows: Sequence[Baseline], form: str) -> None:
    """A table whose last column numbers the sources below it; what all rows share stands above it."""
    varying = [name for name in FILTERS if len({getattr(row, name) for row in rows}) > 1]
    shared = [getattr(rows[0], name) for name in FILTERS if name not in varying and name != "config"]
    shared.insert(0, "ImageNet-S" if "config" in varying else f"ImageNet-S-{rows[0].config}")
    title = f"Published figures, in percent: {', '.join(shared)}"
    sources = {note: i for i, note in enumerate(dict.fromkeys(map(source_note, rows)), 1)}
    header = [*varying, "method", "backbone", "training", "%", "source"]
    cells = [
        [*(getattr(row, name) for name in header[:-2]), row.value, f"[{sources[source_note(row)]}]"] for row in rows
    ]
    if form == "latex":
        groups = [[getattr(row, name) for name in FILTERS] for row in rows]
        rules = [i for i in range(1, len(rows)) if groups[i] != groups[i - 1]]
        say(latex_table(header, cells, title, [f"[{i}] {note}" for note, i in sources.items()], rules))
    elif form == "markdown":
        say(
            "\n\n".join(
                [title, markdown_table(header, cells), "\n".join(f"{i}. {note}" for note, i in sources.items())]
            )
        )
    else:
        say("\n".join([title, "", table(cells, header), "", *(f"[{i}] {note}" for note, i in sources.items())]))


def source_note(row: Baseline) -> str:
    """The address of a figure, what kind of source it is, and what differs."""
    kind = "" if row.source_kind == "authors" else SOURCE_KINDS[row.source_kind]
    return "; ".join(part for part in (row.source, kind, row.note) if part)


def _nothing(wanted: dict[str, str | None]) -> str:
    """Which value of each filter would find something, the other filters as they are."""
    given = {name: value for name, value in wanted.items() if value is not None}
    message = f"no published figure of {', '.join(f'--{name} {value}' for name, value in given.items())} is listed."
    for name in given:
        rows = baselines(**{**given, name: None})
        values = list(dict.fromkeys(getattr(row, name) for row in rows))
        if values:
            message += f" With another --{name} there is {', '.join(values)}."
    return message
