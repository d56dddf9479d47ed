"""Checks over all items: which images there are, and their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from ..facts import synsets
from .fault_catalog import FAULTS, Finding, Verdict
from .ground_truth import Truth
from .per_item import Observation


def check_number(count: int, truth: Truth) -> list[Finding]:
    """Compare the number of items with the number of masks; for Datasets whose items can't be told apart."""
    of = len(truth.wnids)
    if count == of:
        return []
    fault = FAULTS["missing" if count < of else "extra"]
    return [Finding(fault, (), abs(of - count), of, f"{count:,} items, {of:,} masks")]


def check_members(seen: Sequence[str], truth: Truth) -> list[Finding]:
    """Find missing images, images outside the split, and images that occur twice.

    Args:
        seen: the ids of all items.
        truth: the official masks.
    """
    folders, wnids, counts = truth.imagenet_folders, truth.wnids, Counter(seen)
    missing = [image_id for image_id in truth.image_ids if image_id not in counts]
    elsewhere = {image_id for image_id in wnids if folders.get(image_id, wnids[image_id]) != wnids[image_id]}
    by_folder, where = [image_id for image_id in missing if image_id in elsewhere], ""
    if len(by_folder) > 0.9 * len(elsewhere):  # the folders explain it where nearly all of these are missing
        first = by_folder[0]
        where = f"{first} is in {folders[first]} of ImageNet, in {wnids[first]} of ImageNet-S"
        missing = [image_id for image_id in missing if image_id not in elsewhere]
    unknown = "" if folders else "whether their folders differ, only the official lists or --imagenet say"
    faults = (
        ("missing-by-folder", by_folder if where else [], len(wnids), where),
        ("missing", missing, len(wnids), unknown),
        ("extra", [image_id for image_id in counts if image_id not in wnids], len(seen), ""),
        ("twice", [image_id for image_id, count in counts.items() if count > 1], len(seen), ""),
    )
    return [Finding(FAULTS[key], tuple(ids), len(ids), of, detail) for key, ids, of, detail in faults if ids]


def check_labels(items: Sequence[Observation], truth: Truth, verdict: Verdict) -> None:
    """Check that the label of each image is its class: as a class id, a class id - 1, or ImageNet's label.

    Args:
        items: the compared items.
        truth: the official masks.
        verdict: gets wrong labels, and what is unusual and right.
    """
    labelled = [item for item in items if item.source.label is not None and truth.category(item.image_id)]
    if not labelled:
        return
    label_of = {wnid: label for label, wnid in enumerate(synsets())}

    def labels_of(image_id: str) -> set[int]:
        wnids = truth.wnids[image_id], truth.imagenet_folders.get(image_id, "")
        return {label_of[wnid] for wnid in wnids if wnid in label_of}

    meanings: dict[str, Callable[[Observation], Collection[int]]] = {
        "the class id": lambda item: {truth.category(item.image_id)},
        "the class id - 1": lambda item: {truth.category(item.image_id) - 1},
        "the label 0..999 of ImageNet": lambda item: labels_of(item.image_id),
        "the greatest id": lambda item: item.greatest,
    }
    fits = {name: sum(item.source.label in meaning(item) for item in labelled) for name, meaning in meanings.items()}
    best = max(fits, key=fits.__getitem__)
    if fits[best] < len(labelled) / 2:
        verdict.notes.append("items hold a number that is no label: it is compared with nothing")
        return
    right = meanings["the class id" if best == "the greatest id" else best]
    wrong = [item for item in labelled if item.source.label not in right(item)]
    if wrong and best == "the label 0..999 of ImageNet" and not truth.imagenet_folders:
        verdict.notes.append(
            f"labels are {best}; whether those of {len(wrong)} of {len(labelled)} items are right, only the official "
            "lists or --imagenet say"
        )
        return
    if not wrong and best != "the class id":
        verdict.notes.append(f"labels are {best}")
    words = "{0}, its class is {1}; most labels are {2}"
    verdict.add("label", [(i.image_id, words.format(i.source.label, truth.category(i.image_id), best)) for i in wrong])
