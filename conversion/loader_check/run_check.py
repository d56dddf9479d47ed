"""`check_loader`: compares every item, then judges all of them together."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tqdm import tqdm

from ..core.errors import ImageNetSError, some
from ..facts import IGNORE_ID, OTHER_ID
from .fault_catalog import FAULTS, Finding
from .ground_truth import Truth
from .id_readings import FOREGROUND_READINGS, SAME
from .over_dataset import check_labels, check_members, check_names, check_number, consistent
from .per_item import CheckedItem, check_item
from .sample import Keys, all_ids, class_names, read_items

_EXAMPLES = 3


@dataclass(frozen=True)
class LoaderReport:
    """The result of `check_loader`.

    Attributes:
        images: how many items were compared.
        findings: what is wrong, most images first.
        notes: what is unusual and right.
    """

    images: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether there are no findings."""
        return not self.findings


class _Faults:
    """Faults by key, with the images that have them."""

    def __init__(self) -> None:
        self.images: dict[str, list[str]] = defaultdict(list)
        self.details: dict[str, str] = {}

    def add(self, key: str, image_id: str, detail: str = "") -> None:
        self.images[key].append(image_id)
        self.details.setdefault(key, detail)


def check_loader(
    dataset: Any,
    gt_dir: str | os.PathLike[str],
    config: str = "919",
    *,
    split: str = "validation",
    imagenet: str | os.PathLike[str] | None = None,
    ignore_id: int | None = None,
    mask_key: str | int | None = None,
    image_key: str | int | None = None,
    id_key: str | int | None = None,
    limit: int | None = None,
    annotations_dir: str | os.PathLike[str] | None = None,
    verify: bool = True,
) -> LoaderReport:
    """Compare a Dataset with the official masks, image by image.

    Args:
        dataset: map-style (`__len__`, `__getitem__`) or iterable. Its items are dicts, tuples or masks; masks are H x W
            integers (arrays, tensors, PIL images, paths), with the transforms of evaluation, not those of training.
        gt_dir: official masks: `<class folder>/<image_id>.png` in a folder or zip, the annotations in any form, an
            official tree, what `imagenet-s convert` wrote, or an ImageNet.
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"` or `"validation"`.
        imagenet: a copy of ImageNet: images are then compared, too.
        ignore_id: the id that ignored pixels should have; by default 1000, or another that is no class.
        mask_key: where the mask is in an item: the key of a dict, or the position in a tuple; found by default.
        image_key: the same for the image.
        id_key: the same for the image's name.
        limit: compare this many items, spread over the Dataset.
        annotations_dir: where the masks of an ImageNet given as `gt_dir` are, as for the builder.
        verify: check these against the official checksums and counts.

    Raises:
        ImageNetSError: no official masks are found, or the Dataset has no items.
    """
    truth = Truth(gt_dir, config, split, imagenet, annotations_dir, verify)
    faults = _Faults()
    notes: list[str] = []
    checked: list[CheckedItem] = []
    seen_ids: list[str] = []
    misplaced: dict[str, str] = {}
    count = nameless = 0
    total = len(dataset) if hasattr(dataset, "__len__") else None
    items = read_items(dataset, Keys(mask_key, image_key, id_key), limit)
    by_position = False
    with tqdm(items, total=total if limit is None else limit, desc="comparing", unit="image", delay=1) as bar:
        for item in bar:
            count += 1
            if item.error is not None:
                key = "overflow" if _is_overflow(item.error) else "raises"
                faults.add(key, f"item {item.position}", f"{type(item.error).__name__}: {item.error}")
                # An item that fails is not missing.
                seen_ids += [item.image_id] if item.image_id else []
                nameless += not item.image_id
                continue
            image_id = item.image_id
            if image_id is None:
                by_position = True
                image_id = truth.image_ids[min(item.position, len(truth.image_ids) - 1)]
            if item.ids is None:
                faults.add("no-mask", image_id)
            elif image_id in truth.wnids:
                result = check_item(item, image_id, truth, item.image_id is None)
                if item.image_id is None and result.other:
                    # The mask alone identifies the image.
                    misplaced[result.other] = result.faults["order"]
                    image_id = result.other
                    result = check_item(item, image_id, truth, by_position=True)
                checked.append(result)
            seen_ids.append(image_id)
    if not count:
        raise ImageNetSError("the Dataset gives no items: is its path right?")
    for result in checked:
        for key, detail in result.faults.items():
            faults.add(key, result.image_id, detail)
    if seen_ids != sorted(seen_ids, key=truth.position):  # otherwise only images are missing
        for image_id, detail in misplaced.items():
            faults.add("order", image_id, detail)
    _judge_ids(checked, truth, ignore_id, faults, notes)
    check_labels(checked, truth, faults.add, notes)
    findings = [
        Finding(FAULTS[key], len(images), count, tuple(images[:_EXAMPLES]), faults.details[key])
        for key, images in faults.images.items()
    ]
    every = limit is None or (total is not None and limit >= total)
    distinct = not by_position or len(set(seen_ids)) == len(seen_ids)
    if nameless:
        pass
    elif every and distinct:
        findings += check_members(seen_ids, truth)
    elif every:
        findings += check_number(count, truth)
    elif listed := all_ids(dataset):
        findings += check_members(listed, truth)
    if names := class_names(dataset):
        findings += check_names(names, truth.table)
    findings = [
        replace(finding, fault=finding.fault.of(config))
        for finding in sorted(findings, key=lambda finding: -finding.share)
    ]
    return LoaderReport(count, tuple(findings), tuple(notes))


def _judge_ids(
    checked: Sequence[CheckedItem], truth: Truth, ignore_id: int | None, faults: _Faults, notes: list[str]
) -> None:
    """Find the readings that explain the masks, and what became of ignored pixels."""
    compared = [item for item in checked if not {"pairing", "order"} & set(item.faults)]
    counts = Counter(reading for item in compared for reading in item.readings)
    foreground = max(FOREGROUND_READINGS, key=lambda reading: counts[reading])
    values = frozenset().union(*(item.values for item in compared))
    # A mask of 0 and 1 may hold ids of class 1: the reading that explains more masks is taken.
    binary = values in ({0, 1}, {0, 255}) and counts[foreground] >= counts[SAME]
    if binary and not counts[foreground]:
        foreground = f"object-{max(values)}"
    right = foreground if binary else SAME
    if binary:
        what = "the image's own class" if foreground.startswith("own") else "every class"
        notes.append(f"masks hold 0 and {foreground.rsplit('-', 1)[1]}: read as background and {what}")
    unexplained = [item for item in compared if right not in item.readings and "interpolated" not in item.faults]
    while unexplained:
        # A tie goes to the reading that explains more of all masks: a fault changes some masks and leaves others right.
        covers = Counter(key for item in unexplained for key in item.readings if key in FAULTS)
        if not covers:
            break
        key = max(covers, key=lambda reading: (covers[reading], counts[reading]))
        for item in unexplained:
            if key in item.readings:
                faults.add(key, item.image_id, f"{item.image_id}: {_became(item)}")
        unexplained = [item for item in unexplained if key not in item.readings]
    if unexplained:
        key = "classes-in-another-order" if consistent(unexplained) else "other-ids"
        for item in unexplained:
            faults.add(key, item.image_id, f"{item.image_id}: {_became(item)}")
    expected: Counter[int] = Counter()
    for item in compared:
        if item.ignored is None or (right not in item.readings and "interpolated" not in item.faults):
            continue
        detail = f"{item.image_id}: 1000 became {item.ignored}"
        if binary and str(item.ignored) == foreground.rsplit("-", 1)[1]:
            faults.add("ignored-as-object", item.image_id, detail)
        elif binary:
            expected[item.ignored] += 1
        elif 1 <= item.ignored <= truth.table.num_classes:
            faults.add("ignored-as-class", item.image_id, detail)
        elif item.ignored == OTHER_ID:
            faults.add("ignored-as-other", item.image_id, detail)
        elif ignore_id is not None and item.ignored != ignore_id:
            faults.add("ignored-otherwise", item.image_id, detail)
        else:
            expected[item.ignored] += 1
    for value in expected:
        if binary and value == 0:
            notes.append("ignored pixels are background: leave them out of scores (annotation == 1000)")
        elif value != IGNORE_ID:
            notes.append(f"ignored pixels are {value}: pass ignore_index={value}")


def _became(item: CheckedItem) -> str:
    changed = [f"{a} became {b}" for a, b in sorted(item.became.items()) if a != b]
    return some(changed, 3) or "ids are kept, pixels are not"


def _is_overflow(error: Exception) -> bool:
    return isinstance(error, OverflowError) and "uint8" in str(error)
