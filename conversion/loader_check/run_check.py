"""`check_loader`: lays every item over its official mask, then describes all of them together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from ..core.errors import ImageNetSError
from .fault_catalog import Finding, Verdict
from .ground_truth import Truth
from .id_verdict import judge_ids
from .members import check_labels, check_members, check_number
from .per_item import Observation, Rules, compare
from .place_verdict import judge_places
from .sample import Item, Keys, listed_ids, read_items


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
    if not check.verdict.count:
        raise ImageNetSError("the Dataset gives no items: is its path right?")
    members = check.judge(dataset, ignore_id, every=limit is None or (total is not None and limit >= total))
    verdict = check.verdict
    findings = verdict.findings(config, members)
    return LoaderReport(verdict.count, findings, tuple(verdict.notes), tuple(verdict.not_compared))


class _Check:
    """What was seen so far, and what it means."""

    def __init__(self, truth: Truth) -> None:
        self.truth, self.verdict, self._rules = truth, Verdict(), Rules()
        self._observations: list[Observation] = []
        self._ids: list[str] = []
        """The images of all items but those that are None."""
        self._nameless = self._failed = self._moved = False
        """Whether items had no ids; whether some of these raised, so that nobody knows their image; and whether masks
        of some were those of other positions."""
        self._none: list[str] = []
        self._strange: list[str] = []
        """What items without a mask hold."""

    def take(self, item: Item) -> None:
        """Compare an item."""
        self.verdict.count += 1
        image_id = item.image_id or self.truth.image_ids[min(item.position, len(self.truth.image_ids) - 1)]
        self._nameless |= not item.image_id
        if item.error is not None:
            self._failed |= not item.image_id
            overflow = isinstance(item.error, OverflowError) and "uint8" in str(item.error)
            seen = f"item {item.position}", f"{type(item.error).__name__}: {item.error}"
            self.verdict.add("overflow" if overflow else "raises", [seen])
        elif item.parts == "None":
            self._none.append(image_id)
            return
        elif item.ids is None:
            self._strange.append(item.parts)
        elif image_id in self.truth.wnids:
            observation = compare(item, image_id, self.truth, self._rules)
            if not item.image_id and observation.other:  # the mask alone identifies the image
                image_id, self._moved = observation.other, True
                observation = compare(item, image_id, self.truth, self._rules)
            elif not item.image_id:
                observation.guessed = True
            self._observations.append(observation)
        self._ids.append(image_id)

    def judge(self, dataset: Any, ignore_id: int | None, every: bool) -> list[Finding]:
        """Judge all items together.

        Args:
            dataset: the Dataset.
            ignore_id: see `check_loader`.
            every: all items were read.

        Returns:
            Which images are missing, or too many.
        """
        members, verdict = self._members(dataset, every), self.verdict
        missing = {image_id for finding in members for image_id in finding.image_ids}
        verdict.add("no-mask", [(image_id, "None") for image_id in self._none if image_id not in missing])
        if self._strange:
            text = f"items hold no mask that is understood ({self._strange[0]}): --mask-key names it"
            verdict.leave_out(len(self._strange), text)
        observations = self._observations
        if self._moved:  # a position doesn't tell an image
            observations = [observation for observation in observations if not observation.guessed]
            place = {image_id: i for i, image_id in enumerate(self.truth.image_ids)}
            if self._ids != sorted(self._ids, key=place.__getitem__):  # otherwise only images are missing
                verdict.notes.append(
                    "items have no ids, and not the order of the official list: masks tell their images"
                )
        aligned = judge_places(observations, verdict)
        judge_ids(aligned, self.truth, ignore_id, verdict)
        check_labels(observations, self.truth, verdict)
        return members

    def _members(self, dataset: Any, every: bool) -> list[Finding]:
        """Which images there are, where that can be told."""
        if self._failed or len(self._none) == self.verdict.count:
            return []
        if every and self._nameless and len(set(self._ids)) < len(self._ids):
            return check_number(self.verdict.count, self.truth)
        seen = self._ids if every else listed_ids(dataset)
        return check_members(seen, self.truth) if seen else []
