"""The JSON of `imagenet-s evaluate --json`, read again: checked as input, and compared with saved counts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...conversion.core.errors import ImageNetSError
from ...conversion.core.json_values import json_values
from ...conversion.facts import CONFIG_NAMES, SPLITS
from ..matched_miou.matching import MATCHINGS
from ..matched_miou.metric import MatchedIoU
from .run_record import run_record

_COMPARED = ("config", "split", "num_images", "images_sha256", "counts_sha256")
_OF_COUNTS = ("missing_predictions", "on_missing")
"""Compared where the counts have a record of them."""
_RECORD = ("matching", *_OF_COUNTS, "versions", *_COMPARED)


def read_results(path: str, figures: Sequence[str]) -> dict[str, Any]:
    """A results file.

    Args:
        path: the file.
        figures: keys of the figures that are used of it.

    Raises:
        ImageNetSError: it is no results file, or a damaged one.
    """
    try:
        results = json.loads(Path(path).read_bytes())
        complete = set(_RECORD) <= set(results["run"]) and {*figures, "matching"} <= set(results)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ImageNetSError(f"{path} is no results file: `imagenet-s evaluate --json FILE` writes one.") from error
    if "average" in results["run"]:
        raise ImageNetSError(
            f"{path} has figures of maps (`evaluate-maps`): expected masks, `imagenet-s evaluate --json FILE`."
        )
    if not complete:
        raise ImageNetSError(
            f"{path} lacks a part of its run record: write it again with `imagenet-s evaluate --json`."
        )
    if wrong := [name for name, sound in _checks(results, figures) if not sound]:
        raise ImageNetSError(
            f"{path} is damaged: {', '.join(wrong)} is not as `imagenet-s evaluate --json FILE` writes it; write it "
            "again."
        )
    return dict(results)


def results_beside_counts(results: dict[str, Any], metric: MatchedIoU) -> list[tuple[str, Any, Any]]:
    """What of a results file does not follow from counts: (key, value in the file, value from the counts).

    Args:
        results: from `read_results`.
        metric: the counts. Versions are not compared; what was missing only where the counts have a record of it.
    """
    matching = results["run"]["matching"]
    match = {int(cluster): label for cluster, label in results["matching"].items()}
    # A matching by name is found again; a match from a file is taken as the results have it.
    computed = json_values(metric.compute(matching if matching in MATCHINGS else match))
    record = run_record(metric, matching=matching)
    recorded = [key for key in _OF_COUNTS if record["missing_predictions"] is not None]
    pairs = [(key, results["run"][key], record[key]) for key in (*_COMPARED, *recorded)]
    pairs += [(key, results.get(key), value) for key, value in computed.items()]
    return [(key, in_file, from_counts) for key, in_file, from_counts in pairs if in_file != from_counts]


def _checks(results: dict[str, Any], figures: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """What is used of a results file, and whether it has the right type."""
    run, match = results["run"], results["matching"]
    for name in figures:
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
        all(
            cluster.isdecimal() and len(cluster) < 10 and type(label) is int and 0 <= label <= classes
            for cluster, label in pairs
        ),
    )
