"""The official ImageNet-S tree of the synthetic images, as the official preparation scripts write it."""

from __future__ import annotations

import os
from pathlib import Path

from ...facts import SPLIT_FOLDERS, split_names, tree_name
from ..catalog import images_of
from ..generated_annotations import masks
from ..image_files import image_bytes
from .folders import write


def write_official_tree(root: str | os.PathLike[str], config: str) -> Path:
    """Write `root/ImageNetS{config}` with the images of every split and the masks of the annotated splits.

    Images are in the folder of their ImageNet-S class, merged classes included; in `train-full`, which only 919 has,
    they are in their ImageNet folder.

    Returns:
        The folder `ImageNetS{config}`.
    """
    tree = Path(root) / tree_name(config)
    for split in split_names(config):
        folder = tree / SPLIT_FOLDERS[split]
        for image in images_of(config, split):
            wnid = image.imagenet_wnid if split == "train_full" else image.class_wnid
            write(folder / wnid / image.file_name, image_bytes(image.image_id))
    for name, content in masks(config):
        write(Path(root) / name, content)
    return tree
