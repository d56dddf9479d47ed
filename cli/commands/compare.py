"""`imagenet-s compare`: two saved runs over the same images, figure by figure, with paired intervals."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...conversion.core.errors import printable
from ...metrics import Localization, MatchedIoU, ObjectReliance, RegionAccuracy, compare
from ...metrics.comparison.saved_run import Run, load_run, run_names
from ...metrics.evaluation.run_record import run_record
from ...report import percent, points
from ...report.anatomy_tables import lost_points
from ...report.comparison_page import html_comparison_page
from ...report.comparison_tables import map_classes_of_both, mask_classes_of_both, values_of_both
from ...report.figures import class_labels, counted_noun, interval_cell, matching_note, run_notes
from ...report.which_images import differing_most, ranked_by
from ..output import hint, say, table, write_json, write_page
from .compare_many import FORMATS, compare_runs
from .compared_pictures import check_pictures, map_pictures, mask_pictures, refuse_pictures

_DRAWN = 4
"""Images on either side."""
_COLUMNS = 100
"""Of the widest table that calls runs by their names."""


def run(args: argparse.Namespace) -> int:
    """Load, compare, print."""
    paths = [args.a, args.b, *args.more]
    if len(args.matching) not in (1, len(paths)):
        raise ValueError(f"--matching {' '.join(args.matching)}: expected one for all runs, or one for each.")
    matching = [Path(name) if name.endswith(".json") else name for name in args.matching]
    loaded = [load_run(path) for path in paths]
    if args.names and len(set(args.names)) != len(paths):
        raise ValueError(f"--names {' '.join(args.names)}: expected {len(paths)} names, all different.")
    form = next((form for form in FORMATS if getattr(args, form)), None)
    if form and args.json == "-":
        raise ValueError(f"--json - prints JSON in place of a table: give --json FILE beside --{form}.")
    if form and args.power is not None and not args.json:
        raise ValueError(f"--{form} has no place for --power: add --json FILE, or leave one of the two out.")
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
        refuse_pictures(args)
    else:
        check_pictures(args, isinstance(a, MatchedIoU), recorded)
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
        more["lost"] = {
            name: lost_points(run.anatomy(match), labels) for name, run, match in zip(names, (a, b), matches)
        }
        more["classes"] = mask_classes_of_both(*results, images_a["classes"], labels)
        if args.gt_dir:
            chosen = differing_most(values_of_both(images_a, images_b, order), _DRAWN, names)
            more["pictures"] = mask_pictures(args, chosen, (a, b), matches, labels, order)
    else:
        images_a, images_b = a.per_image(), b.per_image()
    if isinstance(a, Localization) and isinstance(b, Localization):
        if args.config:
            labels = _labels_of_maps(args.config, images_a["target"])
            more["classes"] = map_classes_of_both(images_a, images_b, labels, order)
        if args.gt_dir:
            chosen = differing_most(values_of_both(images_a, images_b, order), _DRAWN, names)
            more["pictures"] = map_pictures(args, chosen, a, b, labels, order)
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
    # More of a gap between kinds of pictures is neither good nor bad.
    more, less = ("higher", "lower") if isinstance(a, ObjectReliance) else ("better", "worse")
    texts = [
        table(rows, ["figure", f"{first} - {second}", interval, more, "equal", less, "images"])
        for first, second in (names, ("A", "B"))
    ]
    is_narrow = max(map(len, texts[0].splitlines())) <= _COLUMNS
    first = names[0] if is_narrow else "A"
    say(texts[0] if is_narrow else texts[1])
    what = (
        "answers"
        if isinstance(a, (ObjectReliance, RegionAccuracy))
        else "maps"
        if isinstance(a, Localization)
        else "masks"
    )
    say(
        f"{counted_noun(len(a), 'image')} in both; means of the figures of single {what}, in percentage points;\n"
        f"{more}: images in which {first} is"
    )
    legend = None if is_narrow else f"A: {names[0]}; B: {names[1]}"
    ways = matching_note(dict(zip(names, args.matching * 2))) if isinstance(a, MatchedIoU) else None
    for sentence in filter(None, [legend, ways, _without_figures(differences, a), _relevances(a, b, names)]):
        say(sentence)
