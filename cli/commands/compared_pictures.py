"""The pictures on the page of two runs: whether they can be drawn, and whether they show what the runs scored."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from ...conversion.dataset.open_masks import open_masks
from ...conversion.facts import ANNOTATED_SPLITS, config_name
from ...conversion.masks.find_masks import find_masks
from ...metrics import Localization, MatchedIoU
from ...metrics.evaluation.pairing import pair_up
from ...metrics.evaluation.scored_masks import ScoredMasks
from ...metrics.saliency.map_files import open_map_reader
from ...metrics.saliency.score_maps import ToScore, score_maps
from ...report import percent
from ...report.comparison_tables import PictureOfBoth
from ...report.map_pictures import maps_of_two_runs
from ...report.mask_pictures import pictures_of_two_runs
from ...report.which_images import ValuesOfBoth
from .page_images import hint_absent_images, open_images

Chosen = list[tuple[str, list[ValuesOfBoth]]]
"""(heading, images) as `differing_most` returns them."""
_SAME = 1e-6
"""Scores of the same files on two machines differ by less: sums in another order."""


def refuse_pictures(args: argparse.Namespace) -> None:
    for name in ("gt_dir", "maps_dir", "predict_dir", "images", "config"):
        if getattr(args, name):
            raise ValueError(
                f"--{name.replace('_', '-')} is for runs of masks or maps: these are answers of classifiers."
            )


def check_pictures(args: argparse.Namespace, of_masks: bool, recorded: Sequence[Mapping[str, Any]]) -> None:
    """Refuse options of the other kind of run, pictures of which something is missing, and another configuration."""
    what, ours, other = ("masks", "predict_dir", "maps_dir") if of_masks else ("maps", "maps_dir", "predict_dir")
    for name in (other, "config") if of_masks else (other,):
        if getattr(args, name):
            option = "--" + name.replace("_", "-")
            raise ValueError(f"{option} is for runs of {'maps' if of_masks else 'masks'}: these are of {what}.")
    if not of_masks and args.matching != ["none"]:
        raise ValueError("--matching is for runs of masks: these are of maps.")
    config_alone = args.config and not args.report
    if not of_masks:
        configs = [record["config"] for record in recorded if "config" in record]
        if args.config and set(configs) - {args.config}:
            raise ValueError(
                f"the runs are of ImageNet-S-{' and '.join(dict.fromkeys(configs))}, not of --config {args.config}."
            )
        args.config = args.config or (config_name(configs[0]) if configs else None)
    given = [name for name in ("gt_dir", ours, "images", "annotations_dir", "split") if getattr(args, name)]
    if given and not (args.report and args.gt_dir and getattr(args, ours) and (of_masks or args.config)):
        raise ValueError(
            f"pictures need the page and the {what}: --report FILE.html --gt-dir G "
            f"{'--predict-dir A B' if of_masks else '--maps-dir A B --config 50|300|919'} (and --images IMAGENET, to "
            f"draw them over the images)."
        )
    if config_alone:
        raise ValueError("--config names the classes of the page: it needs --report FILE.html.")
    if args.split is None:
        splits = [record.get("options", {}).get("split") for record in recorded]
        args.split = next((split for split in splits if split in ANNOTATED_SPLITS), "validation")


def mask_pictures(
    args: argparse.Namespace,
    chosen: Chosen,
    runs: tuple[MatchedIoU, MatchedIoU],
    matches: list[dict[int, int]],
    labels: list[str],
    order: str,
) -> list[PictureOfBoth]:
    config, keys = str(len(labels) - 1), [values.name for _, differing in chosen for values in differing]
    images = open_images(args.images, config)
    references = open_masks(args.gt_dir, config, args.split, args.annotations_dir, args.verify)
    masks = []
    for place in args.predict_dir:
        predictions = find_masks(place, config, args.split)
        masks.append(ScoredMasks(predictions, references, dict(pair_up(predictions, references, keys).matched)))
    pictures = pictures_of_two_runs(chosen, masks, matches, labels, images)
    for file, place, run, match, scored in zip((args.a, args.b), args.predict_dir, runs, matches, masks):
        again = MatchedIoU(run.num_classes, run.ignore_index)
        for key in keys:
            reference, prediction = scored.read(key)
            again.update(prediction, reference, key)
        _check_scores(run.per_image(match), again.per_image(match), order, file, f"--predict-dir {place}")
    hint_absent_images(pictures, images)
    return pictures


def map_pictures(
    args: argparse.Namespace, chosen: Chosen, a: Localization, b: Localization, labels: list[str], order: str
) -> list[PictureOfBoth]:
    masks = open_masks(args.gt_dir, args.config, args.split, args.annotations_dir, args.verify)
    targets = dict(zip(*(a.per_image()[column] for column in ("name", "target"))))
    scored = {
        image_id: ToScore(image_id, key, targets[image_id])
        for image_id, key in masks.by_id.items()
        if image_id in targets
    }
    maps = [open_map_reader(place) for place in args.maps_dir]
    images = open_images(args.images, args.config)
    pictures = maps_of_two_runs(chosen, maps, masks, scored, (a.options, b.options), images, labels)
    drawn = [scored[picture.name] for picture in pictures]
    for file, reader, run in zip((args.a, args.b), maps, (a, b)):
        again = score_maps(reader, masks, drawn, run.options)
        _check_scores(run.per_image(), again.per_image(), order, file, f"--maps-dir {reader.path}")
    return pictures


def _check_scores(
    saved: Mapping[str, list[Any]], again: Mapping[str, list[Any]], key: str, file: str, place: str
) -> None:
    """Refuse to draw for a run what has other scores than the run says."""
    values = dict(zip(saved["name"], saved[key]))
    for name, value in zip(again["name"], again[key]):
        if not abs(value - values[name]) <= _SAME:  # NaN is none of its scores either
            raise ValueError(
                f"{place} has {key} {percent(value)} on {name}, {file} says {percent(values[name])}: it is not what "
                "that run scored. Are the two places in the order of the runs, and are the references the same?"
            )
