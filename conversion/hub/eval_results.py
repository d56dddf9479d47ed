"""Results where the Hub shows them: `.eval_results/*.yaml` of a model, and `eval.yaml` of the data set they refer to.

Both formats are those of https://huggingface.co/docs/hub/eval-results (hub-docs of August 2026). A task is a
configuration, split, protocol, matching and figure, within which results are comparable. `eval.yaml` lists the tasks of
a data set; an entry of a model names one of them. The Hub shows a leaderboard for data sets that it has allow-listed.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from ..core.errors import ImageNetSError
from ..facts import CONFIG_NAMES, SPLITS
from ..submission.protocols import PROTOCOLS
from .repository import check_repo_id

RESULTS_FILE = ".eval_results/imagenet-s.yaml"
"""Where a model repository keeps its results on ImageNet-S."""
BENCHMARK_FILE = "eval.yaml"
"""The description of a benchmark at the root of a data set repository."""
FRAMEWORK = "imagenet-s"
"""`evaluation_framework` of eval.yaml. The Hub accepts names that its maintainers have listed; this one is to be asked
for (huggingface.js, packages/tasks/src/eval.ts)."""
FIGURES: Mapping[str, str] = {
    "mean_iou": "mIoU",
    "boundary_mean_iou": "boundary mIoU",
    "image_accuracy": "image-level accuracy",
    "f_measure": "F-measure",
}
"""Key -> title of the figures; each has a task."""
PROTOCOL_MATCHINGS: Mapping[str, str] = {name: "hungarian" if name == "unsupervised" else "none" for name in PROTOCOLS}
"""Protocol -> the matching under which its results are compared: the official one for clusters, none for classes."""
_TASK = re.compile(
    f"({'|'.join(CONFIG_NAMES)})_({'|'.join(SPLITS)})_({'|'.join(PROTOCOLS)})_(?:hungarian|none)_({'|'.join(FIGURES)})"
)
RESULT_SPLITS = ("validation",)
"""The splits with public masks that no protocol trains on."""


@dataclass(frozen=True)
class ScoredRun:
    """One scored set of predictions, as an entry describes it.

    Attributes:
        config, split: the ground truth.
        protocol: the rules that were followed, a key of `PROTOCOLS`.
        matching: how clusters became classes.
        figures: the figures as fractions of 1, by the keys of `FIGURES`.
        notes: remarks for readers, a few words each.
    """

    config: str
    split: str
    protocol: str
    matching: str
    figures: Mapping[str, float]
    notes: tuple[str, ...] = ()


def run_of_record(record: Mapping[str, Any], figures: Mapping[str, float], protocol: str) -> ScoredRun:
    """A run as its record describes it.

    Args:
        record: what `run_record` returned.
        figures: the figures as fractions of 1, by the keys of `FIGURES`.
        protocol: the rules that were followed.
    """
    notes = [f"imagenet-s {record['versions']['imagenet-s']}", f"{record['num_images']:,} images"]
    if record["missing_predictions"] is None:
        notes.append("from saved counts, which do not tell whether predictions were missing")
    elif record["missing_predictions"]:
        notes.append(f"{record['missing_predictions']:,} predictions missing ({record['on_missing']})")
    if record["split"] is None:
        notes.append("not the official images")
    notes.append(f"counts sha256 {record['counts_sha256'][:16]}")
    return ScoredRun(
        record["config"], record["split"] or "validation", protocol, record["matching"], figures, tuple(notes)
    )


def check_entry(model: str, dataset: str, date: str | None, source_url: str | None) -> None:
    """Refuse what the Hub would refuse, or show as it is, when a results file is pushed by hand.

    Raises:
        ImageNetSError: a repository that can't have this name, a date or an address that is none.
    """
    check_repo_id(model, "--model", "me/model")
    check_repo_id(dataset, "--dataset")
    if date:
        try:
            datetime.datetime.fromisoformat(date.replace("Z", "+00:00"))
        except ValueError as error:
            raise ImageNetSError(f"--date {date}: expected a date as 2026-11-25.") from error
    if source_url and not re.match(r"https?://[^/\s]", source_url):
        raise ImageNetSError(f"--source-url {source_url}: expected the address of a page, https://...")


def task_id(config: str, split: str, protocol: str, figure: str) -> str:
    """The id of a task: configuration, split, protocol, the matching of the protocol, and figure.

    Examples:
        >>> task_id("919", "validation", "unsupervised", "mean_iou")
        '919_validation_unsupervised_hungarian_mean_iou'
    """
    return f"{config}_{split}_{protocol}_{PROTOCOL_MATCHINGS[protocol]}_{figure}"


def result_entries(
    run: ScoredRun, dataset: str, *, date: str | None = None, source_url: str | None = None
) -> list[dict[str, Any]]:
    """The entries of one run, one for each figure, in percent with four decimals.

    Args:
        run: the run.
        dataset: the data set repository whose `eval.yaml` has the tasks.
        date: ISO-8601.
        source_url: a paper or page about the run.

    Raises:
        ImageNetSError: the matching is not that of the protocol, or the installed huggingface_hub has no such entries.
    """
    wanted = PROTOCOL_MATCHINGS[run.protocol]
    if run.matching != wanted:
        how = (
            "score predictions of class ids without a match (clusters are relabelled by it first)"
            if wanted == "none"
            else "give this command the saved counts (`imagenet-s evaluate --save-counts`), and it matches them so"
        )
        raise ImageNetSError(
            f"results of the protocol {run.protocol!r} are compared under the matching {wanted!r}; these were made "
            f"with {run.matching[:80]!r}: {how}."
        )
    client = _client()
    notes = f"protocol {run.protocol}, matching {run.matching}, percent"
    entries = [
        client.EvalResultEntry(
            dataset_id=dataset,
            task_id=task_id(run.config, run.split, run.protocol, figure),
            value=round(100 * run.figures[figure], 4),
            date=date,
            source_url=source_url,
            notes=", ".join((f"{title}: {notes}", *run.notes)),
        )
        for figure, title in FIGURES.items()
    ]
    return client.eval_result_entries_to_yaml(entries)


def merged_file(existing: bytes | None, entries: Sequence[Mapping[str, Any]], name: str) -> bytes:
    """A results file with these entries; older entries for the same tasks are replaced, all others are kept.

    Args:
        existing: the file as it is; None for a new one.
        entries: from `result_entries`.
        name: what to call the file in an error.

    Raises:
        ImageNetSError: the existing file is no list of entries.
    """
    others: list[Any] = []
    if existing is not None:
        replaced = {(entry["dataset"]["id"], entry["dataset"]["task_id"]) for entry in entries}
        try:
            older = yaml.safe_load(existing) or []
            others = [entry for entry in older if (entry["dataset"]["id"], entry["dataset"]["task_id"]) not in replaced]
        except (yaml.YAMLError, ValueError, LookupError, TypeError, RecursionError) as error:
            raise ImageNetSError(
                f"{name} is no list of evaluation results: move it away, or write elsewhere."
            ) from error
    return yaml.safe_dump([*others, *map(dict, entries)], sort_keys=False, allow_unicode=True, width=120).encode()


class PublishedEntry(NamedTuple):
    """An entry of a results file that names one of our tasks."""

    task: str
    config: str
    split: str
    protocol: str
    figure: str
    value: float
    counts: str
    """The first digits of the digest of the counts, as the notes have it; empty without."""


def published_entries(content: bytes, name: str) -> list[PublishedEntry]:
    """The entries of a model's results file that name tasks of ImageNet-S.

    Args:
        content: the YAML.
        name: what to call the file in an error.

    Raises:
        ImageNetSError: it is no list of entries, or has none of ours.
    """
    try:
        entries = [
            _published_entry(match, entry)
            for entry in yaml.safe_load(content) or []
            if (match := _TASK.fullmatch(str(entry["dataset"]["task_id"])))
        ]
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ImageNetSError(f"{name} is no list of evaluation results: is it a file of .eval_results/?") from error
    if not entries:
        example = task_id("919", "validation", "semi", "mean_iou")
        raise ImageNetSError(f"{name} has no result on ImageNet-S: expected a task as {example}.")
    return entries


def _published_entry(task: re.Match[str], entry: Mapping[str, Any]) -> PublishedEntry:
    counts = re.search("counts sha256 ([0-9a-f]+)", str(entry.get("notes")))
    digest = counts[1] if counts else ""
    return PublishedEntry(task[0], task[1], task[2], task[3], task[4], float(entry["value"]), digest)


def benchmark_file(splits: Mapping[str, Sequence[str]]) -> bytes | None:
    """`eval.yaml` for a data set with these splits; None where none of them can be scored.

    Args:
        splits: configuration -> its splits.

    Examples:
        >>> print(benchmark_file({"50": ["validation"]}).decode().splitlines()[0])
        name: ImageNet-S
    """
    tasks = [
        {"id": task_id(config, split, protocol, figure), "config": config, "split": split}
        for config, names in splits.items()
        for split in RESULT_SPLITS
        if split in names
        for protocol in PROTOCOLS
        for figure in FIGURES
    ]
    if not tasks:
        return None
    content = {
        "name": "ImageNet-S",
        "description": "Pixel-level semantic segmentation of ImageNet images, with few labels or none.",
        "evaluation_framework": FRAMEWORK,
        "tasks": tasks,
    }
    return yaml.safe_dump(content, sort_keys=False, width=120).encode()


def _client() -> Any:
    """The module `huggingface_hub`; an ImageNetSError if its version has no evaluation results."""
    import huggingface_hub

    if not hasattr(huggingface_hub, "EvalResultEntry"):
        raise ImageNetSError(
            f"huggingface_hub {huggingface_hub.__version__} knows no evaluation results: "
            '`pip install --upgrade "huggingface_hub>=1.4"`.'
        )
    return huggingface_hub
