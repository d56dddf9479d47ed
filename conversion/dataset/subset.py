"""`subset`: some images of a split that anyone can draw again, on any machine and with any version.

Images are ordered by SHA-256 over seed and image id, class by class, and taken in turn from all classes: so the first
100 of 1000 are the subset of 100, and no class has two images more than another that still has some.
"""

from __future__ import annotations

import hashlib
import operator
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from ..annotations import open_annotations
from ..core.errors import ImageNetSError
from ..facts import TRAINING_SPLITS, config_name, image_set_digest
from ..facts.spellings import split_name
from .source import Source, open_source
from .split_plan import plan_split


def subset(
    config: str | int,
    split: str,
    n: int,
    seed: int = 0,
    annotations_dir: str | os.PathLike[str] | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    compact: bool = False,
    verify: bool = True,
) -> list[str]:
    """Draw `n` images of a split, for `load_dataset(..., image_ids=...)`.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"`, `"validation"`, `"test"`, or the official spelling; with `data_dir` also `"train"` and
            `"train_full"`, whose images no official list names.
        n: how many images.
        seed: another seed, other images.
        annotations_dir: where the official lists are, as in `load_dataset`; downloaded by default.
        data_dir: ImageNet, as in `load_dataset`. Only `compact` and the training splits need it.
        compact: prefer images that are stored together, for Parquet, which can only be read by row groups (about 100
            images in the Hub's copy): whole row groups, those that hold most images of the split first. The classes
            are then drawn as they come, and the images depend on how the files were written.
        verify: as in `load_dataset`.

    Returns:
        Image ids. Nested: the first m of them are the subset of m. Balanced (unless `compact`): the numbers of images
        of any two classes differ by at most one, except where a class has no more.

    Raises:
        ImageNetSError: no such split, or it has fewer images; lists or ImageNet are missing.

    Examples:
        >>> ids = subset("919", "validation", 1000)  # doctest: +SKIP
        >>> print(len(ids), subset_digest(ids))  # doctest: +SKIP
    """
    config = config_name(config)
    split = split_name(split, config)
    n, seed = operator.index(n), operator.index(seed)  # a seed of 1.0 would draw other images than 1
    if data_dir is None and (compact or split in TRAINING_SPLITS):
        what = "compact=True asks where the images are" if compact else f"no official list names the images of {split}"
        raise ImageNetSError(f"{what}: say where ImageNet is with data_dir (--imagenet).")
    if compact or split in TRAINING_SPLITS:
        ordered = _of_source(open_source(config, data_dir, annotations_dir, verify), split, seed, compact, verify)
    else:
        members = (
            open_annotations(config, annotations_dir, verify=verify).members(split)
            if data_dir is None
            else open_source(config, data_dir, annotations_dir, verify).members(split)
        )
        ordered = _in_turn(members["image_id"].to_pylist(), members["wnid"].to_pylist(), seed)
    if not 0 < n <= len(ordered):
        raise ImageNetSError(f"{n:,} images asked of {split} of ImageNet-S-{config}, which has {len(ordered):,} here.")
    return ordered[:n]


def subset_digest(image_ids: Iterable[str]) -> str:
    """16 hexadecimal digits that identify a set of images, whatever their order: to print in a paper.

    Examples:
        >>> subset_digest(["n01440764_10026", "n01440764_2"]) == subset_digest(["n01440764_2", "n01440764_10026"])
        True

    Raises:
        ImageNetSError: one string.
    """
    if isinstance(image_ids, str):  # its characters would be taken for ids
        raise ImageNetSError(f"image_ids={image_ids}: expected several image ids, each a string.")
    return image_set_digest(image_ids)[:16]


def _of_source(source: Source, split: str, seed: int, compact: bool, verify: bool) -> list[str]:
    plan = plan_split(source, split, verify, masks=False)
    ids, together = plan.rows["image_id"].to_pylist(), plan.reader.read_together(plan.rows)
    if not compact:
        return _in_turn(ids, plan.rows["wnid"].to_pylist(), seed)
    if together is None:
        raise ImageNetSError(
            f"compact=True is for Parquet files; from {plan.reader!r} each image is read alone: leave it out."
        )
    # The fullest row groups first: they cost the fewest bytes an image.
    groups = sorted(_grouped(ids, together.tolist(), seed), key=lambda images: (-len(images), images))
    return [image_id for images in groups for _, image_id in images]


def _in_turn(ids: Sequence[str], classes: Sequence[str], seed: int) -> list[str]:
    """All images, an image of each class in turn, so that any first few of them are balanced."""
    turns = [(turn, *image) for images in _grouped(ids, classes, seed) for turn, image in enumerate(images)]
    return [image_id for _, _, image_id in sorted(turns)]


def _grouped(ids: Sequence[str], groups: Sequence[Any], seed: int) -> list[list[tuple[bytes, str]]]:
    """The images of each group with their digests, in the order of these."""
    by_group = defaultdict(list)
    for image_id, group in zip(ids, groups):
        by_group[group].append((hashlib.sha256(f"{seed} {image_id}".encode()).digest(), image_id))
    return [sorted(images) for images in by_group.values()]
