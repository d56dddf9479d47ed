"""`imagenet-s evaluate-maps`: localization scores of saliency, attribution and attention maps."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

from ...conversion.core.workers import usable_cpus
from ...conversion.facts import categories
from ...metrics import Localization
from ...metrics.saliency.map_files import MapReader, open_map_reader
from ...metrics.saliency.score_maps import ToScore, score_maps
from ...metrics.saliency.score_options import PRESETS
from ...report import html_map_report, percent
from ...report.figures import interval_cell
from ...report.map_pictures import map_drawer
from ..output import hint, say, table, write_json, write_page
from .map_references import References, open_references, read_keys
from .page_images import open_images

_SHOWN = 5


@dataclass(frozen=True)
class _Scored:
    """Scores, and what was left out."""

    metric: Localization
    config: str
    missing: list[str] = field(default_factory=list)
    no_class: list[str] = field(default_factory=list)
    maps: MapReader | None = None
    references: References | None = None


def run(args: argparse.Namespace) -> int:
    """Score, print."""
    scored = _load(args) if args.counts else _score(args)
    if args.save_counts:
        scored.metric.save(args.save_counts)
        hint(f"Scores written to {args.save_counts}; `--counts` shows them again, `imagenet-s compare` compares them.")
    result = scored.metric.compute(args.average)
    intervals = None
    if args.bootstrap:
        intervals = scored.metric.bootstrap(args.average, samples=args.bootstrap, seed=args.seed)
    if args.json:
        extra: dict[str, Any] = {
            "config": scored.config,
            "average": args.average,
            "target": args.target,
            "missing": scored.missing,
            "no_class": scored.no_class,
        }
        write_json({**result, **({"intervals": intervals} if intervals else {}), **extra}, args.json)
    if args.report:
        _report(args, scored, result, intervals)
        hint(f"Report written to {args.report}")
    if args.json != "-":
        _print(result, intervals, PRESETS[args.preset] if args.preset else None, scored.config)
    return 0


def _load(args: argparse.Namespace) -> _Scored:
    if args.maps_dir or args.gt_dir:
        raise ValueError("--counts stands for --maps-dir and --gt-dir: give one or the other.")
    # A class id says nothing without its configuration; figures do.
    return _Scored(Localization.load(args.counts), args.config or "")


def _score(args: argparse.Namespace) -> _Scored:
    absent = [name for name in ("maps_dir", "gt_dir", "config") if not getattr(args, name)]
    if absent:
        options = ", ".join("--" + name.replace("_", "-") for name in absent)
        raise ValueError(f"{options} missing: give --maps-dir M --gt-dir G --config 50|300|919, or --counts FILE.")
    settings = Localization(args.thresholds, args.tolerance, args.relevance, args.resize).options
    maps = open_map_reader(args.maps_dir)
    references = open_references(
        args.gt_dir, args.config, args.split, args.target, args.annotations_dir, args.verify, read_keys(args.list)
    )
    images, missing = _with_maps(maps, references, args.on_missing)
    if references.no_class:
        hint(
            f"Left out, their ImageNet label is no class of ImageNet-S-{args.config}: {len(references.no_class):,} of "
            f"{len(references.images) + len(references.no_class):,} images (--json lists them)"
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
    return _Scored(metric, args.config, missing, references.no_class, maps, references)


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
        hint(f"Maps missing, left out: {len(missing):,} images: {shown} (--json lists all)")
    unused = len(with_map - {image.image_id for image in references.images} - set(references.no_class))
    if unused:
        hint(f"Maps without a mask, not scored: {unused:,}")
    return images, missing


def _report(
    args: argparse.Namespace,
    scored: _Scored,
    result: dict[str, Any],
    intervals: dict[str, tuple[float, float]] | None,
) -> None:
    if not scored.config:
        raise ValueError("--report of saved scores needs --config: it names the classes.")
    notes = [f"{result['num_images']:,} images, means over {'images' if args.average == 'image' else 'classes'}."]
    if scored.missing:
        notes.append(f"Maps that were missing, left out: {len(scored.missing):,}")
    if scored.no_class:
        notes.append(f"Images whose ImageNet label is no class, left out: {len(scored.no_class):,}")
    draw = None
    if scored.maps is not None and scored.references is not None:
        references, images = scored.references, open_images(args.images, scored.config)
        draw = map_drawer(scored.maps, references.masks, references.images, scored.metric.options, images)
    elif args.images:
        raise ValueError("--images needs the maps: give --maps-dir and --gt-dir instead of --counts.")
    page = html_map_report(
        result,
        scored.metric.per_image(),
        scored.metric.iou_curve(),
        categories(scored.config).names,
        title=f"Maps on ImageNet-S-{scored.config}",
        intervals=intervals,
        notes=notes,
        picture=draw,
    )
    write_page(page, args.report)


def _print(
    result: dict[str, Any],
    intervals: dict[str, tuple[float, float]] | None,
    keys: tuple[str, ...] | None,
    config: str,
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
    parts = [f"{result['num_images']:,} images" + (f", ImageNet-S-{config}" if config else "")]
    for key, what in zip(counts[1:], ("without their class, left out", "constant maps", "all of one class")):
        if result[key]:
            parts.append(f"{what}: {result[key]:,}")
    say("; ".join(parts))
