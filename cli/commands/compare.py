"""`imagenet-s compare`: two saved runs over the same images, figure by figure, with paired intervals."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...conversion.dataset.open_masks import open_masks
from ...conversion.facts import CONFIG_NAMES, categories
from ...conversion.masks.find_masks import find_masks
from ...metrics import Localization, MatchedIoU, ObjectReliance, compare
from ...metrics.comparison import Run, load_run
from ...metrics.evaluation.pairing import pair_up
from ...metrics.evaluation.scored_masks import ScoredMasks
from ...metrics.saliency.map_files import open_map_reader
from ...metrics.saliency.score_maps import ToScore
from ...report import percent, points
from ...report.comparison_page import html_comparison_page
from ...report.comparison_tables import PictureOfBoth, map_classes_of_both, mask_classes_of_both, values_of_both
from ...report.figures import interval_cell
from ...report.map_pictures import maps_of_two_runs
from ...report.mask_pictures import pictures_of_two_runs
from ...report.which_images import ValuesOfBoth, differing_most, ranked_by
from ..output import hint, say, table, write_json, write_page
from .page_images import hint_absent_images, open_images

Chosen = list[tuple[str, list[ValuesOfBoth]]]
"""(heading, images) as `differing_most` returns them."""
_DRAWN = 4
"""Images on either side."""


def run(args: argparse.Namespace) -> int:
    """Load, compare, print."""
    if len(args.matching) > 2:
        raise ValueError(f"--matching {' '.join(args.matching)}: expected one for both runs, or one for each.")
    matching = [Path(name) if name.endswith(".json") else name for name in args.matching]
    a, b = load_run(args.a), load_run(args.b)
    if isinstance(a, ObjectReliance):
        _refuse_pictures(args)
    else:
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
        _print(differences, args, a)
    if args.report:
        _report(args, a, b, matching, differences)
        hint(f"Report written to {args.report}")
    if args.json:
        write_json({"a": args.a, "b": args.b, "images": len(a), "differences": differences}, args.json)
    return 0


def _refuse_pictures(args: argparse.Namespace) -> None:
    for name in ("gt_dir", "maps_dir", "predict_dir", "images", "config"):
        if getattr(args, name):
            raise ValueError(
                f"--{name.replace('_', '-')} is for runs of masks or maps: these are answers to composites."
            )


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
    order = ranked_by(differences)
    more: dict[str, Any] = {}
    if isinstance(a, MatchedIoU) and isinstance(b, MatchedIoU):
        results = a.compute(matching[0]), b.compute(matching[-1])
        matches = [result["matching"] for result in results]
        figures = [percent(result["mean_iou"]) for result in results]
        notes.append(f"mIoU over all images together: A {figures[0]}, B {figures[1]}.")
        images_a, images_b = a.per_image(matches[0]), b.per_image(matches[1])
        labels = _labels(a.num_classes)
        more["classes"] = mask_classes_of_both(*results, images_a["classes"], labels)
        if args.gt_dir:
            chosen = differing_most(values_of_both(images_a, images_b, order), _DRAWN)
            more["pictures"] = _mask_pictures(args, chosen, matches, labels)
    else:
        images_a, images_b = a.per_image(), b.per_image()
    if isinstance(a, Localization) and isinstance(b, Localization):
        if args.config:
            labels = _labels_of_maps(args.config, images_a["target"])
            more["classes"] = map_classes_of_both(images_a, images_b, labels, order)
        if args.gt_dir:
            chosen = differing_most(values_of_both(images_a, images_b, order), _DRAWN)
            more["pictures"] = _map_pictures(args, chosen, a, b)
    page = html_comparison_page(
        images_a,
        images_b,
        differences,
        title=f"{Path(args.a).stem} and {Path(args.b).stem}",
        notes=notes,
        confidence=args.confidence,
        **more,
    )
    write_page(page, args.report)


def _labels(num_classes: int) -> list[str]:
    """The names of a configuration; the ids of any other number of classes."""
    if str(num_classes) in CONFIG_NAMES:
        return list(categories(str(num_classes)).names)
    return ["other", *(str(i) for i in range(1, num_classes + 1))]


def _labels_of_maps(config: str, targets: list[int]) -> list[str]:
    labels = _labels(int(config))
    highest = max(targets, default=0)
    if highest >= len(labels):
        raise ValueError(f"--config {config}: the runs have maps of class {highest}; of which ImageNet-S are they?")
    return labels


def _mask_pictures(
    args: argparse.Namespace, chosen: Chosen, matches: list[dict[int, int]], labels: list[str]
) -> list[PictureOfBoth]:
    config, keys = str(len(labels) - 1), [values.name for _, differing in chosen for values in differing]
    images = open_images(args.images, config)
    references = open_masks(args.gt_dir, config, args.split, args.annotations_dir, args.verify)
    masks = []
    for place in args.predict_dir:
        predictions = find_masks(place, config, args.split)
        masks.append(ScoredMasks(predictions, references, dict(pair_up(predictions, references, keys).matched)))
    pictures = pictures_of_two_runs(chosen, masks, matches, labels, images)
    hint_absent_images(pictures, images)
    return pictures


def _map_pictures(args: argparse.Namespace, chosen: Chosen, a: Localization, b: Localization) -> list[PictureOfBoth]:
    masks = open_masks(args.gt_dir, args.config, args.split, args.annotations_dir, args.verify)
    targets = dict(zip(*(a.per_image()[column] for column in ("name", "target"))))
    scored = {
        image_id: ToScore(image_id, key, targets[image_id])
        for image_id, key in masks.by_id.items()
        if image_id in targets
    }
    maps = [open_map_reader(place) for place in args.maps_dir]
    images = open_images(args.images, args.config)
    return maps_of_two_runs(chosen, maps, masks, scored, (a.options, b.options), images)


def _print(differences: dict[str, dict[str, Any]], args: argparse.Namespace, a: Run) -> None:
    rows = [
        [
            key,
            points(difference["difference"]).rjust(7),
            interval_cell((difference["low"], difference["high"]), points, 7),
            difference["wins"],
            difference["ties"],
            difference["losses"],
            difference["num_images"],
        ]
        for key, difference in differences.items()
    ]
    interval = f"{100 * args.confidence:g} % interval"
    # More of a gap between kinds of pictures is neither good nor bad.
    more, less = ("A higher", "A lower") if isinstance(a, ObjectReliance) else ("A better", "A worse")
    say(table(rows, ["figure", "A - B", interval, more, "equal", less, "images"]))
    what = "answers" if isinstance(a, ObjectReliance) else "maps" if isinstance(a, Localization) else "masks"
    say(f"{len(a):,} images; means of the figures of single {what}, in percentage points")
