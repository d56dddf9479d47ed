"""`imagenet-s evaluate`: every official figure (official: evaluator.py)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...conversion.facts import CONFIG_NAMES, class_groups
from ...metrics.evaluation.run_record import run_record
from ...metrics.matched_miou.anatomy import PLACES
from ...metrics.matched_miou.bootstrap import check_bootstrap
from ...metrics.matched_miou.matching import check_matching
from ...report import TITLES, Picture, html_report, percent, ties
from ...report.anatomy_tables import GROUP_TITLES, LostPoints, lost_points
from ...report.figures import class_labels, counted_noun, interval_cell, run_notes
from ...report.mask_pictures import pictures_of_run
from ...report.published_figures import published_figures
from ...report.which_images import chosen_images, images_of_groups
from ..output import hint, say, table, write_json, write_page
from .counting import Counted, count, most_missing
from .page_images import hint_absent_images, open_images

if TYPE_CHECKING:
    from ...report.images_by_id import ImagesById


def run(args: argparse.Namespace) -> int:
    """Count, score, print."""
    matching = args.match or args.matching or "none"
    if args.match and not Path(args.match).is_file():
        raise ValueError(f"--match {args.match}: there is no such file; `imagenet-s match` writes one.")
    chosen = Path(args.match) if args.match else matching
    if args.config:
        check_matching(chosen, int(args.config))  # before minutes of counting
    if args.images and (args.counts or not args.report):
        raise ValueError(
            "--images draws pictures for --report: it needs --report FILE.html, and masks (--predict-dir, --gt-dir)."
        )
    if args.protocol and not args.report:
        raise ValueError("--protocol chooses the published results of the page: it needs --report FILE.html.")
    images = open_images(args.images, args.config)
    if args.bootstrap is not None:
        check_bootstrap(args.bootstrap, 0.95)
    counted = count(args)
    result = counted.metric.compute(chosen)
    intervals = None
    if args.bootstrap:
        intervals = counted.metric.bootstrap(result["matching"], samples=args.bootstrap, seed=args.seed)
    anatomy: dict[str, Any] | None = None
    if args.anatomy or args.report:
        anatomy = counted.metric.anatomy("none" if chosen == "none" else result["matching"])
    warnings = _warnings(counted)
    for sentence in warnings:
        hint(sentence)
    run = run_record(counted.metric, matching=str(matching))
    if args.json:
        extra: dict[str, Any] = {
            "config": counted.config,
            "missing": counted.metric.record.get("missing"),
            "on_missing": counted.on_missing,
            "run": run,
        }
        more = {"intervals": intervals, "anatomy": anatomy if args.anatomy else None}
        write_json({**result, **{key: value for key, value in more.items() if value}, **extra}, args.json)
    if args.report:
        _report(args, counted, result, intervals, anatomy, [*warnings, *run_notes(run)], run, images)
        hint(f"Report written to {args.report}")
    if args.json != "-":
        _print(result, intervals, counted, args.per_class)
        if args.anatomy and anatomy:
            _print_anatomy(lost_points(anatomy, class_labels(counted.config)))
    return 0


def _print(
    result: dict[str, Any], intervals: dict[str, tuple[float, float]] | None, counted: Counted, per_class: bool
) -> None:
    rows = [[name, percent(result[key]).rjust(7)] for key, name in TITLES.items()]
    header = ["figure", "percent"]
    if intervals:
        header.append("95 % interval")
        for row, key in zip(rows, TITLES):
            row.append(interval_cell(intervals[key]))
    say(table(rows, header))
    number = result["num_images"]
    left_out = len(counted.missing) if counted.on_missing == "skip" else 0
    images = f"{number:,} of {counted_noun(number + left_out, 'image')}" if left_out else counted_noun(number, "image")
    say(f"{images}, {_what(counted.config)}")
    if sentence := ties(result):
        say(sentence)
    if per_class:
        say()
        ious = zip(class_labels(counted.config), result["per_category_iou"], result["per_category_boundary_iou"])
        body = [
            [class_id, label, percent(iou).rjust(6), percent(boundary).rjust(6)]
            for class_id, (label, iou, boundary) in enumerate(ious)
        ]
        say(table(body, ["id", "class", "IoU", "boundary IoU"]))


def _print_anatomy(lost: LostPoints) -> None:
    say()
    rows = [
        [kind.title, place, percent(kind.share[i]).rjust(7), percent(kind.mended[i]).rjust(7)]
        for kind in lost.kinds
        for i, place in enumerate(PLACES)
    ]
    say(table(rows, ["wrong pixels", "where", "percent", "mIoU if these were right"]))
    say(f"{lost.wrong_pixels:,} wrong pixels. The gains of several kinds do not add up.")
    say()
    groups = [[group.title, f"{group.images:,}", percent(group.share).rjust(7)] for group in lost.groups]
    say(table(groups, ["images that show an object", "images", "percent"]))
    if lost.agreement:
        say()
        agreement = [[title, percent(value).rjust(7)] for title, _, value in lost.agreement]
        say(table(agreement, ["clusters and ids, before matching", "percent"]))


def _report(
    args: argparse.Namespace,
    counted: Counted,
    result: dict[str, Any],
    intervals: dict[str, tuple[float, float]] | None,
    anatomy: dict[str, Any] | None,
    notes: list[str],
    record: dict[str, Any],
    images: ImagesById | None,
) -> None:
    if counted.missing:
        done = "were left out" if counted.on_missing == "skip" else "counted as predicted 0 everywhere"
        notes.append(f"Predictions that were missing and {done}: {len(counted.missing):,}")
    labels, per_image = class_labels(counted.config), counted.metric.per_image(result["matching"])
    groups = counted.metric.image_groups(result["matching"])
    pictures: list[Picture] = []
    examples: list[Picture] = []
    if counted.masks:
        ranked = chosen_images(per_image), images_of_groups(groups, GROUP_TITLES)
        pictures, examples = (
            pictures_of_run(counted.masks, per_image, part, result["matching"], labels, images) for part in ranked
        )
        hint_absent_images([*pictures, *examples], images)
    page = html_report(
        result,
        per_image,
        labels,
        title=" on ".join(filter(None, [counted.metric.record.get("name"), _what(counted.config)])),
        intervals=intervals,
        notes=notes,
        groups=class_groups(counted.config) if counted.config in CONFIG_NAMES else (),
        confusions=counted.metric.confusions(result["matching"], 20),
        pictures=pictures,
        anatomy=anatomy,
        examples=examples,
        published=published_figures(record, args.protocol),
    )
    write_page(page, args.report)


def _what(config: str) -> str:
    """The data that was scored; counts made in Python may be of any number of classes."""
    return f"ImageNet-S-{config}" if config in CONFIG_NAMES else f"{config} classes"


def _warnings(counted: Counted) -> list[str]:
    """What is to be said before the figures."""
    sentences = [*filter(None, [most_missing(counted)])]
    ids = counted.metric.predicted_ids()
    if len(ids) == 1:
        what = "0, `other`" if ids == [0] else f"{ids[0]}"
        sentences.append(
            f"All predictions hold a single id, {what}, in every scored pixel: are these the masks that you mean to "
            "score, and were their ids kept when they were written?"
        )
    return sentences
