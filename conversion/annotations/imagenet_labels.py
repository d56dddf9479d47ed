"""ImageNet's own label of an image, as the class folder that it has in ImageNet: from its name, or from a list."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence

import pyarrow as pa

from ..core.errors import ImageNetSError
from . import open_annotations


def imagenet_wnids(
    image_ids: Sequence[str],
    config: str,
    split: str,
    masks: str | os.PathLike[str],
    annotations_dir: str | None = None,
    verify: bool = True,
) -> Mapping[str, str]:
    """The ImageNet folder of images, by image id; of more images than were asked for, where a list names them.

    Args:
        image_ids: of one split.
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"`, whose images have their folder in their names, or one that has a list.
        masks: where their masks are: a list may lie beside them.
        annotations_dir: where the lists are; else they are those of the cache, fetched if they are not there.
        verify: check the list.

    Raises:
        ImageNetSError: no list says it.
    """
    if split == "train_semi":
        return {image_id: image_id.split("_")[0] for image_id in image_ids}
    if annotations_dir is None and os.path.exists(masks):
        with contextlib.suppress(ImageNetSError):
            if wnids := _listed_wnids(open_annotations(config, os.fspath(masks), verify=verify).members(split)):
                return wnids
    wnids = _listed_wnids(open_annotations(config, annotations_dir, verify=verify).members(split))
    if not wnids:
        raise ImageNetSError(
            f"the annotations have no list of {split}, which says ImageNet's own labels: fetch it with `imagenet-s "
            f"download --config {config} --annotations-dir DIR`."
        )
    return wnids


def _listed_wnids(members: pa.Table) -> dict[str, str]:
    columns = (members[name].to_pylist() for name in ("image_id", "imagenet_wnid"))
    return {image_id: wnid for image_id, wnid in zip(*columns) if wnid}
