"""`open_masks`: which masks of a split lie in a place, for every command and function that is given masks.

Importing this imports neither `datasets` nor Arrow: a folder or zip of masks needs neither.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..core.paths import is_address, spelled_out
from ..facts import MASK_FOLDERS, SPLIT_FOLDERS
from ..masks.find_masks import find_masks, tree_of_masks
from ..masks.mask_names import NoMasksError, holds_images
from ..masks.split_masks import SplitMasks

_PARTS = ("train", "val", "ILSVRC")
"""Folders that an ImageNet has where masks were put beside it."""


def open_masks(
    place: str | os.PathLike[str],
    config: str,
    split: str | None = "validation",
    annotations_dir: str | os.PathLike[str] | None = None,
    verify: bool = True,
) -> SplitMasks:
    """The masks of a split, from whatever a person names.

    Args:
        place: whatever holds masks, as `find_masks` takes it; or an ImageNet in any form, whose masks are those of
            `annotations_dir`.
        config: `"50"`, `"300"` or `"919"`.
        split: None for `validation`, or what the place itself is of.
        annotations_dir: where the masks of an ImageNet are; else `$IMAGENET_S_ANNOTATIONS_DIR`, else they are fetched.
        verify: check the masks of an ImageNet against the official checksums and counts. Masks that a place holds
            itself are taken as they are.

    Raises:
        ImageNetSError: there is no such place, it holds neither masks of the split nor an ImageNet, or it is damaged.
    """
    path = local_masks(place)
    if path is not None:
        try:
            return find_masks(path, config, split)
        except NoMasksError as error:
            if not error.images:
                raise
    from ..annotations.mask_cache import CachedMaskReader
    from .source import open_source

    split = split or "validation"
    source = open_source(config, place, annotations_dir, verify)
    members = source.members(split)
    wnids = dict(zip(members["image_id"].to_pylist(), members["wnid"].to_pylist()))
    reader = CachedMaskReader(source.annotations_of(split).masks(split), wnids)
    return SplitMasks(reader, {name: name for name in reader.names})


def masks_alone(place: str | os.PathLike[str], config: str, split: str) -> SplitMasks | None:
    """The masks of a split in a place that holds no images of it.

    Returns:
        None where it has images too (an official tree, an ImageNet), is a converted data set, which says itself what it
        has, holds no masks, or does not exist.

    Raises:
        ImageNetSError: it is damaged.
    """
    from ..converted.find_converted import find_converted

    path = local_masks(place)
    if path is None or split not in MASK_FOLDERS or not os.path.exists(path):
        return None
    if os.path.isdir(path) and find_converted(path) is not None:
        return None
    try:
        masks = find_masks(path, config, split)
    except NoMasksError:
        return None
    if os.path.isdir(path):
        tree = tree_of_masks(Path(path), config)
        folders = [tree / SPLIT_FOLDERS[split]] if tree is not None else []
        if any(holds_images(folder) for folder in (*folders, *(Path(path, name) for name in _PARTS))):
            return None
    return masks


def local_masks(place: str | os.PathLike[str]) -> str | None:
    """The path of a place on this machine, as `find_masks` takes it; None for an address."""
    path = spelled_out(place)
    return None if is_address(path) else path
