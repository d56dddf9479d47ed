"""The masks that maps are scored against, wherever they are, and the class that each map should find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...conversion.core.errors import ImageNetSError
from ...conversion.dataset.open_masks import imagenet_wnids, open_masks
from ...conversion.facts import OTHER_ID, categories
from ...conversion.masks.split_masks import SplitMasks
from ...metrics.evaluation.pairing import listed_keys, read_list
from ...metrics.saliency.map_scoring import ToScore


@dataclass(frozen=True)
class References:
    """Masks to score against.

    Attributes:
        masks: all of the split.
        images: every mask with a target.
        no_class: ids of the images whose ImageNet label is no class of the configuration: they have no target.
    """

    masks: SplitMasks
    images: list[ToScore]
    no_class: list[str] = field(default_factory=list)


def open_references(
    gt_dir: str,
    config: str,
    split: str,
    target: str,
    annotations_dir: str | None = None,
    verify: bool = True,
    keys: list[str] | None = None,
) -> References:
    """Find the masks and the targets.

    Args:
        gt_dir: masks, an official tree, a converted data set, or an ImageNet.
        config: `"50"`, `"300"` or `"919"`.
        split: `"validation"` or `"train_semi"`.
        target: `"category"` for the class folder of the mask; `"imagenet"` for ImageNet's own label.
        annotations_dir: archives and lists, for an ImageNet and for ImageNet's labels.
        verify: check archives and lists.
        keys: only these masks (`read_list`).

    Raises:
        ImageNetSError: no masks, a class folder that is no class, labels that nothing at hand says.
        ValueError: no such path.
    """
    masks = open_masks(gt_dir, config, split, annotations_dir, verify)
    wanted = listed_keys(masks, keys)
    ids = [key.rsplit("/", 1)[-1].removesuffix(".png") for key in wanted]
    table = categories(config)
    if target == "imagenet":
        wnids = _imagenet_wnids(ids, gt_dir, config, split, annotations_dir, verify)
        unknown = [image_id for image_id in ids if image_id not in wnids]
        if unknown:
            raise ImageNetSError(
                f"the list of {split} of ImageNet-S-{config} does not name {unknown[0]} ({len(unknown):,} of "
                f"{len(ids):,} masks): is {gt_dir} of another split (--split) or configuration?"
            )
        targets = [table.id_of(wnids[image_id]) for image_id in ids]
    else:
        targets = [table.id_of(key.split("/")[-2] if "/" in key else "") for key in wanted]
        wrong = [key for key, one in zip(wanted, targets) if one == OTHER_ID]
        if wrong:
            raise ImageNetSError(
                f"{masks.path}: {wrong[0]} ({len(wrong):,} of {len(wanted):,}) is in no class folder of "
                f"ImageNet-S-{config}: expected <wnid>/<image>.png, the class folder of the official tree."
            )
    images = [ToScore(*one) for one in zip(ids, wanted, targets) if one[2] != OTHER_ID]
    return References(masks, images, [image_id for image_id, one in zip(ids, targets) if one == OTHER_ID])


def read_keys(path: str | None) -> list[str] | None:
    """The keys of a list file, if there is one."""
    return read_list(path) if path else None


def _imagenet_wnids(
    ids: list[str], gt_dir: str, config: str, split: str, annotations_dir: str | None, verify: bool
) -> Mapping[str, str]:
    """ImageNet's own class folder of every image: in the name of a training image, else in list or data set."""
    if split == "train_semi":
        return {image_id: image_id.split("_")[0] for image_id in ids}
    from ...conversion.annotations import open_annotations

    # Without a folder of annotations: what is beside the masks, else the list of the cache, fetched if it is not there.
    if annotations_dir is None and (wnids := imagenet_wnids(gt_dir, config, split, verify=verify)):
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
