"""`imagenet-s compare`: two saved runs over the same images, figure by figure, with paired intervals."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from imagenet_s.cli.output import say, table, write_json
from imagenet_s.metrics import Localization, compare
from imagenet_s.metrics.comparison import load_run


def run(args: argparse.Namespace) -> int:
    """Load, compare, print."""
    if len(args.matching) > 2:
        raise ValueError(f"--matching {' '.join(args.matching)}: expected one for both runs, or one for each.")
    matching = [Path(one) if one.endswith(".json") else one for one in args.matching]
    a, b = load_run(args.a), load_run(args.b)
    keys = [args.key] if args.key else None
    result: dict[str, Any] = compare(
        a,
        b,
        args.key,
        args.resamples,
        args.confidence,
        args.seed,
        matching=(matching[0], matching[-1]),
    )
    differences = {args.key: result} if keys else result
    if args.json != "-":
        _print(differences, args, "maps" if isinstance(a, Localization) else "masks", len(a))
    if args.json:
        write_json({"a": args.a, "b": args.b, "images": len(a), "differences": differences}, args.json)
    return 0


def _print(differences: dict[str, dict[str, Any]], args: argparse.Namespace, what: str, images: int) -> None:
    rows = [
        [
            key,
            _points(one["difference"]).rjust(7),
            f"{_points(one['low']):>7} to {_points(one['high']):>7}",
            one["wins"],
            one["ties"],
            one["losses"],
            one["num_images"],
        ]
        for key, one in differences.items()
    ]
    interval = f"{100 * args.confidence:g} % interval"
    say(table(rows, ["figure", "A - B", interval, "A better", "equal", "A worse", "images"]))
    say(f"{images:,} images; means of the figures of single {what}, in percentage points")


def _points(fraction: float) -> str:
    return "–" if fraction != fraction else f"{100 * fraction:+.2f}"
