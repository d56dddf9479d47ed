"""`imagenet-s evaluate`: every official figure (official: evaluator.py)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from imagenet_s.cli.predictions import Counted, add_inputs, count


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "evaluate",
        help="score predictions: every official figure",
        description="Score predictions. Without --match or --matching, predicted ids are class ids.",
    )
    add_inputs(parser)
    group = parser.add_argument_group("how to score")
    either = group.add_mutually_exclusive_group()
    either.add_argument("--match", metavar="FILE", help="a match.json: the class of each cluster")
    either.add_argument(
        "--matching",
        choices=("none", "hungarian", "pixel", "majority"),
        help="find the match here: one to one by images (hungarian, official), by pixels, or by majority",
    )
    group.add_argument(
        "--bootstrap",
        type=int,
        metavar="N",
        help="95 %% intervals from N resamples of the images; 1000 is a good number",
    )
    group.add_argument("--seed", type=int, default=0, help="of the resamples (default: 0)")
    group = parser.add_argument_group("what to write")
    group.add_argument("--per-class", action="store_true", help="a table of the classes, too")
    group.add_argument("--json", metavar="FILE", help="the figures as fractions, `-` for stdout instead of the tables")
    group.add_argument("--report", metavar="FILE.html", help="a page with bars for the classes and the worst images")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Count, score, print."""
    from imagenet_s.cli.output import hint, write_json

    counted = count(args)
    matching = args.match or args.matching or "none"
    if args.match and not Path(args.match).is_file():
        raise ValueError(f"--match {args.match}: there is no such file; `imagenet-s match` writes one.")
    result = counted.metric.compute(Path(matching) if args.match else matching)
    intervals = None
    if args.bootstrap:
        intervals = counted.metric.bootstrap(result["matching"], samples=args.bootstrap, seed=args.seed)
    if args.json != "-":
        _print(result, intervals, counted, args.per_class)
    if args.json:
        extra: dict[str, Any] = {"config": counted.config, "missing": counted.missing, "on_missing": args.on_missing}
        write_json({**result, **({"intervals": intervals} if intervals else {}), **extra}, args.json)
    if args.report:
        _report(args, counted, result, intervals, matching)
        hint(f"Report written to {args.report}")
    return 0


def _print(
    result: dict[str, Any], intervals: dict[str, tuple[float, float]] | None, counted: Counted, per_class: bool
) -> None:
    from imagenet_s.cli.output import say, table
    from imagenet_s.metrics.report import TITLES, percent

    rows = [[name, percent(result[key]).rjust(7)] for key, name in TITLES.items()]
    header = ["figure", "percent"]
    if intervals:
        header.append("95 % interval")
        for row, key in zip(rows, TITLES):
            row.append("{:>6} to {:>6}".format(*map(percent, intervals[key])))
    say(table(rows, header))
    say(f"{result['num_images']:,} images, ImageNet-S-{counted.config}")
    if per_class:
        from imagenet_s.conversion.facts import categories

        say()
        ious = zip(categories(counted.config), result["per_category_iou"], result["per_category_boundary_iou"])
        body = [[one.id, one.name, percent(iou).rjust(6), percent(boundary).rjust(6)] for one, iou, boundary in ious]
        say(table(body, ["id", "class", "IoU", "boundary IoU"]))


def _report(
    args: argparse.Namespace,
    counted: Counted,
    result: dict[str, Any],
    intervals: dict[str, tuple[float, float]] | None,
    matching: str,
) -> None:
    from imagenet_s.conversion.facts import categories
    from imagenet_s.metrics.matched_miou.atomic_write import atomic_write
    from imagenet_s.metrics.report import html_report

    notes = [f"{result['num_images']:,} images, matching: {matching}."]
    if counted.missing:
        done = "were left out" if args.on_missing == "skip" else "counted as predicted 0 everywhere"
        notes.append(f"Predictions that were missing and {done}: {len(counted.missing):,}")
    page = html_report(
        result,
        counted.metric.per_image(result["matching"]),
        categories(counted.config).names,
        title=f"ImageNet-S-{counted.config}",
        intervals=intervals,
        notes=notes,
    )
    with atomic_write(args.report) as file:
        file.write(page.encode())
