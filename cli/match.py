"""`imagenet-s match`: which class each cluster stands for (official: match.py)."""

from __future__ import annotations

import argparse

from imagenet_s.cli.predictions import add_inputs, count


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "match",
        help="match clusters to classes, and write match.json",
        description="Match predicted clusters to classes; write the match for `evaluate --match` and `submit --match`.",
    )
    add_inputs(parser)
    parser.add_argument(
        "--matching",
        choices=("hungarian", "pixel", "majority"),
        default="hungarian",
        help="one to one by images (default, official) or by pixels, or each cluster by the majority of its pixels",
    )
    parser.add_argument(
        "--session-name", default="match", metavar="NAME", help="writes NAME.json (default: match, in this folder)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Count, match, write."""
    from imagenet_s.cli.output import hint, say
    from imagenet_s.metrics import save_match

    counted = count(args)
    match = counted.metric.match(args.matching)
    path = args.session_name if args.session_name.endswith(".json") else f"{args.session_name}.json"
    save_match(match, path)
    say(path)
    hint(
        f"{len(match) - 1:,} clusters matched to {len(set(match.values()) - {0}):,} of {counted.config} classes, "
        f"from {len(counted.metric):,} images ({args.matching})."
    )
    return 0
