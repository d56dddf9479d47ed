"""`imagenet-s check`: which layout a folder has, how many images of which split, what is missing."""

from __future__ import annotations

import argparse
from typing import Any

from imagenet_s.cli.output import hint, say, table, write_json
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import ANNOTATED_SPLITS
from imagenet_s.conversion.source import Source, open_source, resolve_data_dir
from imagenet_s.conversion.split_plan import check_plan, plan_split


def run(args: argparse.Namespace) -> int:
    """Look, count, print."""
    data_dir = resolve_data_dir(args.imagenet)
    source = open_source(args.config, data_dir, args.annotations_dir, args.verify)
    result: dict[str, Any] = {"data_dir": data_dir, "config": args.config, "recognised": repr(source), "splits": {}}
    if args.json != "-":
        say(f"{data_dir}: {source!r}")
    for split in args.splits or source.splits:
        try:
            result["splits"][split] = _count(source, split, args.verify)
        except ImageNetSError as error:
            result["splits"][split] = {"found": None, "expected": None, "missing": [], "problem": str(error)}
    complete = all(one["problem"] is None for one in result["splits"].values())
    if args.json:
        write_json(result, args.json)
    if args.json != "-":
        _print(result["splits"], args.list_missing)
        hint("Complete." if complete else 'Not complete: load it as it is with on_missing="skip", or complete it.')
    return 0 if complete else 1


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
        "problem": problem,
    }


def _print(splits: dict[str, dict[str, Any]], list_missing: bool) -> None:
    rows = [
        (
            split,
            "-" if one["found"] is None else one["found"],
            "-" if one["expected"] is None else one["expected"],
            "ok" if one["problem"] is None else "incomplete",
        )
        for split, one in splits.items()
    ]
    say(table(rows, ("split", "found", "expected", "")))
    for split, one in splits.items():
        if one["problem"] is not None:
            say(one["problem"] if one["problem"].startswith(split) else f"{split}: {one['problem']}")
        if list_missing:
            for image_id in one["missing"]:
                say(f"{split} {image_id}")
