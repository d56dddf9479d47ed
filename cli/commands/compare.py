"""`imagenet-s compare`: two saved runs over the same images, figure by figure, with paired intervals."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...conversion.core.errors import printable
from ...conversion.dataset.open_masks import open_masks
from ...conversion.facts import ANNOTATED_SPLITS, config_name
from ...conversion.masks.find_masks import find_masks
from ...metrics import Localization, MatchedIoU, ObjectReliance, RegionAccuracy, compare
from ...metrics.comparison.saved_run import Run, load_run, run_names
from ...metrics.evaluation.pairing import pair_up
from ...metrics.evaluation.run_record import run_record
from ...metrics.evaluation.scored_masks import ScoredMasks
from ...metrics.saliency.map_files import open_map_reader
from ...metrics.saliency.score_maps import ToScore, score_maps
from ...report import percent, points
from ...report.comparison_page import html_comparison_page
from ...report.comparison_tables import PictureOfBoth, map_classes_of_both, mask_classes_of_both, values_of_both
from ...report.figures import class_labels, counted_noun, interval_cell, run_notes
from ...report.map_pictures import maps_of_two_runs
from ...report.mask_pictures import pictures_of_two_runs
from ...report.which_images import ValuesOfBoth, differing_most, ranked_by
from ..output import hint, say, table, write_json, write_page
from .compare_many import FORMATS, compare_runs
from .page_images import hint_absent_images, open_images

Chosen = list[tuple[str, list[ValuesOfBoth]]]
"""(heading, images) as `differing_most` returns them."""
_DRAWN = 4
"""Images on either side."""
_WIDEST_NAME = 20
"""Of a run, in the heading of a table."""
_SAME = 1e-6
"""Scores of the same files on two machines differ by less: sums in another order."""


def run(args: argparse.Namespace) -> int:
    """Load, compare, print."""
    paths = [args.a, args.b, *args.more]
    if len(args.matching) not in (1, len(paths)):
        raise ValueError(f"--matching {' '.join(args.matching)}: expected one for all runs, or one for each.")
    matching = [Path(name) if name.endswith(".json") else name for name in args.matching]
    loaded = [load_run(path) for path in paths]
    if args.names and len(set(args.names)) != len(paths):
        raise ValueError(f"--names {' '.join(args.names)}: expected {len(paths)} names, all different.")
    names = [printable(name, keep="") for name in args.names or run_names(loaded, paths)]
    in_order = any(getattr(args, option) for option in (*FORMATS, "baselines", "lower_is_better"))
    if len(loaded) > 2 or in_order or args.power is not None:
        given = [name for name in ("gt_dir", "predict_dir", "maps_dir", "images") if getattr(args, name)]
        if given:
            raise ValueError(f"--{given[0].replace('_', '-')} draws pictures of two runs: compare these two alone.")
        return compare_runs(args, dict(zip(names, loaded)), matching)
    a, b = loaded
    recorded = [run.record for run in (a, b)]
    if isinstance(a, (ObjectReliance, RegionAccuracy)):
        _refuse_pictures(args)
    else:
        _check_pictures(args, isinstance(a, MatchedIoU), recorded)
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
    hows = [{"matching": name} if isinstance(a, MatchedIoU) else {} for name in (args.matching[0], args.matching[-1])]
    runs = [{**run_record(run, **how), "name": name} for run, how, name in zip((a, b), hows, names)]
    if args.report:
        _report(args, a, b, matching, differences, runs)
        hint(f"Report written to {args.report}")
    if args.json:
        content = {"a": args.a, "b": args.b, "images": len(a), "runs": runs, "differences": differences}
        write_json(content, args.json)
    if args.json != "-":
        _print(differences, args, names, a, b)
    return 0


def _refuse_pictures(args: argparse.Namespace) -> None:
    for name in ("gt_dir", "maps_dir", "predict_dir", "images", "config"):
        if getattr(args, name):
            raise ValueError(
                f"--{name.replace('_', '-')} is for runs of masks or maps: these are answers of classifiers."
            )


def _check_pictures(args: argparse.Namespace, of_masks: bool, recorded: Sequence[Mapping[str, Any]]) -> None:
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


def _report(
    args: argparse.Namespace,
    a: Run,
    b: Run,
    matching: list[Path | str],
    differences: dict[str, Any],
    runs: list[dict[str, Any]],
) -> None:
    names = [run["name"] for run in runs]
    notes = [f"{name}: {path}. {' '.join(run_notes(run))}" for name, path, run in zip(names, (args.a, args.b), runs)]
    notes += filter(None, [_relevances(a, b, names), _without_figures(differences, a)])
    order = ranked_by(differences)
    more: dict[str, Any] = {}
    if isinstance(a, MatchedIoU) and isinstance(b, MatchedIoU):
        results = a.compute(matching[0]), b.compute(matching[-1])
        matches = [result["matching"] for result in results]
        figures = [percent(result["mean_iou"]) for result in results]
        notes.append(f"mIoU over all images together: {names[0]} {figures[0]}, {names[1]} {figures[1]}.")
        images_a, images_b = a.per_image(matches[0]), b.per_image(matches[1])
        labels = class_labels(str(a.num_classes))
        more["classes"] = mask_classes_of_both(*results, images_a["classes"], labels)
        if args.gt_dir:
            chosen = differing_most(values_of_both(images_a, images_b, order), _DRAWN, names)
            more["pictures"] = _mask_pictures(args, chosen, (a, b), matches, labels, order)
    else:
        images_a, images_b = a.per_image(), b.per_image()
    if isinstance(a, Localization) and isinstance(b, Localization):
        if args.config:
            labels = _labels_of_maps(args.config, images_a["target"])
            more["classes"] = map_classes_of_both(images_a, images_b, labels, order)
        if args.gt_dir:
            chosen = differing_most(values_of_both(images_a, images_b, order), _DRAWN, names)
            more["pictures"] = _map_pictures(args, chosen, a, b, labels, order)
    page = html_comparison_page(
        images_a,
        images_b,
        differences,
        names=names,
        title=args.title or " and ".join(names),
        notes=notes,
        confidence=args.confidence,
        **more,
    )
    write_page(page, args.report)


def _labels_of_maps(config: str, targets: list[int]) -> list[str]:
    labels = class_labels(config)
    highest = max(targets, default=0)
    if highest >= len(labels):
        raise ValueError(f"--config {config}: the runs have maps of class {highest}; of which ImageNet-S are they?")
    return labels


def _mask_pictures(
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


def _map_pictures(
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


def _relevances(a: Run, b: Run, names: list[str]) -> str | None:
    """How either run of maps read negative values, where that differs."""
    if not isinstance(a, Localization) or not isinstance(b, Localization) or a.options == b.options:
        return None
    ways = (f"{name} {run.options.relevance}" for name, run in zip(names, (a, b)))
    return f"Negative values were read differently (--relevance): {', '.join(ways)}."


def _without_figures(differences: dict[str, dict[str, Any]], run: Run) -> str | None:
    """How many images are in no figure, if there are any."""
    most = max(difference["num_images"] for difference in differences.values())
    if most == len(run):
        return None
    share = "Most images have" if 2 * most < len(run) else "Some images have"
    return f"{share} no figure in one of the runs, {len(run) - most:,} of {len(run):,}."


def _print(differences: dict[str, dict[str, Any]], args: argparse.Namespace, names: list[str], a: Run, b: Run) -> None:
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
    # Long names would push the figures off the screen.
    first, second = names if max(map(len, names)) <= _WIDEST_NAME else ("A", "B")
    # More of a gap between kinds of pictures is neither good nor bad.
    word = "higher" if isinstance(a, ObjectReliance) else "better"
    header = ["figure", f"{first} - {second}", interval, f"{first} {word}", "equal", f"{second} {word}", "images"]
    say(table(rows, header))
    what = (
        "answers"
        if isinstance(a, (ObjectReliance, RegionAccuracy))
        else "maps"
        if isinstance(a, Localization)
        else "masks"
    )
    say(f"{counted_noun(len(a), 'image')} in both; means of the figures of single {what}, in percentage points")
    legend = f"A: {names[0]}; B: {names[1]}" if first != names[0] else None
    for sentence in filter(None, [legend, _without_figures(differences, a), _relevances(a, b, names)]):
        say(sentence)
