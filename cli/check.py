"""`imagenet-s check`: which layout lies in a folder, how many images of which split, what is missing."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from imagenet_s.cli.options import add_imagenet_options, config_argument
from imagenet_s.cli.output import hint, say, table, write_json

if TYPE_CHECKING:
    from imagenet_s.conversion.source import Source


def add_parser(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "check",
        help="which layout a copy of ImageNet has, how many images of which split, what is missing",
        description="Look at a copy of ImageNet: say what it is recognised as, count each split, list what is missing.",
        epilog="Exit code 0: all there. 1: something is missing.",
    )
    parser.add_argument("imagenet", metavar="IMAGENET", help="the folder (or hf:// address) that holds ImageNet")
    parser.add_argument("--config", type=config_argument, default="919", help="50, 300 or 919 (default)")
    parser.add_argument("--list-missing", action="store_true", help="name every missing image, not the first few")
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON (- for stdout)")
    add_imagenet_options(parser, on_missing=False)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look, count, print."""
    from imagenet_s.conversion.errors import ImageNetSError
    from imagenet_s.conversion.source import open_source, resolve_data_dir

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
    whole = all(one["problem"] is None for one in result["splits"].values())
    if args.json:
        write_json(result, args.json)
    if args.json != "-":
        _print(result["splits"], args.list_missing)
        hint("All there." if whole else 'Not whole: load it as it is with on_missing="skip", or complete it.')
    return 0 if whole else 1


def _count(source: Source, split: str, verify: bool) -> dict[str, Any]:
    from imagenet_s.conversion.errors import ImageNetSError
    from imagenet_s.conversion.split_plan import check_plan, plan_split

    plan = plan_split(source, split, verify)
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
            "ok" if one["problem"] is None else "not whole",
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
