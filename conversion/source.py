"""A copy of ImageNet with its annotations, opened: what a plan is made from.

Two kinds: any ImageNet, where the official lists say which image belongs to which split, and the official ImageNet-S
tree, which says it by its folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from imagenet_s.conversion.annotations import Member, open_annotations
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import split_names
from imagenet_s.conversion.imagenet.base import ImageReader
from imagenet_s.conversion.imagenet.detect import ImageNet, open_imagenet
from imagenet_s.conversion.imagenet.index_cache import cache_folder
from imagenet_s.conversion.imagenet.official_tree import MASK_FOLDERS, find_tree, members_of, split_part, tree_splits
from imagenet_s.conversion.split_plan import Source

DATA_DIR_VARIABLE = "IMAGENET_S_DATA_DIR"
ANNOTATIONS_DIR_VARIABLE = "IMAGENET_S_ANNOTATIONS_DIR"


def resolve_data_dir(data_dir: str | os.PathLike[str] | None) -> str:
    """The folder of ImageNet: the argument, else `$IMAGENET_S_DATA_DIR`; absolute, links followed.

    Two spellings of one folder are one data set.

    Raises:
        ImageNetSError: neither is given.
    """
    given = os.fspath(data_dir) if data_dir is not None else os.environ.get(DATA_DIR_VARIABLE)
    if not given:
        raise ImageNetSError(
            'ImageNet-S is built over your own ImageNet: say where it is with data_dir="/path/to/imagenet" (any usual '
            f"layout; `imagenet-s check` says what it sees) or with the environment variable {DATA_DIR_VARIABLE}."
        )
    return given if "://" in given else os.path.realpath(os.path.expanduser(given))


def resolve_annotations_dir(annotations_dir: str | os.PathLike[str] | None) -> str | None:
    """The folder of the annotations: the argument, else `$IMAGENET_S_ANNOTATIONS_DIR`, else None (download them)."""
    given = os.fspath(annotations_dir) if annotations_dir is not None else os.environ.get(ANNOTATIONS_DIR_VARIABLE)
    return os.path.realpath(os.path.expanduser(given)) if given else None


def open_source(config: str, data_dir: str, annotations_dir: str | None = None, verify: bool = True) -> Source:
    """Look at a folder and open what is there.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        data_dir: ImageNet in any known layout, or the official ImageNet-S tree.
        annotations_dir: archives and lists, or extracted masks; downloaded where None and something asks for them.
        verify: check archives and lists against the official checksums.

    Raises:
        ImageNetSError: there is nothing known.
    """
    if "://" not in data_dir and os.path.isdir(data_dir) and (tree := find_tree(data_dir, config)):
        return TreeSource(config, tree, annotations_dir, verify)
    return ImageNetSource(config, open_imagenet(data_dir), annotations_dir, verify)


class ImageNetSource:
    """Any copy of ImageNet; the official lists say what is in a split."""

    def __init__(self, config: str, imagenet: ImageNet, annotations_dir: str | None, verify: bool) -> None:
        self.config = config
        self.imagenet = imagenet
        # Opened when something asks for it: `train` needs no annotations, and then none are fetched.
        self._annotations = _Annotations(config, annotations_dir, verify)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that can be asked for."""
        return split_names(self.config)

    def part(self, split: str) -> ImageReader:
        """The training or validation images, whichever the split is drawn from."""
        return self.imagenet.part("train" if split.startswith("train") else "validation")

    def members(self, split: str) -> pa.Table:
        """`image_id` and `wnid`, from the official list."""
        return self._annotations.opened().members(split)

    def masks(self, split: str) -> str:
        """The prepared masks of the split."""
        return os.fspath(self._annotations.opened().masks(split))

    def official_masks(self, split: str) -> Iterator[tuple[Member, bytes]]:
        """The masks of the split as they were published."""
        return self._annotations.opened().official_masks(split)

    def __repr__(self) -> str:
        return f"ImageNet with {self.imagenet.train!r} and {self.imagenet.validation!r}"


class TreeSource:
    """The official ImageNet-S tree; its folders say what is in a split."""

    def __init__(self, config: str, tree: str, annotations_dir: str | None, verify: bool) -> None:
        self.config = config
        self.tree = tree
        self._annotations = _Annotations(config, annotations_dir or tree, verify)
        self._own_masks = annotations_dir is None

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that are there; a tree made for evaluation often lacks `train`."""
        return tuple(split for split in tree_splits(self.tree) if split in split_names(self.config))

    def part(self, split: str) -> ImageReader:
        """The folder of the split."""
        return split_part(self.tree, split)

    def members(self, split: str) -> pa.Table:
        """`image_id` and `wnid`, from the folders."""
        return members_of(split_part(self.tree, split))

    def masks(self, split: str) -> str:
        """The prepared masks of the split, from the tree's own PNGs."""
        self._refuse_without_masks(split)
        return os.fspath(self._annotations.opened().masks(split))

    def official_masks(self, split: str) -> Iterator[tuple[Member, bytes]]:
        """The masks of the split as they lie in the tree."""
        self._refuse_without_masks(split)
        return self._annotations.opened().official_masks(split)

    def _refuse_without_masks(self, split: str) -> None:
        if self._own_masks and not os.path.isdir(os.path.join(self.tree, MASK_FOLDERS[split])):
            raise ImageNetSError(
                f"{self.tree} has no {MASK_FOLDERS[split]}/: say where the masks are with annotations_dir, or prepare "
                f"the tree anew with `imagenet-s prepare`."
            )

    def __repr__(self) -> str:
        return f"the official ImageNet-S tree at {self.tree}"


class _Annotations:
    """Annotations that are opened at the first question."""

    def __init__(self, config: str, annotations_dir: str | None, verify: bool) -> None:
        self._arguments = (config, annotations_dir, verify)
        self._opened: Any = None

    def opened(self) -> Any:
        if self._opened is None:
            config, annotations_dir, verify = self._arguments
            self._opened = open_annotations(config, annotations_dir, cache_dir=str(cache_folder()), verify=verify)
        return self._opened
