"""`imagenet-s check`: which layout a folder has, how many images of which split, what is missing."""

from __future__ import annotations

import argparse
from typing import Any

from imagenet_s.cli.output import hint, say, table, write_json
from imagenet_s.conversion.errors import ImageNetSError, MissingAnnotationsError, printable
from imagenet_s.conversion.facts import ANNOTATED_SPLITS
from imagenet_s.conversion.source import Source, open_source, resolve_data_dir
from imagenet_s.conversion.split_plan import check_plan, plan_split

_NOTHING: dict[str, Any] = {"found": None, "expected": None, "missing": []}


def run(args: argparse.Namespace) -> int:
    """Look, count, print."""
    data_dir = resolve_data_dir(args.imagenet)
    source = open_source(args.config, data_dir, args.annotations_dir, args.verify)
    result: dict[str, Any] = {"data_dir": data_dir, "config": args.config, "recognised": repr(source), "splits": {}}
    if args.json != "-":
        say(printable(f"{data_dir}: {source!r}"))
    for split in args.splits or source.splits:
        try:
            result["splits"][split] = _count(source, split, args.verify)
        except MissingAnnotationsError as error:
            result["splits"][split] = {**_NOTHING, "state": "unknown", "problem": str(error)}
        except ImageNetSError as error:
            result["splits"][split] = {**_NOTHING, "state": "incomplete", "problem": str(error)}
    states = {one["state"] for one in result["splits"].values()}
    if args.json:
        write_json(result, args.json)
    if args.json != "-":
        _print(result["splits"], args.list_missing)
        hint(_verdict(states))
    return 0 if states <= {"ok"} else 1


def _count(source: Source, split: str, verify: bool) -> dict[str, Any]:
    plan = plan_split(source, split, verify, masks=False)
    if split in ANNOTATED_SPLITS:
        source.check_masks(split)
    problem = None
    try:
        check_plan(plan, source.config, "error")
    except ImageNetSError as error:
        problem = str(error)
    return {
        "found": plan.rows.num_rows,
        "expected": plan.expected,
        "missing": list(plan.missing),
        "state": "ok" if problem is None else "incomplete",
        "problem": problem,
    }


def _verdict(states: set[str]) -> str:
    if states <= {"ok"}:
        return "Complete."
    if "incomplete" not in states:
        return "What is unknown depends on the annotations, which are not at hand; nothing else is missing."
    return 'Not complete: load it as it is with on_missing="skip" (--on-missing skip), or complete it.'


def _print(splits: dict[str, dict[str, Any]], list_missing: bool) -> None:
    rows = [
        (
            split,
            "-" if one["found"] is None else one["found"],
            "-" if one["expected"] is None else one["expected"],
            one["state"],
        )
        for split, one in splits.items()
    ]
    say(table(rows, ("split", "found", "expected", "")))
    # What several splits have in common, as missing annotations, is said once.
    problems: dict[str, list[str]] = {}
    for split, one in splits.items():
        if one["problem"] is not None:
            problems.setdefault(one["problem"], []).append(split)
    for problem, of in problems.items():
        say(problem if problem.startswith(of[0]) else f"{', '.join(of)}: {problem}")
    for split, one in splits.items() if list_missing else ():
        for image_id in one["missing"]:
            say(f"{split} {image_id}")
