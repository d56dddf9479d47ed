"""`check_loader`: lays every item over its official mask, then describes all of them together."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
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
    truth, rules = Truth(gt_dir, config, split, imagenet, annotations_dir, verify), Rules()
    total = len(dataset) if hasattr(dataset, "__len__") else None
    items = read_items(dataset, Keys(mask_key, image_key, id_key), limit, truth.table.num_classes)
    with tqdm(items, total=total if limit is None else limit, desc="comparing", unit="image", delay=1) as bar:
        observations = [_observe(item, truth, rules) for item in bar]
    if not observations:
        raise ImageNetSError("the Dataset gives no items: is its path right?")
    verdict = Verdict(len(observations))
    every = limit is None or (total is not None and limit >= total)
    members = _members(observations, truth, None if every else listed_ids(dataset), every)
    _judge_items(observations, {image_id for finding in members for image_id in finding.image_ids}, verdict)
    compared = [item for item in observations if item.compared]
    if any(item.identified for item in compared):  # a position doesn't tell an image
        compared = [item for item in compared if item.image_id_is_known]
        verdict.notes.append("items have no ids: their masks tell whose they are, not their positions")
    judge_ids(judge_places(compared, verdict), truth, ignore_id, verdict)
    check_labels(compared, truth, verdict)
    findings = verdict.findings(config, members)
    return LoaderReport(verdict.count, findings, tuple(verdict.notes), tuple(verdict.not_compared))


def _observe(item: Item, truth: Truth, rules: Rules) -> Observation:
    """What is seen in an item: one without an id is that of its position, or the one that its mask belongs to."""
    image_id = item.image_id or truth.image_ids[min(item.position, len(truth.image_ids) - 1)]
    if item.ids is None or image_id not in truth.wnids:
        return Observation(item.without_pixels(), image_id)
    observation = compare(item, image_id, truth, rules)
    if observation.other and not item.image_id:
        observation = compare(item, observation.other, truth, rules)
        observation.identified = True
    return observation


def _judge_items(items: Sequence[Observation], missing: Set[str], verdict: Verdict) -> None:
    """Add errors, and items without a mask, but for those whose images are known as missing."""
    for item in items:
        if error := item.source.error:
            overflow = isinstance(error, OverflowError) and "uint8" in str(error)
            seen = f"item {item.source.position}", f"{type(error).__name__}: {error}"
            verdict.add("overflow" if overflow else "raises", [seen])
    none = [item.image_id for item in items if item.source.is_none]
    verdict.add("no-mask", [(image_id, "None") for image_id in none if image_id not in missing])
    if strange := [item.source.parts for item in items if item.source.parts and not item.source.is_none]:
        text = f"items hold no mask that is understood ({strange[0]}): --mask-key names it"
        verdict.leave_out(len(strange), text)


def _members(
    items: Sequence[Observation], truth: Truth, listed: Sequence[str] | None, every: bool
) -> Sequence[Finding]:
    """Which images there are, where that can be told: by all items, else by a list that the Dataset keeps."""
    nameless = [item.source for item in items if not item.source.image_id]
    if any(item.error for item in nameless) or all(item.source.is_none for item in items):
        return []
    image_ids = [item.image_id for item in items if not item.source.is_none]
    if every and nameless and len(set(image_ids)) < len(image_ids):
        return check_number(len(items), truth)
    seen = image_ids if every else listed
    return check_members(seen, truth) if seen else []
