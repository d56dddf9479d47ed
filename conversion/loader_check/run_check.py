"""`check_loader`: lays every item over its official mask, then describes all of them together."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import Any

from tqdm import tqdm

from ..core.errors import ImageNetSError
from .fault_catalog import FAULTS, Finding
from .geometry import MIRRORED
from .ground_truth import Truth
from .id_verdict import is_few, judge_ids
from .over_dataset import check_labels, check_members, check_names, check_number
from .per_item import Observation, Rules, compare
from .sample import Item, Keys, class_names, listed_ids, read_items

_SURE = 0.97
"""An image that fits this well is the one of its id, and not warped."""


@dataclass(frozen=True)
class LoaderReport:
    """The result of `check_loader`.

    Attributes:
        images: how many items were compared.
        findings: what is wrong, most images first.
        notes: what is unusual and right.
        not_compared: what can't be told, and why.
    """

    images: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    not_compared: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether all was compared, without findings."""
        return not self.findings and not self.not_compared


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
        dataset: map-style (`__len__`, `__getitem__`) or iterable. Its items are dicts, tuples, objects or masks; masks
            are H x W integers (arrays, tensors, PIL images, paths) or one-hot.
        gt_dir: official masks: `<class folder>/<image_id>.png` in a folder or zip, the annotations in any form, an
            official tree, what `imagenet-s convert` wrote, or an ImageNet.
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"` or `"validation"`.
        imagenet: a copy of ImageNet: images are then compared, too.
        ignore_id: the id that ignored pixels should have; by default 1000, or another that is no class.
        mask_key: where the mask is in an item: a key, as `data_samples.gt_sem_seg.data`, or the position in a tuple;
            found by default.
        image_key: the same for the image.
        id_key: the same for the image's name.
        limit: compare this many items, spread over the Dataset.
        annotations_dir: where the masks of an ImageNet given as `gt_dir` are, as for the builder.
        verify: check these against the official checksums and counts.

    Raises:
        ImageNetSError: no official masks are found; the Dataset has no items or no such key, or is a DataLoader.
    """
    check = _Check(Truth(gt_dir, config, split, imagenet, annotations_dir, verify))
    total = len(dataset) if hasattr(dataset, "__len__") else None
    items = read_items(dataset, Keys(mask_key, image_key, id_key), limit, check.truth.table.num_classes)
    with tqdm(items, total=total if limit is None else limit, desc="comparing", unit="image", delay=1) as bar:
        for item in bar:
            check.take(item)
    if not check.count:
        raise ImageNetSError("the Dataset gives no items: is its path right?")
    check.judge(dataset, ignore_id, every=limit is None or (total is not None and limit >= total))
    findings = sorted(check.findings, key=lambda finding: -finding.share)
    findings = [replace(finding, fault=finding.fault.of(config)) for finding in findings]
    return LoaderReport(check.count, tuple(findings), tuple(check.notes), tuple(check.not_compared))


class _Check:
    """What was seen so far, and what it means."""

    def __init__(self, truth: Truth) -> None:
        self.truth, self.count = truth, 0
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.not_compared: list[str] = []
        self._rules = Rules()
        self._observations: list[Observation] = []
        self._ids: list[str] = []
        """The images of all items but those that are None."""
        self._nameless = self._failed = False
        """Whether items had no ids, and whether some of these raised, so that nobody knows their image."""
        self._order: list[tuple[str, str]] = []
        self._none: list[str] = []
        self._strange: list[str] = []
        """What items without a mask hold."""
        self._images: dict[str, list[str]] = defaultdict(list)
        self._details: dict[str, str] = {}

    def take(self, item: Item) -> None:
        """Compare an item."""
        self.count += 1
        image_id = item.image_id or self.truth.image_ids[min(item.position, len(self.truth.image_ids) - 1)]
        self._nameless |= not item.image_id
        if item.error is not None:
            self._failed |= not item.image_id
            overflow = isinstance(item.error, OverflowError) and "uint8" in str(item.error)
            detail = f"{type(item.error).__name__}: {item.error}"
            self._add("overflow" if overflow else "raises", f"item {item.position}", detail)
        elif item.parts == "None":
            self._none.append(image_id)
            return
        elif item.ids is None:
            self._strange.append(item.parts)
        elif image_id in self.truth.wnids:
            seen = compare(item, image_id, self.truth, self._rules)
            seen.guessed = not (item.image_id or seen.other)
            if seen.other and not item.image_id:  # the mask alone identifies the image
                self._order.append((seen.other, f"{image_id}: its mask is that of {seen.other}"))
                image_id = seen.other
                seen = compare(item, image_id, self.truth, self._rules)
            self._observations.append(seen)
        self._ids.append(image_id)

    def judge(self, dataset: Any, ignore_id: int | None, every: bool) -> None:
        """Judge all items together.

        Args:
            dataset: the Dataset.
            ignore_id: see `check_loader`.
            every: all items were read.
        """
        members = self._members(dataset, every)
        if self._ids != sorted(self._ids, key=self.truth.position):  # otherwise only images are missing
            for image_id, detail in self._order:
                self._add("order", image_id, detail)
        missing = {image_id for finding in members for image_id in finding.image_ids}
        for image_id in self._none:
            if image_id not in missing:
                self._add("no-mask", image_id, f"{image_id}: None")
        if self._strange:
            text = f"items hold no mask that is understood ({self._strange[0]}): --mask-key names it"
            self._leave_out(len(self._strange), text, self.count)
        aligned = self._judge_places()
        if reason := judge_ids(aligned, self.truth, ignore_id, self._add, self.notes):
            self.not_compared.append(reason)
        check_labels(self._observations, self.truth, self._add, self.notes)
        self.findings += [
            Finding(FAULTS[key], tuple(images), len(images), self.count, self._details[key])
            for key, images in self._images.items()
        ]
        self.findings += members
        if names := class_names(dataset):
            self.findings += check_names(names, self.truth.table)

    def _add(self, key: str, image_id: str, detail: str) -> None:
        self._images[key].append(image_id)
        self._details.setdefault(key, detail)

    def _leave_out(self, count: int, text: str, of: int) -> None:
        (self.notes if is_few(count, of) else self.not_compared).append(f"{count:,} {text}")

    def _members(self, dataset: Any, every: bool) -> list[Finding]:
        """Which images there are, where that can be told."""
        if self._failed or len(self._none) == self.count:
            return []
        if every and self._nameless and len(set(self._ids)) < len(self._ids):
            return check_number(self.count, self.truth)
        seen = self._ids if every else listed_ids(dataset)
        return check_members(seen, self.truth) if seen else []

    def _judge_places(self) -> list[Observation]:
        """Pairing and geometry. An item whose mask is not its own gets no other fault.

        Returns:
            The items whose ids can be compared.
        """
        observations, aligned, astray = self._observations, [], []
        kept = Counter(item.shape_kept for item in observations if item.aligned)
        # Where most masks fit nowhere, the others may do so by chance.
        most_astray = kept.total() < sum(item.constant is None for item in observations) / 2
        for item in observations:
            # Where all others keep the size of the official mask, another size is that of another image.
            strange = not item.shape_kept and kept[True] > kept[False]
            misfit = item.misfit and item.smooth and not item.aligned
            if item.other or (misfit and (strange or (item.image_score or 0) >= _SURE)):
                whose = f"that of {item.other}" if item.other else "not its own"
                key = "order" if item.guessed else "pairing"
                self._add(key, item.image_id, f"{item.image_id}: its mask is {whose}")
            elif not item.aligned or most_astray:
                astray += [item] if item.constant is None else []
            elif "pairing" in item.faults:
                self._add("pairing", item.image_id, item.faults["pairing"])
            elif not (self._order and item.guessed):  # else its position doesn't tell its image
                aligned.append(item)
                for key, detail in item.faults.items():
                    self._add(key, item.image_id, detail)
        if observations and not aligned and all(item.constant == 0 for item in observations):
            for item in observations:
                self._add("zero", item.image_id, f"{item.image_id}: 0 everywhere")
        elif astray:
            text = "masks can't be laid over the official ones: they are cut, warped or changed in parts in a way that "
            text += f"is not known, or belong to other images, as that of {astray[0].image_id}"
            self._leave_out(len(astray), text, len(observations))
        for name, count in Counter(item.turned for item in aligned if item.turned).items():
            if name != MIRRORED and count > len(aligned) / 2:  # a few of many are augmentations, or look alike
                for item in aligned:
                    if item.turned == name:
                        self._add("mask-turned", item.image_id, f"{item.image_id}: the mask is {name}")
            else:
                self.notes.append(f"{count} masks are {name}: whether their images are, only --imagenet tells")
        for key in ("image-and-mask-differ", "mask-turned"):
            if key in self._images and is_few(len(self._images[key]), len(observations)):
                self.notes.append(f"{len(self._images.pop(key))} items not explained: {self._details.pop(key)}")
        return [item for item in aligned if not {"instances", "palette"} & item.faults.keys()]
