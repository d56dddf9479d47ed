"""The class that the map of an image should find: of its class folder, or of ImageNet's own label."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ...conversion.core.errors import ImageNetSError
from ...conversion.facts import OTHER_ID, categories
from ...conversion.masks.split_masks import class_folder, image_of
from .score_maps import ToScore

Targets = tuple[list[ToScore], list[str]]
"""Images with their targets, and the ids of images that have none."""


def targets_by_folder(keys: Sequence[str], config: str, place: str | os.PathLike[str]) -> Targets:
    """The class folders of masks as targets.

    Args:
        keys: `<class folder>/<image id>.png` of each mask.
        config: `"50"`, `"300"` or `"919"`.
        place: where the masks are, for the message.

    Raises:
        ImageNetSError: a mask is in no class folder of the configuration.
    """
    table = categories(config)
    targets = [table.id_of(class_folder(key)) for key in keys]
    if wrong := [key for key, target in zip(keys, targets) if target == OTHER_ID]:
        raise ImageNetSError(
            f"{place}: {wrong[0]} ({len(wrong):,} of {len(keys):,}) is in no class folder of "
            f"ImageNet-S-{config}: expected <wnid>/<image>.png, the class folder of the official tree."
        )
    return [ToScore(image_of(key), key, target) for key, target in zip(keys, targets)], []


def targets_by_label(
    keys: Sequence[str], config: str, place: str | os.PathLike[str], split: str, wnids: Mapping[str, str]
) -> Targets:
    """ImageNet's own labels as targets; an image whose label is no class of the configuration has none.

    Args:
        keys: `<class folder>/<image id>.png` of each mask.
        config: `"50"`, `"300"` or `"919"`.
        place: where the masks are, for the message.
        split: whose list says the labels.
        wnids: image id -> ImageNet's folder (`imagenet_wnids`).

    Raises:
        ImageNetSError: nothing says the label of an image.
    """
    if unknown := [key for key in keys if image_of(key) not in wnids]:
        raise ImageNetSError(
            f"the list of {split} of ImageNet-S-{config} does not name {image_of(unknown[0])} ({len(unknown):,} of "
            f"{len(keys):,} masks): is {place} of another split (--split) or configuration?"
        )
    table = categories(config)
    images = [ToScore(image_of(key), key, table.id_of(wnids[image_of(key)])) for key in keys]
    with_target = [image for image in images if image.target != OTHER_ID]
    return with_target, [image.image_id for image in images if image.target == OTHER_ID]
