"""`imagenet-s check`: which layout a folder has, how many images of which split, what is missing."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...conversion.annotations.mask_cache import usable_cpus
from ...conversion.core.atomic_write import atomic_write
from ...conversion.core.errors import ImageNetSError, MissingAnnotationsError, printable, some
from ...conversion.dataset.image_mask_pairs import check_pairs
from ...conversion.dataset.plan_check import check_plan
from ...conversion.dataset.source import Source, open_source
from ...conversion.dataset.split_plan import SplitPlan, plan_split
from ...conversion.facts import ANNOTATED_SPLITS, CONFIG_NAMES
from ...conversion.imagenet.data_dir import DataDir, resolve_data_dir
from ..existing_files import is_acceptance, refuse_foreign
from ..option_names import as_options
from ..output import hint, say, table, write_json

_NOTHING: dict[str, Any] = {"found": None, "expected": None, "missing": [], "without_mask": [], "unusable": {}}
_FEWER_MASKS = "fewer masks"  # with --no-verify every command goes on without these images


def run(args: argparse.Namespace) -> int:
    """Look, count, print."""
    data_dir = resolve_data_dir(args.imagenet)
    if args.acceptance:
        return _accept(args, data_dir)
    if args.output:
        raise ImageNetSError("--output goes with --acceptance; --json FILE writes the result of a plain check.")
    if args.config == "all":
        raise ImageNetSError("--config all goes with --acceptance; otherwise name 50, 300 or 919.")
    source = open_source(args.config, data_dir, args.annotations_dir, args.verify)
    root = data_dir.root
    result: dict[str, Any] = {"data_dir": root, "config": args.config, "recognised": repr(source), "splits": {}}
    if args.json != "-":
        say(printable(f"{root}: {source!r}"))
    for split in args.splits or source.splits:
        try:
            result["splits"][split] = _count(source, split, args.verify)
        except MissingAnnotationsError as error:
            result["splits"][split] = {**_NOTHING, "state": "unknown", "problem": str(error)}
        except ImageNetSError as error:
            result["splits"][split] = {**_NOTHING, "state": "incomplete", "problem": str(error)}
    for one in result["splits"].values():
        if one["problem"] is not None:  # --on-missing is an option of the commands that this one prepares for
            one["problem"] = as_options(one["problem"], argparse.Namespace(**vars(args), on_missing=None))
    states = {one["state"] for one in result["splits"].values()}
    if args.json:
        write_json(result, args.json)
    if args.json != "-":
        _print(result["splits"], args.list_missing)
        hint(_verdict(result["splits"]))
    return 0 if states <= {"ok", _FEWER_MASKS} else 1


def _accept(args: argparse.Namespace, data_dir: DataDir) -> int:
    from ...conversion.acceptance import accept  # loads, scores and converts: only where it is asked for

    if args.splits or args.list_missing:
        raise ImageNetSError("--splits and --list-missing do not go with --acceptance, which looks at every split.")
    target = args.output or "acceptance.txt"
    if target != "-":
        refuse_foreign(target, is_acceptance, "what `check --acceptance` wrote")
    configs = CONFIG_NAMES if args.config == "all" else (args.config,)
    seen = accept(configs, data_dir, args.annotations_dir, verify=args.verify, workers=usable_cpus())
    if args.json:
        lines = {config: [dataclasses.asdict(one) for one in lines] for config, lines in seen.lines.items()}
        write_json({"differing": seen.differing, "lines": lines}, args.json)
    if args.json != "-":
        say(seen.text.rstrip())
    if target != "-":
        with atomic_write(target) as file:
            file.write(seen.text.encode())
        hint(
            f"Wrote {target}; it contains no paths and no images. We have no access to the official masks, so please "
            'attach it to an issue (form "The authors\' archives").'
        )
    return 1 if seen.differing else 0


def _count(source: Source, split: str, verify: bool) -> dict[str, Any]:
    plan = plan_split(source, split, verify, masks=False)
    without_mask = source.check_masks(split) if split in ANNOTATED_SPLITS else []
    left_out = set(without_mask).intersection(plan.rows["image_id"].to_pylist()) if without_mask else ()
    masks = f"no mask of {some(without_mask)}; verify=False leaves out the images without one." if without_mask else ""
    state, problem = (_FEWER_MASKS, f"{split}: {masks}") if masks else ("ok", None)
    # Of masks that are at hand, sizes are compared; none is fetched or decoded for it.
    if split in ANNOTATED_SPLITS and plan.is_local and source.has_masks(split):
        plan = _with_sizes_compared(source, plan)
    try:
        check_plan(plan, source.config, "error")
    except ImageNetSError as error:
        state, problem = "incomplete", " ".join(filter(None, [str(error), masks]))
    if damaged := plan.pairs.damaged:
        first = next(iter(damaged.values()))
        text = f"{split}: {len(damaged):,} damaged images ({some(list(damaged))}); the first: {first}"
        state, problem = "incomplete", "\n".join(filter(None, [problem, text]))
    return {
        "found": plan.rows.num_rows - len(left_out),
        "expected": plan.expected,
        "missing": list(plan.missing),
        "without_mask": without_mask,
        "unusable": plan.unusable,
        "state": state,
        "problem": problem,
    }


def _with_sizes_compared(source: Source, plan: SplitPlan) -> SplitPlan:
    sizes = source.mask_sizes(plan.split)
    rows = plan.rows.filter(pc.is_in(plan.rows["image_id"], value_set=pa.array(list(sizes), pa.string())))
    compared = [sizes[image_id] for image_id in rows["image_id"].to_pylist()]
    return plan.with_pairs(check_pairs(plan.reader, rows, compared, plan.split))


def _verdict(splits: dict[str, dict[str, Any]]) -> str:
    incomplete = [one for one in splits.values() if one["state"] == "incomplete"]
    if all(one["state"] == "ok" for one in splits.values()):
        return "Complete."
    if all(one["state"] in ("ok", _FEWER_MASKS) for one in splits.values()):
        return "Complete but for the images without a mask."
    if not incomplete:
        return "What is unknown depends on the annotations, which are not at hand; nothing else is missing."
    if any(one["found"] is None for one in incomplete):  # not images are missing: lists or masks are wrong
        return "Not complete: what is wrong is said above."
    return "Not complete: use it as it is with --on-missing skip, or complete it."


def _print(splits: dict[str, dict[str, Any]], list_missing: bool) -> None:
    rows = [
        (
            split,
            "-" if one["found"] is None else one["found"],
            "-" if one["expected"] is None else one["expected"],
            one["state"],
        )
        for split, one in splits.items()
    ]
    say(table(rows, ("split", "found", "expected", "")))
    # What several splits have in common is said once; of missing annotations each split names another file.
    problems: dict[str, list[str]] = {}
    unknown = next((one["problem"] for one in splits.values() if one["state"] == "unknown"), "")
    for split, one in splits.items():
        if one["problem"] is not None:
            problems.setdefault(unknown if one["state"] == "unknown" else one["problem"], []).append(split)
    for problem, of in problems.items():
        say(problem if problem.startswith(of[0]) else f"{', '.join(of)}: {problem}")
    for split, one in splits.items() if list_missing else ():
        for image_id in one["missing"]:
            say(f"{split} {image_id}")
