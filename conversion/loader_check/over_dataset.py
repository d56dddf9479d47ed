"""What all items together say: which images there are, their labels, the names of the classes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from ..facts import Categories, synsets
from .faults import FAULTS, Finding
from .ground_truth import Truth
from .per_item import CheckedItem

_EXAMPLES = 3


def check_number(count: int, truth: Truth) -> list[Finding]:
    """Whether there are as many items as masks, where nothing says which image an item is."""
    of = len(truth.wnids)
    if count == of:
        return []
    fault = FAULTS["missing" if count < of else "extra"]
    return [Finding(fault, abs(of - count), of, (), f"{count:,} items, {of:,} masks")]


def check_members(seen: Sequence[str], truth: Truth) -> list[Finding]:
    """Missing images, images too many, and images that occur twice.

    Args:
        seen: the ids of all items.
        truth: the official masks.
    """
    official, of = set(truth.wnids), len(truth.wnids)
    found = []
    there = set(seen)
    missing = [one for one in truth.image_ids if one not in there]
    if missing:
        folders = truth.imagenet_folders
        elsewhere = {one for one, folder in folders.items() if one in official and folder != truth.wnids[one]}
        explained = [one for one in missing if one in elsewhere]
        rest = [one for one in missing if one not in elsewhere]
        # Nearly all of these images, and few others: that is why.
        if explained and len(explained) > 0.9 * len(elsewhere):
            found.append(_finding("missing-by-folder", explained, of, _folders(explained[0], truth)))
        else:
            rest = missing
        if rest:
            why = "" if folders else "whether their folders differ, only the official lists or --imagenet say"
            found.append(_finding("missing", rest, of, why))
    if extra := [one for one in dict.fromkeys(seen) if one not in official]:
        found.append(_finding("extra", extra, len(seen)))
    if twice := [one for one, count in Counter(seen).items() if count > 1]:
        found.append(_finding("twice", twice, len(seen)))
    return found


def check_labels(
    checked: Sequence[CheckedItem], truth: Truth, add: Callable[[str, str, str], object], notes: list[str]
) -> None:
    """Whether the label of each image is its class: as a class id, from 0, or as ImageNet's label."""
    labelled = [one for one in checked if one.label is not None and truth.category(one.image_id)]
    if not labelled:
        return
    imagenet = {wnid: label for label, wnid in enumerate(synsets())}
    meanings: dict[str, Callable[[CheckedItem], set[int]]] = {
        "the class id": lambda one: {truth.category(one.image_id)},
        "the class id - 1": lambda one: {truth.category(one.image_id) - 1},
        "the label 0..999 of ImageNet": lambda one: {
            imagenet[truth.wnids[one.image_id]],
            imagenet.get(truth.imagenet_folders.get(one.image_id, ""), -1),
        },
        "the greatest id": lambda one: set(one.greatest),
    }
    fits = {name: [one for one in labelled if one.label in meaning(one)] for name, meaning in meanings.items()}
    best = max(fits, key=lambda name: len(fits[name]))
    if best == "the greatest id":
        for one in labelled:
            if one.label != truth.category(one.image_id):
                add("greatest-id", one.image_id, _label(one, truth))
    elif len(fits[best]) < len(labelled) / 2:
        notes.append("items hold a number that is no label: it is compared with nothing")
    elif len(fits[best]) == len(labelled):
        if best != "the class id":
            notes.append(f"labels are {best}")
    else:
        right = {id(one) for one in fits[best]}
        for one in labelled:
            if id(one) not in right:
                add("label", one.image_id, f"{_label(one, truth)}; most labels are {best}")


def check_names(names: Sequence[str], table: Categories) -> list[Finding]:
    """Whether a list of names, with or without `other` in front, is in the order of the ids."""
    offset = len(names) - table.num_classes
    if offset not in (0, 1):
        return []
    known = [{_plain(one.wnid), _plain(one.name), *map(_plain, one.lemmas)} for one in table.rows[1:]]
    given = [_plain(one) for one in names[offset:]]
    wrong = [i for i, (name, words) in enumerate(zip(given, known)) if name not in words]
    everywhere = set().union(*known)
    # Names of one's own are no fault; names of other classes are.
    wrong = [i for i in wrong if given[i] in everywhere]
    if not wrong:
        return []
    shown = tuple(f"{names[i + offset]} at {i + 1}" for i in wrong[:_EXAMPLES])
    detail = f"class {wrong[0] + 1} is {table.rows[wrong[0] + 1].name}, not {names[wrong[0] + offset]}"
    return [Finding(FAULTS["names-in-another-order"], len(wrong), len(known), shown, detail)]


def consistent(checked: Sequence[CheckedItem]) -> bool:
    """Whether every id became the same value in all images, and no two ids the same."""
    became: dict[int, Counter[int]] = {}
    for one in checked:
        for official, value in one.became.items():
            became.setdefault(official, Counter())[value] += 1
    first = [counter.most_common(1)[0] for counter in became.values()]
    agreeing, all_ = sum(count for _, count in first), sum(counter.total() for counter in became.values())
    return agreeing >= 0.95 * all_ and len({value for value, _ in first}) == len(first)


def _finding(key: str, images: Sequence[str], of: int, detail: str = "") -> Finding:
    return Finding(FAULTS[key], len(images), of, tuple(images[:_EXAMPLES]), detail)


def _folders(image_id: str, truth: Truth) -> str:
    return f"{image_id} is in {truth.imagenet_folders[image_id]} of ImageNet, in {truth.wnids[image_id]} of ImageNet-S"


def _label(one: CheckedItem, truth: Truth) -> str:
    return f"{one.image_id}: {one.label}, its class is {truth.category(one.image_id)}"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()
