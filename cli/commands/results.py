"""`imagenet-s results`: a scored run as an entry of a model's results on the Hub; or a results file, verified."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...conversion.core.atomic_write import atomic_write
from ...conversion.core.errors import ImageNetSError
from ...conversion.hub.eval_results import (
    FIGURES,
    PROTOCOL_MATCHINGS,
    check_entry,
    merged_file,
    published_entries,
    result_entries,
    run_of_record,
)
from ...conversion.submission.protocols import PROTOCOLS
from ...metrics import MatchedIoU
from ...metrics.evaluation.results_file import read_results, results_beside_counts
from ...metrics.evaluation.run_record import run_record
from ...report.figures import counted_noun
from ..output import hint, say


def run(args: argparse.Namespace) -> int:
    """Verify, or describe and write or propose."""
    if args.verify_counts:
        return _verify(args.file, args.verify_counts)
    for name in ("model", "dataset", "protocol"):
        if not getattr(args, name):
            raise ImageNetSError(f"--{name} is missing: give --model REPO --dataset REPO --protocol NAME.")
    check_entry(args.model, args.dataset, args.date, args.source_url)
    protocol = PROTOCOLS[args.protocol]
    if not args.i_followed_the_rules:
        say(protocol.text())
        raise ImageNetSError("read these rules; if the run followed them, add --i-followed-the-rules.")
    record, figures = _read(args.file, args.protocol)
    if record["split"] is None and not args.any_images:
        raise ImageNetSError(
            f"{args.file} scores {record['num_images']:,} images, which are not exactly those of a split of "
            f"ImageNet-S-{record['config']}: such figures compare with nothing. Score all of validation (for a "
            "rehearsal on other images, add --any-images)."
        )
    scored = run_of_record(record, figures, args.protocol)
    entries = result_entries(scored, args.dataset, date=args.date, source_url=args.source_url)
    figures_shown = "\n".join(f"{entry['dataset']['task_id']}: {entry['value']}" for entry in entries)
    if args.push:
        from ...conversion.hub.pull_request import propose_results

        say(figures_shown)
        say(propose_results(args.model, entries, f"{protocol.title} protocol. {', '.join(scored.notes)}"))
        return 0
    # A pipe holds nothing that could be kept.
    existing = Path(args.output).read_bytes() if Path(args.output).is_file() else b""
    content = merged_file(existing, entries, args.output)
    with atomic_write(args.output) as file:
        file.write(content)
    say(figures_shown)
    hint(f"Written to {args.output}. --push opens a pull request on {args.model} instead.")
    return 0


def _read(file: str, protocol: str) -> tuple[dict[str, Any], dict[str, float]]:
    """The record and the figures of a results file, or of saved counts under the protocol's matching."""
    if Path(file).suffix == ".json":
        results = read_results(file, list(FIGURES))
        if absent := [key for key in FIGURES if results[key] is None]:
            raise ImageNetSError(f"{file} has no {absent[0]}: such a run is none of a whole split.")
        return results["run"], {key: results[key] for key in FIGURES}
    metric = MatchedIoU.load(file)
    matching = PROTOCOL_MATCHINGS[protocol]
    result = metric.compute(matching)
    return run_record(metric, matching=matching), {key: result[key] for key in FIGURES}


def _verify(file: str, counts: str) -> int:
    """Compute a results file, or the entries of a model, again from the counts, and say what differs."""
    metric = MatchedIoU.load(counts)
    if Path(file).suffix in (".yaml", ".yml"):
        return _verify_entries(file, counts, metric)
    results = read_results(file, list(FIGURES))
    differences = results_beside_counts(results, metric)
    for key, in_file, from_counts in differences:
        say(f"{key}: {_short(in_file)} in the file, {_short(from_counts)} from the counts")
    if differences:
        raise ImageNetSError(f"{file} does not follow from {counts}: {len(differences):,} differences.")
    say(f"{file} follows from {counts}: every figure, {counted_noun(results['run']['num_images'], 'image')}.")
    untold = "versions" if "missing" in metric.record else "missing_predictions, on_missing, versions"
    hint(f"What counts do not tell is taken from the file: {untold}.")
    return 0


def _verify_entries(file: str, counts: str, metric: MatchedIoU) -> int:
    entries = published_entries(Path(file).read_bytes(), file)
    split = run_record(metric)["split"]
    figures = {protocol: metric.compute(PROTOCOL_MATCHINGS[protocol]) for protocol in {e.protocol for e in entries}}
    differences = []
    for entry in entries:
        computed = round(100 * figures[entry.protocol][entry.figure], 4)
        pairs: list[tuple[str, Any, Any]] = [
            ("config", entry.config, str(metric.num_classes)),
            ("split", entry.split, split),
        ]
        pairs += [("value", entry.value, computed), ("counts", entry.counts, metric.digest()[: len(entry.counts)])]
        differences += [f"{entry.task}: {what} {published} in the file, {own} from the counts"
                        for what, published, own in pairs if published != own]  # fmt: skip
    for sentence in differences:
        say(sentence)
    if differences:
        raise ImageNetSError(f"{file} does not follow from {counts}: {counted_noun(len(differences), 'difference')}.")
    say(f"{file} follows from {counts}: {counted_noun(len(entries), 'figure')}, {counted_noun(len(metric), 'image')}.")
    return 0


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
