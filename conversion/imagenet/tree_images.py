"""The official ImageNet-S tree as the source: `ImageNetS919/{train,train-semi,validation,test,...}/<wnid>/*.JPEG`.

Its folders define the splits, and it contains the masks as official PNGs, so it needs no lists and no archive.
"""

from __future__ import annotations

import os

import pyarrow as pa

from ..core.errors import ImageNetSError
from ..facts import CONFIG_NAMES, MASK_FOLDERS, SPLIT_FOLDERS, tree_name
from ..facts.spellings import ImageNetPart
from .image_folder import ImageFolderReader
from .unread_images import why_not_read

_IMAGES = tuple(SPLIT_FOLDERS.values())
"""Folders of images in a tree."""


def find_tree(root: str, config: str) -> str | None:
    """The folder of one configuration's tree at or in `root`; None where `root` is no such tree.

    Raises:
        ImageNetSError: a tree, but of other configurations only.
    """
    here = [c for c in CONFIG_NAMES if _is_tree(os.path.join(root, tree_name(c)))]
    if config in here:
        return os.path.join(root, tree_name(config))
    if _is_tree(nested := os.path.join(root, tree_name(config), tree_name(config))):
        return nested  # unpacked into a folder of its own name
    if _is_tree(root):
        name = os.path.basename(os.path.realpath(root))
        if name not in {tree_name(c) for c in CONFIG_NAMES} - {tree_name(config)}:
            return root
        here = [name.removeprefix(tree_name(""))]
    if here:
        raise ImageNetSError(
            f"{root} is an official ImageNet-S tree of {' and '.join(here)}, not of {config}: "
            f"load configuration {here[0]!r} (--config {here[0]}), or prepare the other with `imagenet-s prepare`."
        )
    return None


def split_reader(tree: str, split: str) -> ImageFolderReader:
    """The images of one split of a tree.

    Raises:
        ImageNetSError: the tree lacks the split, or its images have other names than the official ones.
    """
    folder = os.path.join(tree, SPLIT_FOLDERS[split])
    if not os.path.isdir(folder):
        raise ImageNetSError(
            f"{tree} has no {SPLIT_FOLDERS[split]}/: prepare it with `imagenet-s prepare --splits {split}`, "
            f"or leave it out with splits=[...] (--splits ...), which names the others."
        )
    part: ImageNetPart = "train" if split.startswith("train") else "validation"
    if why := why_not_read([folder], part):
        raise ImageNetSError(why)
    return ImageFolderReader(folder, part, f"the official tree's {SPLIT_FOLDERS[split]}")


def tree_splits(tree: str) -> tuple[str, ...]:
    """The splits a tree has, in the order they are built."""
    return tuple(split for split, folder in SPLIT_FOLDERS.items() if os.path.isdir(os.path.join(tree, folder)))


def members_of(reader: ImageFolderReader) -> pa.Table:
    """`image_id` and `wnid` (the folder) of every image of a split of the tree, sorted by both."""
    index = reader.index()
    folders = index["folder"].combine_chunks()
    folders = folders if isinstance(folders, pa.DictionaryArray) else folders.unify_dictionaries().combine_chunks()
    wnids = pa.array([os.path.basename(path) for path in folders.dictionary.to_pylist()], pa.string())
    table = pa.table({"image_id": index["image_id"], "wnid": wnids.take(folders.indices)})
    return table.sort_by([("wnid", "ascending"), ("image_id", "ascending")])


def _is_tree(folder: str) -> bool:
    """Whether a folder is a tree with images; the archives of the annotations hold one of masks alone."""
    names = (*_IMAGES, *MASK_FOLDERS.values(), "val")
    present = {name for name in names if os.path.isdir(os.path.join(folder, name))}
    if SPLIT_FOLDERS["train_semi"] in present:
        return True
    if not present.intersection(MASK_FOLDERS.values()):
        return False
    # Masks that were extracted beside an ImageNet must not hide it: `val` is a name of its own, which no tree has.
    return not present.isdisjoint(_IMAGES) and "val" not in present
