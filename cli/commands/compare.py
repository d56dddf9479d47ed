"""`imagenet-s compare`: two saved runs over the same images, figure by figure, with paired intervals."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...conversion.core.atomic_write import atomic_write
from ...conversion.facts import CONFIG_NAMES, categories
from ...metrics import Localization, MatchedIoU, compare
from ...metrics.comparison import Run, load_run
from ...report import percent, points
from ...report.compared_pictures import compared_pictures
from ...report.comparison_page import (
    PictureOfBoth,
    ValuesOfBoth,
    classes_of_both,
    ends,
    html_comparison_page,
    paired_figures,
    ranked_by,
)
from ...report.map_page_data import spread_by_class
from ..output import hint, say, table, write_json
from .compared_maps import compared_maps

_DRAWN = 4
"""Images on either side."""


def run(args: argparse.Namespace) -> int:
    """Load, compare, print."""
    if len(args.matching) > 2:
        raise ValueError(f"--matching {' '.join(args.matching)}: expected one for both runs, or one for each.")
    matching = [Path(one) if one.endswith(".json") else one for one in args.matching]
    a, b = load_run(args.a), load_run(args.b)
    _check_pictures(args, isinstance(a, MatchedIoU))
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


def _check_pictures(args: argparse.Namespace, of_masks: bool) -> None:
    """Refuse the options of the other kind of run, and pictures of which something is missing."""
    what, ours, other = ("masks", "predict_dir", "maps_dir") if of_masks else ("maps", "maps_dir", "predict_dir")
    for name in (other, "config") if of_masks else (other,):
        if getattr(args, name):
            option = "--" + name.replace("_", "-")
            raise ValueError(f"{option} is for runs of {'maps' if of_masks else 'masks'}: these are of {what}.")
    given = [name for name in ("gt_dir", ours, "images") if getattr(args, name)]
    if given and not (args.report and args.gt_dir and getattr(args, ours) and (of_masks or args.config)):
        raise ValueError(
            f"pictures need the page and the {what}: --report FILE.html --gt-dir G "
            f"{'--predict-dir A B' if of_masks else '--maps-dir A B --config 50|300|919'} (and --images IMAGENET, to "
            f"draw them over the images)."
        )
    if args.config and not args.report:
        raise ValueError("--config names the classes of the page: it needs --report FILE.html.")


def _report(args: argparse.Namespace, a: Run, b: Run, matching: list[Path | str], differences: dict[str, Any]) -> None:
    notes = [f"A: {args.a}", f"B: {args.b}", f"{len(a):,} images."]
    more: dict[str, Any] = {}
    if isinstance(a, MatchedIoU) and isinstance(b, MatchedIoU):
        results = a.compute(matching[0]), b.compute(matching[-1])
        whole = [percent(result["mean_iou"]) for result in results]
        notes.append(f"mIoU over all images together: A {whole[0]}, B {whole[1]}.")
        columns = [run.per_image(result["matching"]) for run, result in zip((a, b), results)]
        labels = _labels(a.num_classes)
        more["classes"] = classes_of_both(*results, columns[0]["classes"], labels)
        if args.gt_dir:
            more["pictures"] = _pictures(args, columns, [result["matching"] for result in results], labels, differences)
    elif isinstance(a, Localization) and isinstance(b, Localization):
        columns = [a.per_image(), b.per_image()]
        if args.config:
            more["classes"] = _classes_of_maps(columns, args.config, ranked_by(differences))
        if args.gt_dir:
            chosen, targets = _drawn(columns, differences), dict(zip(columns[0]["name"], columns[0]["target"]))
            more["pictures"] = compared_maps(
                chosen,
                args.maps_dir,
                args.gt_dir,
                args.config,
                args.split,
                targets,
                (a.options, b.options),
                args.images,
            )
    page = html_comparison_page(
        columns[0],
        columns[1],
        differences,
        title=f"{Path(args.a).stem} and {Path(args.b).stem}",
        notes=notes,
        confidence=args.confidence,
        **more,
    )
    with atomic_write(args.report) as file:
        file.write(page.encode("utf-8", "backslashreplace"))


def _labels(num_classes: int) -> list[str]:
    """The names of a configuration; the ids of any other number of classes."""
    if str(num_classes) in CONFIG_NAMES:
        return list(categories(str(num_classes)).names)
    return ["other", *(str(i) for i in range(1, num_classes + 1))]


def _pictures(
    args: argparse.Namespace,
    columns: list[dict[str, Any]],
    matches: list[dict[int, int]],
    labels: list[str],
    differences: dict[str, Any],
) -> list[PictureOfBoth]:
    images = None
    if args.images:
        from ...report.images_by_id import ImagesById  # imports datasets: only where it is needed

        images = ImagesById(args.images, str(len(labels) - 1))
    chosen = _drawn(columns, differences)
    return compared_pictures(chosen, args.predict_dir, args.gt_dir, args.split, matches, labels, images)


def _drawn(columns: list[dict[str, Any]], differences: dict[str, Any]) -> list[tuple[str, list[ValuesOfBoth]]]:
    """The images that differ most, under their headings."""
    key = ranked_by(differences)
    values = [ValuesOfBoth(name, *pair) for name, pair in paired_figures(columns[0], columns[1], [key])[key].items()]
    return ends(values, _DRAWN)


def _classes_of_maps(columns: list[dict[str, Any]], config: str, key: str) -> list[ValuesOfBoth]:
    """The mean of a score over the images of each class, by class id."""
    labels = categories(config).names
    highest = max(columns[0]["target"], default=0)
    if highest >= len(labels):
        raise ValueError(f"--config {config}: the runs have maps of class {highest}; of which ImageNet-S are they?")
    means = [{one.id: one.mean for one in spread_by_class(run, labels, key)} for run in columns]
    return [ValuesOfBoth(labels[i], means[0][i], means[1][i]) for i in sorted(means[0].keys() & means[1].keys())]


def _print(differences: dict[str, dict[str, Any]], args: argparse.Namespace, what: str, images: int) -> None:
    rows = [
        [
            key,
            points(one["difference"]).rjust(7),
            f"{points(one['low']):>7} to {points(one['high']):>7}" if one["low"] == one["low"] else "–".rjust(7),
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
