"""`imagenet-s compare`: two saved runs over the same images, figure by figure, with paired intervals."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from imagenet_s.cli.output import hint, say, table, write_json
from imagenet_s.metrics import Localization, MatchedIoU, compare
from imagenet_s.metrics.comparison import Run, load_run
from imagenet_s.metrics.matched_miou.atomic_write import atomic_write
from imagenet_s.metrics.report import percent, points
from imagenet_s.metrics.report.comparison_page import html_comparison_page


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
    if args.report:
        _report(args, a, b, matching, differences)
        hint(f"Report written to {args.report}")
    if args.json:
        write_json({"a": args.a, "b": args.b, "images": len(a), "differences": differences}, args.json)
    return 0


def _report(args: argparse.Namespace, a: Run, b: Run, matching: list[Path | str], differences: dict[str, Any]) -> None:
    notes = [f"A: {args.a}", f"B: {args.b}", f"{len(a):,} images."]
    if isinstance(a, MatchedIoU) and isinstance(b, MatchedIoU):
        whole = [percent(run.compute(one)["mean_iou"]) for run, one in ((a, matching[0]), (b, matching[-1]))]
        notes.append(f"mIoU over all images together: A {whole[0]}, B {whole[1]}.")
    columns = [
        run.per_image(one) if isinstance(run, MatchedIoU) else run.per_image()
        for run, one in ((a, matching[0]), (b, matching[-1]))
    ]
    page = html_comparison_page(
        columns[0],
        columns[1],
        differences,
        title=f"{Path(args.a).stem} and {Path(args.b).stem}",
        notes=notes,
        confidence=args.confidence,
    )
    with atomic_write(args.report) as file:
        file.write(page.encode("utf-8", "backslashreplace"))


def _print(differences: dict[str, dict[str, Any]], args: argparse.Namespace, what: str, images: int) -> None:
    rows = [
        [
            key,
            points(one["difference"]).rjust(7),
            f"{points(one['low']):>7} to {points(one['high']):>7}",
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
