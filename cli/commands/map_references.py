"""The masks that maps are scored against, wherever they are, and the class that each map should find."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...conversion.dataset.open_masks import open_masks
from ...conversion.masks.split_masks import SplitMasks, image_of
from ...metrics.evaluation.pairing import listed_keys, read_list
from ...metrics.saliency.score_maps import ToScore
from ...metrics.saliency.targets import targets_by_folder, targets_by_label


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
    listed = listed_keys(masks, keys)
    if target == "imagenet":
        from ...conversion.dataset.imagenet_folders import imagenet_folders  # imports pyarrow: only where it is needed

        ids = list(map(image_of, listed))
        wnids = imagenet_folders(ids, config, split, gt_dir, annotations_dir, verify)
        return References(masks, *targets_by_label(listed, config, gt_dir, split, wnids))
    return References(masks, *targets_by_folder(listed, config, masks.path))


def read_keys(path: str | None) -> list[str] | None:
    """The keys of a list file, if there is one."""
    return read_list(path) if path else None
