"""The folder that an image has in ImageNet, its own label of the image: from its name, a list or a data set."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence

from ..annotations import open_annotations
from ..core.errors import ImageNetSError
from ..masks.find_masks import find_masks
from ..masks.mask_names import NoMasksError
from .open_masks import local_masks


def folders_at_hand(
    place: str | os.PathLike[str],
    config: str,
    split: str,
    annotations_dir: str | os.PathLike[str] | None = None,
    verify: bool = True,
) -> dict[str, str]:
    """Image id -> ImageNet's folder, as far as something at hand says it: nothing is fetched.

    Args:
        place: where masks are, as `open_masks` takes it: a list beside them says it, or a column of a converted set.
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"` or `"validation"`.
        annotations_dir: where there may be a list, too; else `$IMAGENET_S_ANNOTATIONS_DIR`.
        verify: whether a list in `annotations_dir` must be the official one.

    Raises:
        ImageNetSError: the list or the data set is damaged.
    """
    path = local_masks(place)
    if path is not None:
        if wnids := open_annotations(config, path, verify=False).imagenet_wnids(split):
            return wnids
        with contextlib.suppress(NoMasksError):
            if wnids := find_masks(path, config, split).reader.imagenet_wnids():
                return wnids
    return open_annotations(config, annotations_dir, verify=verify).imagenet_wnids(split)


def imagenet_folders(
    image_ids: Sequence[str],
    config: str,
    split: str,
    place: str | os.PathLike[str],
    annotations_dir: str | None = None,
    verify: bool = True,
) -> Mapping[str, str]:
    """ImageNet's folder of images, by image id; of more images than were asked for, where a list names them.

    Args:
        image_ids: of one split.
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"`, whose images have their folder in their names, or one that has a list.
        place: where their masks are: a list may lie beside them.
        annotations_dir: where the lists are; else they are those of the cache, fetched if they are not there.
        verify: check the list.

    Raises:
        ImageNetSError: no list says it.
    """
    if split == "train_semi":
        return {image_id: image_id.split("_")[0] for image_id in image_ids}
    if annotations_dir is None and (wnids := folders_at_hand(place, config, split, verify=verify)):
        return wnids
    members = open_annotations(config, annotations_dir, verify=verify).members(split)
    columns = (members[name].to_pylist() for name in ("image_id", "imagenet_wnid"))
    wnids = {image_id: wnid for image_id, wnid in zip(*columns) if wnid}
    if not wnids:
        raise ImageNetSError(
            f"the annotations have no list of {split}, which says ImageNet's own labels: fetch it with `imagenet-s "
            f"download --config {config} --annotations-dir DIR`."
        )
    return wnids
