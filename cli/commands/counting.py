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
from .saved_runs import check_inputs, keep_options, new_record

_SHOWN = 10


@dataclass(frozen=True)
class Counted:
    """Counts, and where the masks are; None for saved counts."""

    metric: MatchedIoU
    config: str
    masks: ScoredMasks | None = None

    @property
    def missing(self) -> list[str]:
        """The references that had no prediction, as far as the counts tell."""
        return list(self.metric.record.get("missing", []))

    @property
    def on_missing(self) -> str | None:
        """What was done with them."""
        on_missing: str | None = self.metric.record.get("options", {}).get("on_missing")
        return on_missing


def most_missing(counted: Counted) -> str | None:
    """What is to be said before the figures if most of the predictions were missing."""
    missing, skipped = len(counted.missing), counted.on_missing == "skip"
    of_all = len(counted.metric) + (missing if skipped else 0)
    if 2 * missing <= of_all:
        return None
    done = "not scored" if skipped else "scored as predicted 0 everywhere"
    return f"Most images have no prediction, {missing:,} of {of_all:,}: they are {done}."


def count(args: argparse.Namespace) -> Counted:
    """Count the masks, or load saved counts, as the arguments say.

    Raises:
        ValueError: arguments that do not go together, or whatever is wrong with the masks.
    """
    check_inputs(args, ("predict_dir", "gt_dir"))
    if args.counts:
        metric = MatchedIoU.load(args.counts)
        config = args.config or str(metric.num_classes)
        if config != str(metric.num_classes):
            raise ValueError(f"{args.counts} counts {metric.num_classes} classes, not the {config} of --config.")
        keep_options(args, metric, metric.record.get("options", {}), ("split", "on_missing"))
        counted = Counted(metric, config)
    else:
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
    metric.record = new_record(args, ["on_missing"], missing=pairs.missing)
    return Counted(metric, args.config, ScoredMasks(predictions, references, dict(pairs.matched)))
