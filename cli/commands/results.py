"""`imagenet-s results`: a scored run as an entry of a model's results on the Hub; or a results file, verified."""

from __future__ import annotations

import argparse
import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...conversion.core.atomic_write import atomic_write
from ...conversion.core.errors import ImageNetSError
from ...conversion.facts import CONFIG_NAMES, SPLITS
from ...conversion.hub.eval_results import FIGURES, MATCHINGS, Run, merged_file, result_entries
from ...conversion.hub.upload_plan import check_repo_id
from ...conversion.submission.protocols import PROTOCOLS
from ...metrics import MATCHINGS as MATCHING_NAMES
from ...metrics import MatchedIoU
from ..output import hint, plain, say
from ..run_record import run_record

_COMPARED = ("config", "split", "num_images", "images_sha256", "counts_sha256")
_RECORD_KEYS = ("matching", "missing_predictions", "on_missing", "versions", *_COMPARED)


def run(args: argparse.Namespace) -> int:
    """Verify, or describe and write or propose."""
    if args.verify_counts:
        return _verify(args.file, args.verify_counts)
    for name in ("model", "dataset", "protocol"):
        if not getattr(args, name):
            raise ImageNetSError(f"--{name} is missing: give --model REPO --dataset REPO --protocol NAME.")
    _check_names(args)
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
    entries = result_entries(
        Run(
            config=record["config"],
            split=record["split"] or "validation",
            protocol=args.protocol,
            matching=record["matching"],
            figures=figures,
            notes=_notes(record),
        ),
        args.dataset,
        date=args.date,
        source_url=args.source_url,
    )
    for entry in entries:
        say(f"{entry['dataset']['task_id']}: {entry['value']}")
    if args.push:
        from ...conversion.hub.pull_request import propose_results

        say(propose_results(args.model, entries, f"{protocol.title} protocol. {', '.join(_notes(record))}"))
        return 0
    # A pipe holds nothing that could be kept.
    existing = Path(args.output).read_bytes() if Path(args.output).is_file() else b""
    content = merged_file(existing, entries, args.output)
    with atomic_write(args.output) as file:
        file.write(content)
    hint(f"Written to {args.output}. --push opens a pull request on {args.model} instead.")
    return 0


def _check_names(args: argparse.Namespace) -> None:
    """What the Hub would refuse, or show as it is, when the file is pushed by hand."""
    check_repo_id(args.model, "--model", "me/model")
    check_repo_id(args.dataset, "--dataset")
    if args.date:
        try:
            datetime.datetime.fromisoformat(args.date.replace("Z", "+00:00"))
        except ValueError as error:
            raise ImageNetSError(f"--date {args.date}: expected a date as 2026-11-25.") from error
    if args.source_url and not re.match(r"https?://[^/\s]", args.source_url):
        raise ImageNetSError(f"--source-url {args.source_url}: expected the address of a page, https://...")


def _read(file: str, protocol: str) -> tuple[dict[str, Any], dict[str, float]]:
    """The record and the figures of a results file, or of saved counts under the protocol's matching."""
    if Path(file).suffix == ".json":
        results = _load_results(file)
        if absent := [key for key in FIGURES if results[key] is None]:
            raise ImageNetSError(f"{file} has no {absent[0]}: such a run is none of a whole split.")
        return results["run"], {key: results[key] for key in FIGURES}
    metric = MatchedIoU.load(file)
    matching = MATCHINGS[protocol]
    result = metric.compute(matching)
    return run_record(metric, matching), {key: result[key] for key in FIGURES}


def _load_results(file: str) -> dict[str, Any]:
    try:
        results = json.loads(Path(file).read_bytes())
        complete = set(_RECORD_KEYS) <= set(results["run"]) and {*FIGURES, "matching"} <= set(results)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ImageNetSError(f"{file} is no results file: `imagenet-s evaluate --json FILE` writes one.") from error
    if not complete:
        raise ImageNetSError(
            f"{file} lacks a part of its run record: write it again with `imagenet-s evaluate --json`."
        )
    if wrong := [name for name, sound in _checks(results) if not sound]:
        raise ImageNetSError(
            f"{file} is damaged: {', '.join(wrong)} is not as `imagenet-s evaluate --json FILE` writes it; write it "
            "again."
        )
    return dict(results)


def _checks(results: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """What is used of a results file, and whether it has the right type."""
    run, match = results["run"], results["matching"]
    for name in FIGURES:
        value = results[name]  # null where there is nothing to take a mean of
        yield name, value is None or (type(value) in (int, float) and 0 <= value <= 1)
    yield "num_images", type(run["num_images"]) is int and run["num_images"] >= 0
    # null: the figures were computed from saved counts, which do not tell.
    missing, on_missing = run["missing_predictions"], run["on_missing"]
    yield "missing_predictions", missing is None or (type(missing) is int and missing >= 0)
    yield "on_missing", isinstance(on_missing, str) or (missing is None and on_missing is None)
    yield "config", run["config"] in CONFIG_NAMES
    yield "split", run["split"] is None or run["split"] in SPLITS
    for name in ("matching", "images_sha256", "counts_sha256"):
        yield name, isinstance(run[name], str)
    yield "versions", isinstance(run["versions"], dict) and isinstance(run["versions"].get("imagenet-s"), str)
    pairs = match.items() if isinstance(match, dict) else [("", None)]
    classes = int(run["config"]) if run["config"] in CONFIG_NAMES else 0
    yield (
        "the match",
        all(one.isdecimal() and len(one) < 10 and type(label) is int and 0 <= label <= classes for one, label in pairs),
    )


def _notes(record: dict[str, Any]) -> tuple[str, ...]:
    notes = [f"imagenet-s {record['versions']['imagenet-s']}", f"{record['num_images']:,} images"]
    if record["missing_predictions"] is None:
        notes.append("from saved counts, which do not tell whether predictions were missing")
    elif record["missing_predictions"]:
        notes.append(f"{record['missing_predictions']:,} predictions missing ({record['on_missing']})")
    if record["split"] is None:
        notes.append("not the official images")
    return (*notes, f"counts sha256 {record['counts_sha256'][:16]}")


def _verify(file: str, counts: str) -> int:
    """Compute a results file again from its counts, and say what differs."""
    results = _load_results(file)
    metric = MatchedIoU.load(counts)
    named = results["run"]["matching"]
    match = {int(cluster): label for cluster, label in results["matching"].items()}
    # A matching by name is found again; a match from a file is taken as the results have it.
    computed = plain(metric.compute(named if named in MATCHING_NAMES else match))
    record = run_record(metric, named)
    pairs = [(key, results["run"][key], record[key]) for key in _COMPARED]
    pairs += [(key, results.get(key), value) for key, value in computed.items()]
    differences = [
        f"{key}: {_short(got)} in the file, {_short(value)} from the counts"
        for key, got, value in pairs
        if got != value
    ]
    for line in differences:
        say(line)
    if differences:
        raise ImageNetSError(f"{file} does not follow from {counts}: {len(differences):,} differences.")
    say(f"{file} follows from {counts}: every figure, {results['run']['num_images']:,} images.")
    hint("What counts do not tell is taken from the file: missing_predictions, on_missing, versions.")
    return 0


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
