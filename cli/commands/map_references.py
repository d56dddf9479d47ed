"""The masks that maps are scored against, wherever they are, and the class that each map should find."""

from __future__ import annotations

import argparse
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


def open_references(args: argparse.Namespace) -> References:
    """Find the masks and the targets that the options of `evaluate-maps` ask for.

    Raises:
        ImageNetSError: no masks, a class folder that is no class, labels that nothing at hand says.
        ValueError: no such path.
    """
    config, split, place = args.config, args.split, args.gt_dir
    masks = open_masks(place, config, split, args.annotations_dir, args.verify)
    listed = listed_keys(masks, read_list(args.list) if args.list else None)
    if args.target == "category":
        return References(masks, *targets_by_folder(listed, config, masks.path))
    from ...conversion.dataset.imagenet_folders import imagenet_folders  # imports pyarrow: only where it is needed

    wnids = imagenet_folders(list(map(image_of, listed)), config, split, place, args.annotations_dir, args.verify)
    return References(masks, *targets_by_label(listed, config, place, split, wnids))
