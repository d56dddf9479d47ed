"""`imagenet-s evaluate-maps`: localization scores of saliency, attribution and attention maps."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from ...conversion.core.errors import ImageNetSError
from ...conversion.core.workers import usable_cpus
from ...conversion.facts import categories
from ...metrics import Localization
from ...metrics.evaluation.run_record import run_record, score_options
from ...metrics.matched_miou.bootstrap import check_bootstrap
from ...metrics.saliency.center_map import CenterMaps
from ...metrics.saliency.left_out import doubts
from ...metrics.saliency.map_files import MapReader, open_map_reader
from ...metrics.saliency.score_maps import ToScore, score_maps
from ...metrics.saliency.score_options import PRESETS
from ...report import html_map_report, percent
from ...report.figures import class_labels, counted_noun, interval_cell, run_notes
from ...report.map_pictures import map_drawer
from ..output import hint, say, table, write_json, write_page
from .map_references import References, open_references
from .page_images import open_images
from .saved_runs import check_inputs, keep_options, new_record

if TYPE_CHECKING:
    from ...report.images_by_id import ImagesById

_OPTIONS = ("split", "target", "on_missing", "thresholds", "tolerance", "relevance", "resize")
_SHOWN = 5
_OF_CLASSES = ("pointing_game", "energy_pointing_game", "average_precision", "image_max_iou")
"""The figures of the table of classes; --json has all of them."""


@dataclass(frozen=True)
class _Scored:
    """Scores, and where the maps and masks are; None for saved scores."""

    metric: Localization
    maps: MapReader | None = None
    references: References | None = None


def run(args: argparse.Namespace) -> int:
    """Score, print."""
    check_inputs(args, ("center" if args.center else "maps_dir", "gt_dir"))
    if args.images and (args.counts or not args.report):
        raise ValueError("--images draws maps for --report: it needs --report FILE.html, and --maps-dir and --gt-dir.")
    if args.bootstrap is not None:
        check_bootstrap(args.bootstrap, 0.95)
    images = open_images(args.images, args.config)
    scored = _load(args) if args.counts else _score(args)
    record = scored.metric.record
    run = run_record(scored.metric, average=args.average)
    config = run["config"]
    if args.report and not config:
        raise ImageNetSError(f"{args.counts} has no record of its --config: --report needs it, it names the classes.")
    if args.save_counts:
        scored.metric.save(args.save_counts)
        hint(f"Scores written to {args.save_counts}; `--counts` shows them again, `imagenet-s compare` compares them.")
    result = scored.metric.compute(args.average)
    intervals = None
    if args.bootstrap:
        intervals = scored.metric.bootstrap(args.average, samples=args.bootstrap, seed=args.seed)
    if args.json:
        extra: dict[str, Any] = {
            "config": config,
            "average": args.average,
            "target": args.target,
            "missing": record.get("missing"),
            "no_class": record.get("no_class"),
            "run": run,
        }
        parts: dict[str, Any] = {"intervals": intervals} if intervals else {}
        parts |= {"by_size": scored.metric.by_size(args.average)} if args.by_size else {}
        parts |= {"per_category": scored.metric.by_category()} if args.per_class else {}
        write_json({**result, **parts, **extra}, args.json)
    if args.report:
        _report(args.report, scored, result, intervals, run, images)
        hint(f"Report written to {args.report}")
    if args.json != "-":
        keys = PRESETS[args.preset] if args.preset else None
        _print(result, intervals, keys, config)
        shown = [key for key in keys or scored.metric.keys if key in scored.metric.keys]
        if args.by_size:
            _print_sizes(scored.metric.by_size(args.average), shown)
        if args.per_class:
            _print_classes(scored.metric.by_category(), shown, config)
    return 0


def _load(args: argparse.Namespace) -> _Scored:
    metric = Localization.load(args.counts)
    recorded = run_record(metric)["config"]
    highest = max(metric.per_image()["target"], default=0)
    if args.config and (recorded not in (None, args.config) or highest > int(args.config)):
        of_what = f"of ImageNet-S-{recorded}" if recorded else f"of class {highest}, among others"
        raise ImageNetSError(f"{args.counts} has scores of maps {of_what}: not those of --config {args.config}.")
    if args.config:
        metric.record["config"] = args.config
    keep_options(args, metric, {**metric.record.get("options", {}), **score_options(metric)}, _OPTIONS)
    return _Scored(metric)


def _score(args: argparse.Namespace) -> _Scored:
    settings = Localization(args.thresholds, args.tolerance, args.relevance, args.resize).options
    files = None if args.center else open_map_reader(args.maps_dir)
    references = open_references(args)
    maps = files or CenterMaps(references.masks, references.images)
    images, missing = _with_maps(maps, references, args.on_missing)
    if references.no_class:
        hint(
            f"Left out, their ImageNet label is no class of ImageNet-S-{args.config}: {len(references.no_class):,} of "
            f"{counted_noun(len(references.images) + len(references.no_class), 'image')} (--json lists them)"
        )
    with tqdm(total=len(images), unit="map", desc="scoring", delay=1) as bar:
        metric = score_maps(
            maps,
            references.masks,
            images,
            settings,
            workers=args.workers or usable_cpus(),
            progress=bar.update,
        )
    parts = {"missing": missing, "no_class": references.no_class}
    metric.record = {
        **({"name": "center"} if args.center else {}),
        **new_record(args, ["target", "on_missing"], **parts),
    }
    return _Scored(metric, maps, references)


def _with_maps(maps: MapReader, references: References, on_missing: str) -> tuple[list[ToScore], list[str]]:
    """The images that have a map, and the ids of those that have none; says what is left out."""
    with_map = set(maps.ids)
    missing = [image.image_id for image in references.images if image.image_id not in with_map]
    images = [image for image in references.images if image.image_id in with_map]
    shown = ", ".join(missing[:_SHOWN]) + (" and more" if len(missing) > _SHOWN else "")
    if not images:
        raise ValueError(
            f"no image of {references.masks.path} has a map in {maps.path}: expected {missing[0]}.npy, for one; found "
            f"{maps.ids[0]}. Are the maps named by image id, and of this split?"
            if missing
            else f"{references.masks.path}: no image has a target."
        )
    if missing and on_missing == "error":
        raise ValueError(
            f"{maps.path} has no map for {len(missing):,} of {len(references.images):,} images: {shown}. --on-missing "
            "skip leaves them out."
        )
    if missing:
        hint(f"Maps missing, left out: {counted_noun(len(missing), 'image')}: {shown} (--json lists all)")
    unused = len(with_map - {image.image_id for image in references.images} - set(references.no_class))
    if unused:
        hint(f"Maps without a mask, not scored: {unused:,}")
    return images, missing


def _report(
    target: str,
    scored: _Scored,
    result: dict[str, Any],
    intervals: dict[str, tuple[float, float]] | None,
    run: dict[str, Any],
    images: ImagesById | None,
) -> None:
    notes = [*doubts(result, scored.metric.record), *run_notes(run)]
    if run["missing_predictions"]:
        notes.append(f"Maps that were missing, left out: {run['missing_predictions']:,}")
    if run["no_class"]:
        notes.append(f"Images whose ImageNet label is no class, left out: {run['no_class']:,}")
    draw, name = None, run["name"] or "Maps"
    if scored.maps is not None and scored.references is not None:
        references = scored.references
        draw = map_drawer(scored.maps, references.masks, references.images, scored.metric.options, images)
        place = scored.maps.path
        name = run["name"] or (place.name if place.is_dir() else place.stem)
    page = html_map_report(
        result,
        scored.metric.per_image(),
        scored.metric.iou_curve(),
        categories(run["config"]).names,
        title=f"{name} on ImageNet-S-{run['config']}",
        intervals=intervals,
        notes=notes,
        picture=draw,
        sizes=scored.metric.by_size(),
    )
    write_page(page, target)


def _print(
    result: dict[str, Any],
    intervals: dict[str, tuple[float, float]] | None,
    keys: tuple[str, ...] | None,
    config: str | None,
) -> None:
    counts = ("num_images", "num_absent", "num_constant", "num_full")
    shown = keys or [key for key in result if key not in (*counts, "dataset_max_iou_threshold")]
    rows = []
    for key in shown:
        at = result["dataset_max_iou_threshold"]
        label = f"{key} (at {at:.3f})" if key == "dataset_max_iou" and at == at else key
        row = [label, percent(result[key]).rjust(7)]
        if intervals:
            row.append(interval_cell(intervals[key]) if key in intervals else "")
        rows.append(row)
    say(table(rows, ["figure", "percent"] + (["95 % interval"] if intervals else [])))
    parts = [counted_noun(result["num_images"], "image") + (f", ImageNet-S-{config}" if config else "")]
    for key, what in zip(counts[1:], ("without their class, left out", "constant maps", "all of one class")):
        if result[key]:
            parts.append(f"{what}: {result[key]:,}")
    say("; ".join(parts))


def _print_sizes(sizes: dict[str, dict[str, Any]], keys: Sequence[str]) -> None:
    rows = [[key, *(percent(values[key]).rjust(6) for values in sizes.values())] for key in (*keys, "object_share")]
    rows.append(["images", *(f"{values['num_images']:,}".rjust(6) for values in sizes.values())])
    say()
    say(table(rows, ["by size of the object", *(size.upper().rjust(6) for size in sizes)]))


def _print_classes(classes: dict[int, dict[str, Any]], keys: Sequence[str], config: str | None) -> None:
    labels = class_labels(config or str(max(classes, default=0)))
    columns = list(dict.fromkeys(key for key in _OF_CLASSES if key in keys)) or list(keys[:3])
    rows = [
        [target, labels[target], values["num_images"], *(percent(values[key]).rjust(6) for key in columns)]
        for target, values in classes.items()
    ]
    say()
    say(table(rows, ["id", "class", "images", *columns]))
