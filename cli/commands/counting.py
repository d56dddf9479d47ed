"""Counting masks, which `match` and `evaluate` share."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from tqdm import tqdm

from ...conversion.core.atomic_write import atomic_write
from ...conversion.core.errors import printable
from ...conversion.core.workers import usable_cpus
from ...conversion.dataset.open_masks import open_masks
from ...conversion.masks.find_masks import find_masks
from ...metrics import MatchedIoU
from ...metrics.evaluation.pairing import pair_up, read_list
from ...metrics.evaluation.scored_masks import ScoredMasks
from ...metrics.evaluation.scoring import score
from ..next_steps import command
from ..output import hint

_SHOWN = 10


@dataclass(frozen=True)
class Counted:
    """Counts, and the references that had no prediction."""

    metric: MatchedIoU
    config: str
    missing: list[str]
    left_out: list[str]
    """Of these, those that are not scored."""
    masks: ScoredMasks | None = None
    """Where the masks are; None for saved counts."""


def count(args: argparse.Namespace) -> Counted:
    """Count the masks, or load saved counts, as the arguments say.

    Raises:
        ValueError: arguments that do not go together, or whatever is wrong with the masks.
    """
    if args.counts:
        if args.predict_dir or args.gt_dir:
            raise ValueError("--counts stands for --predict-dir and --gt-dir: give one or the other.")
        metric = MatchedIoU.load(args.counts)
        config = args.config or str(metric.num_classes)
        if config != str(metric.num_classes):
            raise ValueError(f"{args.counts} counts {metric.num_classes} classes, not the {config} of --config.")
        counted = Counted(metric, config, [], [])
    else:
        absent = [name for name in ("predict_dir", "gt_dir", "config") if not getattr(args, name)]
        if absent:
            options = ", ".join("--" + name.replace("_", "-") for name in absent)
            raise ValueError(
                f"{options} missing: give --predict-dir P --gt-dir G --config 50|300|919, or --counts FILE."
            )
        counted = _read(args)
    if args.save_counts:
        with atomic_write(args.save_counts) as file:
            counted.metric.save(file)
        how = ["--matching", args.matching] if args.matching else []
        how = ["--match", args.match] if getattr(args, "match", None) else how
        again = command("evaluate", "--counts", args.save_counts, *how)
        hint(f"Counts written to {args.save_counts}; to score them again: {again}")
    return counted


def _read(args: argparse.Namespace) -> Counted:
    predictions = find_masks(args.predict_dir, args.config, args.split)
    references = open_masks(args.gt_dir, args.config, args.split, args.annotations_dir, args.verify)
    pairs = pair_up(predictions, references, read_list(args.list) if args.list else None)
    if unlisted := len(references.keys) - len(pairs.matched) - len(pairs.missing):
        hint(f"References that {args.list} does not list, not scored: {unlisted:,}")
    if pairs.elsewhere:
        hint(f"Predictions found by image name, in another class folder than their reference: {pairs.elsewhere:,}")
    if pairs.unused:
        hint(f"Predictions without a reference, not scored: {pairs.unused:,}")
    if pairs.missing and args.on_missing != "error":
        done = "left out" if args.on_missing == "skip" else "counted as predicted 0 everywhere"
        hint(f"Predictions missing, {done}: {len(pairs.missing):,}")
        for key in pairs.missing[:_SHOWN]:
            hint("  " + printable(key, keep=""))
        if len(pairs.missing) > _SHOWN:
            hint(f"  and {len(pairs.missing) - _SHOWN:,} more (--json lists all)")
    total = len(pairs.matched) + (len(pairs.missing) if args.on_missing == "empty" else 0)
    with tqdm(total=total, unit="image", desc="counting", delay=1) as bar:
        metric = score(
            predictions,
            references,
            pairs,
            int(args.config),
            workers=args.workers or usable_cpus(),
            on_missing=args.on_missing,
            progress=bar.update,
        )
    left_out = pairs.missing if args.on_missing == "skip" else []
    return Counted(
        metric, args.config, pairs.missing, left_out, ScoredMasks(predictions, references, dict(pairs.matched))
    )
