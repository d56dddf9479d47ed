"""The masks that maps are scored against, wherever they are, and the class that each map should find."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ...conversion.facts import MASK_FOLDERS, tree_name
from ...metrics.evaluation.mask_readers import MaskReader, open_mask_reader
from ...metrics.evaluation.pairing import listed_keys, read_list
from ...metrics.saliency.arrow_masks import ArrowReader
from ...metrics.saliency.score_maps import ToScore
from ...metrics.saliency.targets import targets_by_folder, targets_by_label

_IMAGENET_FILES = (".jpeg", ".jpg", ".tar", ".parquet", ".gz")


@dataclass(frozen=True)
class References:
    """Masks to score against.

    Attributes:
        masks: their reader.
        images: every mask with a target.
        no_class: ids of the images whose ImageNet label is no class of the configuration: they have no target.
    """

    masks: MaskReader
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
    masks = _open_masks(gt_dir, config, split, annotations_dir, verify)
    listed = listed_keys(masks, keys)
    if target == "imagenet":
        from ...conversion.annotations.imagenet_labels import imagenet_wnids  # imports pyarrow: only where it is needed

        ids = [key.rsplit("/", 1)[-1].removesuffix(".png") for key in listed]
        wnids = imagenet_wnids(ids, config, split, gt_dir, annotations_dir, verify)
        return References(masks, *targets_by_label(listed, config, gt_dir, split, wnids))
    return References(masks, *targets_by_folder(listed, config, masks.path))


def read_keys(path: str | None) -> list[str] | None:
    """The keys of a list file, if there is one."""
    return read_list(path) if path else None


def _open_masks(gt_dir: str, config: str, split: str, annotations_dir: str | None, verify: bool) -> MaskReader:
    root = Path(gt_dir)
    for tree in (root / tree_name(config), root):
        if (tree / MASK_FOLDERS[split]).is_dir():
            return open_mask_reader(tree / MASK_FOLDERS[split])
    if "://" not in gt_dir and not _is_imagenet(root, config):
        return open_mask_reader(root, config, split)
    from ...conversion.dataset.source import open_source  # imports datasets: only where it is needed

    source = open_source(config, gt_dir, annotations_dir, verify)
    members = source.members(split)
    folders = dict(zip(members["image_id"].to_pylist(), members["wnid"].to_pylist()))
    return ArrowReader(Path(source.masks(split)), folders)


def _is_imagenet(root: Path, config: str) -> bool:
    """Whether a folder holds images and not masks, by the first files found in it; masks are PNGs or our shards."""
    if any(_has_annotations(one) for one in (*root.glob("*.parquet"), *(root / config).glob("*.parquet"))):
        return False
    for _, folders, files in os.walk(root, followlinks=True):
        folders.sort()
        endings = {os.path.splitext(name)[1].lower() for name in files}
        if ".png" in endings:
            return False
        if endings & set(_IMAGENET_FILES):
            return True
    return False


def _has_annotations(shard: Path) -> bool:
    import pyarrow.parquet as pq

    return "annotation" in pq.read_schema(shard).names
