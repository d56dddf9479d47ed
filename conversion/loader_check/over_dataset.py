"""Checks over all items: which images there are, their labels, the names of the classes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from ..facts import Categories, synsets
from .fault_catalog import FAULTS, Finding
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
    official, of = set(truth.wnids), len(truth.wnids)
    findings = []
    present = set(seen)
    missing = [image_id for image_id in truth.image_ids if image_id not in present]
    if missing:
        folders = truth.imagenet_folders
        elsewhere = {
            image_id for image_id, folder in folders.items() if image_id in official and folder != truth.wnids[image_id]
        }
        explained = [image_id for image_id in missing if image_id in elsewhere]
        rest = [image_id for image_id in missing if image_id not in elsewhere]
        # Nearly all images in another folder are missing: the folders explain it.
        if explained and len(explained) > 0.9 * len(elsewhere):
            findings.append(_finding("missing-by-folder", explained, of, _folders(explained[0], truth)))
        else:
            rest = missing
        if rest:
            why = "" if folders else "whether their folders differ, only the official lists or --imagenet say"
            findings.append(_finding("missing", rest, of, why))
    if extra := [image_id for image_id in dict.fromkeys(seen) if image_id not in official]:
        findings.append(_finding("extra", extra, len(seen)))
    if twice := [image_id for image_id, count in Counter(seen).items() if count > 1]:
        findings.append(_finding("twice", twice, len(seen)))
    return findings


def check_labels(
    checked: Sequence[Observation], truth: Truth, add: Callable[[str, str, str], object], notes: list[str]
) -> None:
    """Check that the label of each image is its class: as a class id, a class id - 1, or ImageNet's label.

    Args:
        checked: the compared items.
        truth: the official masks.
        add: takes the key of a fault, an image id and a detail.
        notes: gets what is unusual and right.
    """
    labelled = [item for item in checked if item.label is not None and truth.category(item.image_id)]
    if not labelled:
        return
    label_of = {wnid: label for label, wnid in enumerate(synsets())}
    meanings: dict[str, Callable[[Observation], set[int]]] = {
        "the class id": lambda item: {truth.category(item.image_id)},
        "the class id - 1": lambda item: {truth.category(item.image_id) - 1},
        "the label 0..999 of ImageNet": lambda item: {
            label_of[truth.wnids[item.image_id]],
            label_of.get(truth.imagenet_folders.get(item.image_id, ""), -1),
        },
        "the greatest id": lambda item: set(item.greatest),
    }
    fits = {name: [item for item in labelled if item.label in meaning(item)] for name, meaning in meanings.items()}
    best = max(fits, key=lambda name: len(fits[name]))
    if best == "the greatest id":
        for item in labelled:
            if item.label != truth.category(item.image_id):
                add("greatest-id", item.image_id, _label(item, truth))
    elif len(fits[best]) < len(labelled) / 2:
        notes.append("items hold a number that is no label: it is compared with nothing")
    elif len(fits[best]) == len(labelled):
        if best != "the class id":
            notes.append(f"labels are {best}")
    else:
        right = {id(item) for item in fits[best]}
        for item in labelled:
            if id(item) not in right:
                add("label", item.image_id, f"{_label(item, truth)}; most labels are {best}")


def check_names(names: Sequence[str], table: Categories) -> list[Finding]:
    """Check that a list of class names, with or without `other` in front, is in the order of the ids."""
    offset = len(names) - table.num_classes
    if offset not in (0, 1):
        return []
    names_of_class = [
        {_plain(category.wnid), _plain(category.name), *map(_plain, category.lemmas)} for category in table.rows[1:]
    ]
    given = [_plain(name) for name in names[offset:]]
    wrong = [i for i, (name, words) in enumerate(zip(given, names_of_class)) if name not in words]
    everywhere = set().union(*names_of_class)
    # The user's own names are no fault; names of other classes are.
    wrong = [i for i in wrong if given[i] in everywhere]
    if not wrong:
        return []
    shown = tuple(f"{names[i + offset]} at {i + 1}" for i in wrong)
    detail = f"class {wrong[0] + 1} is {table.rows[wrong[0] + 1].name}, not {names[wrong[0] + offset]}"
    return [Finding(FAULTS["names-in-another-order"], shown, len(wrong), len(names_of_class), detail)]


def _finding(key: str, images: Sequence[str], of: int, detail: str = "") -> Finding:
    return Finding(FAULTS[key], tuple(images), len(images), of, detail)


def _folders(image_id: str, truth: Truth) -> str:
    return f"{image_id} is in {truth.imagenet_folders[image_id]} of ImageNet, in {truth.wnids[image_id]} of ImageNet-S"


def _label(item: Observation, truth: Truth) -> str:
    return f"{item.image_id}: {item.label}, its class is {truth.category(item.image_id)}"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()
