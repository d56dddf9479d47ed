"""`imagenet-s check`: which layout a folder has, how many images of which split, what is missing."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict

from ...conversion.core.atomic_write import atomic_write
from ...conversion.core.errors import ImageNetSError, printable
from ...conversion.core.workers import usable_cpus
from ...conversion.dataset.source import open_source
from ...conversion.dataset.split_count import SplitCount, count_split
from ...conversion.facts import CONFIG_NAMES
from ...conversion.imagenet.data_dir import DataDir, resolve_data_dir
from ..existing_files import is_acceptance, refuse_foreign
from ..output import hint, say, table, write_json


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
    if args.json != "-":
        say(printable(f"{data_dir.root}: {source!r}"))
    counts = {split: count_split(source, split, args.verify) for split in args.splits or source.splits}
    if args.json:
        splits = {split: asdict(count) for split, count in counts.items()}
        result = {"data_dir": data_dir.root, "config": args.config, "recognised": repr(source), "splits": splits}
        write_json(result, args.json)
    if args.json != "-":
        _print(counts, args.list_missing)
        absent = source.absent if not args.splits else ""
        if absent:
            say(printable(absent))
        hint(_verdict([count for count in counts.values() if count.state != "ok"], bool(absent)))
    return 0 if {count.state for count in counts.values()} <= {"ok", "fewer masks"} else 1


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
        lines = {config: [asdict(line) for line in lines] for config, lines in seen.lines.items()}
        write_json({"differing": seen.differing, "lines": lines}, args.json)
    if target != "-":
        with atomic_write(target) as file:
            file.write(seen.text.encode())
    if args.json != "-":
        say(seen.text.rstrip())
    if target != "-":
        hint(
            f"Wrote {target}; it contains no paths and no images. We have no access to the official masks, so please "
            'attach it to an issue (form "The authors\' archives").'
        )
    return 1 if seen.differing else 0


def _verdict(counts: list[SplitCount], lacks_splits: bool) -> str:
    """What to think of the splits that are not in order."""
    states = {count.state for count in counts}
    if not counts:
        return "What is there is complete." if lacks_splits else "Complete."
    if states == {"fewer masks"}:
        return "Complete but for the images without a mask."
    if "incomplete" not in states:
        return "What is unknown depends on the annotations, which are not at hand; nothing else is missing."
    if any(count.state == "incomplete" and count.found is None for count in counts):  # lists or masks are wrong
        return "Not complete: what is wrong is listed above."
    return "Not complete: use it as it is with --on-missing skip, or complete it."


def _print(counts: Mapping[str, SplitCount], list_missing: bool) -> None:
    rows = [
        [split, *("-" if number is None else number for number in (count.found, count.expected)), count.state]
        for split, count in counts.items()
    ]
    say(table(rows, ("split", "found", "expected", "")))
    # What several splits have in common is printed once; of missing annotations each split names another file.
    problems: dict[str, list[str]] = {}
    unknown = next((count.problem for count in counts.values() if count.state == "unknown"), None)
    for split, count in counts.items():
        if problem := unknown if count.state == "unknown" else count.problem:
            problems.setdefault(problem, []).append(split)
    for problem, splits in problems.items():
        say(problem if problem.startswith(splits[0]) else f"{', '.join(splits)}: {problem}")
    for split, count in counts.items() if list_missing else ():
        for image_id in count.missing:
            say(f"{split} {image_id}")
