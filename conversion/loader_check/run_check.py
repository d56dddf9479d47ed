"""`check_loader`: every item compared, and what all of them together say."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tqdm import tqdm

from ..core.errors import ImageNetSError, some
from ..facts import IGNORE_ID, OTHER_ID
from .faults import FAULTS, Finding
from .ground_truth import Truth
from .id_maps import FOREGROUND, SAME
from .over_dataset import check_labels, check_members, check_names, check_number, consistent
from .per_item import CheckedItem, check_item
from .sample import Keys, all_ids, class_names, read_items

_EXAMPLES = 3


@dataclass(frozen=True)
class LoaderReport:
    """The result.

    Attributes:
        images: how many items were compared.
        findings: what is wrong, most images first.
        notes: what was seen and is not wrong.
    """

    images: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
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
        image_key: the same of the image.
        id_key: the same of the image's name.
        limit: compare so many items, spread over the Dataset.
        annotations_dir: where the masks of an ImageNet given as `gt_dir` are, as for the builder.
        verify: check these against the official checksums and counts.

    Raises:
        ImageNetSError: no official masks are found, or the Dataset gives nothing.
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
                # What fails is not missing.
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
                one = check_item(item, image_id, truth, item.image_id is None)
                if item.image_id is None and one.other:
                    # Nothing but the mask says which image it is.
                    misplaced[one.other] = one.faults["order"]
                    image_id = one.other
                    one = check_item(item, image_id, truth, by_position=True)
                checked.append(one)
            seen_ids.append(image_id)
    if not count:
        raise ImageNetSError("the Dataset gives no items: is its path right?")
    for one in checked:
        for key, detail in one.faults.items():
            faults.add(key, one.image_id, detail)
    if seen_ids != sorted(seen_ids, key=truth.position):  # else images are missing, and the others are in order
        for image_id, detail in misplaced.items():
            faults.add("order", image_id, detail)
    _judge_ids(checked, truth, ignore_id, faults, notes)
    check_labels(checked, truth, faults.add, notes)
    findings = [
        Finding(FAULTS[key], len(images), count, tuple(images[:_EXAMPLES]), faults.details[key])
        for key, images in faults.images.items()
    ]
    every = limit is None or (total is not None and limit >= total)
    known = not by_position or len(set(seen_ids)) == len(seen_ids)
    if nameless:
        pass
    elif every and known:
        findings += check_members(seen_ids, truth)
    elif every:
        findings += check_number(count, truth)
    elif listed := all_ids(dataset):
        findings += check_members(listed, truth)
    if names := class_names(dataset):
        findings += check_names(names, truth.table)
    findings = [replace(one, fault=one.fault.of(config)) for one in sorted(findings, key=lambda one: -one.share)]
    return LoaderReport(count, tuple(findings), tuple(notes))


def _judge_ids(
    checked: Sequence[CheckedItem], truth: Truth, ignore_id: int | None, faults: _Faults, notes: list[str]
) -> None:
    """Which reading explains the masks, and what became of ignored pixels."""
    compared = [one for one in checked if not {"pairing", "order"} & set(one.faults)]
    counts = Counter(reading for one in compared for reading in one.readings)
    foreground = max(FOREGROUND, key=lambda one: counts[one])
    values = frozenset().union(*(one.values for one in compared))
    # A mask of 0 and 1 may be one of the class 1: what explains more masks is taken.
    binary = values in ({0, 1}, {0, 255}) and counts[foreground] >= counts[SAME]
    if binary and not counts[foreground]:
        foreground = f"object-{max(values)}"
    right = foreground if binary else SAME
    if binary:
        what = "the image's own class" if foreground.startswith("own") else "every class"
        notes.append(f"masks hold 0 and {foreground.rsplit('-', 1)[1]}: read as background and {what}")
    unexplained = [one for one in compared if right not in one.readings and "interpolated" not in one.faults]
    while unexplained:
        # All masks are counted: a reading that is wrong for some is often right for others.
        covers = Counter(key for one in unexplained for key in one.readings if key in FAULTS)
        if not covers:
            break
        key = max(covers, key=lambda one: (covers[one], counts[one]))
        for one in unexplained:
            if key in one.readings:
                faults.add(key, one.image_id, f"{one.image_id}: {_became(one)}")
        unexplained = [one for one in unexplained if key not in one.readings]
    if unexplained:
        key = "classes-in-another-order" if consistent(unexplained) else "other-ids"
        for one in unexplained:
            faults.add(key, one.image_id, f"{one.image_id}: {_became(one)}")
    expected: Counter[int] = Counter()
    for one in compared:
        if one.ignored is None or (right not in one.readings and "interpolated" not in one.faults):
            continue
        detail = f"{one.image_id}: 1000 became {one.ignored}"
        if binary and str(one.ignored) == foreground.rsplit("-", 1)[1]:
            faults.add("ignored-as-object", one.image_id, detail)
        elif binary:
            expected[one.ignored] += 1
        elif 1 <= one.ignored <= truth.table.num_classes:
            faults.add("ignored-as-class", one.image_id, detail)
        elif one.ignored == OTHER_ID:
            faults.add("ignored-as-other", one.image_id, detail)
        elif ignore_id is not None and one.ignored != ignore_id:
            faults.add("ignored-otherwise", one.image_id, detail)
        else:
            expected[one.ignored] += 1
    for value in expected:
        if binary and value == 0:
            notes.append("ignored pixels are background: leave them out of scores (annotation == 1000)")
        elif value != IGNORE_ID:
            notes.append(f"ignored pixels are {value}: pass ignore_index={value}")


def _became(one: CheckedItem) -> str:
    changed = [f"{a} became {b}" for a, b in sorted(one.became.items()) if a != b]
    return some(changed, 3) or "ids are kept, pixels are not"


def _is_overflow(error: Exception) -> bool:
    return isinstance(error, OverflowError) and "uint8" in str(error)
