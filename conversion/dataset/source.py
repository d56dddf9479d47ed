"""`Source`: a copy of ImageNet with its annotations, opened; what a split plan is made from.

Three kinds: any ImageNet, where the official lists say which image belongs to which split; the official ImageNet-S
tree, whose folders say it; and a converted data set, whose index says it.
"""

from __future__ import annotations

import abc
import hashlib
import json
import logging
import os
from collections.abc import Sequence

import pyarrow as pa

from ..annotations import Annotations, open_annotations, resolve_annotations_dir
from ..converted.dataset_index import INDEX, Index
from ..core.errors import ImageNetSError, printable, some
from ..facts import MASK_FOLDERS, OFFICIAL, categories, config_name, split_names
from ..facts.spellings import ImageNetPart
from ..imagenet.converted_images import ConvertedImages
from ..imagenet.data_dir import DataDir, resolve_data_dir
from ..imagenet.detect import ImageNet, open_imagenet, unread
from ..imagenet.image_reader import ImageReader
from ..imagenet.tree_images import members_of, split_reader, tree_splits

logger = logging.getLogger("imagenet_s")


def open_source(
    config: str | int,
    data_dir: str | os.PathLike[str] | DataDir | None,
    annotations_dir: str | os.PathLike[str] | None = None,
    verify: bool = True,
    cache_dir: str | os.PathLike[str] | None = None,
) -> Source:
    """Look into a folder and open what is there.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        data_dir: ImageNet in any known layout, the official ImageNet-S tree, or a data set that `imagenet-s convert`
            wrote with images, which holds its own annotations; else `$IMAGENET_S_DATA_DIR`.
        annotations_dir: archives and lists, or extracted masks; else `$IMAGENET_S_ANNOTATIONS_DIR`. Where neither is
            given, an official tree has its own masks, and for any other ImageNet they are downloaded when something
            asks for them.
        verify: check archives and lists against the official checksums.
        cache_dir: for whatever is kept: downloads, masks, indexes; the cache of `datasets` by default.

    Raises:
        ImageNetSError: there is nothing known.
    """
    config = config_name(config)
    data_dir = resolve_data_dir(data_dir)
    kept_in = os.fspath(cache_dir) if cache_dir is not None else None
    if tree := data_dir.tree(config):
        return OfficialTreeSource(config, tree, resolve_annotations_dir(annotations_dir), verify, kept_in)
    if converted := data_dir.converted:
        return ConvertedSource(config, *converted, kept_in)
    annotations = open_annotations(config, annotations_dir, cache_dir=kept_in, verify=verify)
    return ImageNetSource(config, open_imagenet(data_dir, kept_in), annotations)


class Source(abc.ABC):
    """A copy of ImageNet with its annotations.

    Attributes:
        config: `"50"`, `"300"` or `"919"`.
        splits: the splits it can have, in the order they are built: those of which any image is there.
        annotations: the lists and the masks.
        absent: a sentence about the splits of which no image is there; "" where there are none such.
    """

    def __init__(self, config: str, splits: tuple[str, ...], absent: str, annotations: Annotations) -> None:
        self.config, self.splits, self.absent = config, splits, absent
        self.annotations = annotations

    @abc.abstractmethod
    def reader(self, split: str) -> ImageReader:
        """The reader of the images of a split."""

    def members(self, split: str) -> pa.Table:
        """`image_id` and `wnid` of a split other than train and train_full."""
        return self.annotations.members(split)

    def identity(self, split: str, image_ids: Sequence[str] | None = None) -> str:
        """A digest that changes when the images, the list or the masks of a split do.

        It costs a question to the file system for each folder or file that holds images, and for each file that holds
        masks: 12,419 of them for extracted masks of validation. None of these is opened, but for the list.
        """
        reader = self.reader(split)
        wnids = None if split == "train_full" else categories(self.config).imagenet_wnids
        made_from = [type(reader).__name__, reader.root, reader.identity(wnids), self._list_and_masks(split)]
        made_from += image_ids or ()
        return hashlib.sha256(json.dumps(made_from).encode(errors="surrogateescape")).hexdigest()

    def _list_and_masks(self, split: str) -> str:
        return self.annotations.identity(split)

    def annotations_of(self, split: str) -> Annotations:
        """The annotations, for the masks of an annotated split.

        Raises:
            ImageNetSError: an official tree that has none.
        """
        return self.annotations

    def prepared_masks(self, split: str) -> str:
        """The file of cached masks of an annotated split; those that can't be used have no row: see `read_notes`."""
        return os.fspath(self.annotations_of(split).prepared_masks(split))

    def check_masks(self, split: str) -> list[str]:
        """As `Annotations.check_masks`: the images without a mask; nothing is fetched, decoded or kept."""
        return self.annotations_of(split).check_masks(split)

    def num_images(self, split: str, verify: bool) -> int | None:
        """How many images a split should have; None where nobody says. With `verify`, the official number."""
        return OFFICIAL.num_images[self.config][split] if verify else None


class ImageNetSource(Source):
    """Any copy of ImageNet; the official lists say what is in a split."""

    def __init__(self, config: str, imagenet: ImageNet, annotations: Annotations) -> None:
        splits = tuple(split for split in split_names(config) if not imagenet.lacks(_part(split)))
        absent = ""
        if without := [split for split in split_names(config) if split not in splits]:
            part = _part(without[0])
            absent = f"{imagenet.root} holds no {part} images: {', '.join(without)} are left out."
            absent = f"{absent} {unread(imagenet.root, part)}".rstrip()
        super().__init__(config, splits, absent, annotations)
        self.imagenet = imagenet

    def reader(self, split: str) -> ImageReader:
        return self.imagenet.reader(_part(split))

    def __repr__(self) -> str:
        parts = [repr(part) for part in (self.imagenet.train, self.imagenet.validation) if part is not None]
        return f"ImageNet with {' and '.join(parts)}"


class OfficialTreeSource(Source):
    """The official ImageNet-S tree; its folders say what is in a split. One made for evaluation often lacks `train`."""

    def __init__(
        self,
        config: str,
        tree: str,
        annotations_dir: str | None,
        verify: bool,
        cache_dir: str | None = None,
    ) -> None:
        annotations = open_annotations(config, annotations_dir or tree, cache_dir=cache_dir, verify=verify)
        splits = tuple(split for split in tree_splits(tree) if split in split_names(config))
        super().__init__(config, splits, "", annotations)
        self.tree, self._has_own_masks, self._cache_dir = tree, annotations_dir is None, cache_dir

    def reader(self, split: str) -> ImageReader:
        reader = split_reader(self.tree, split)
        reader.cache_dir = self._cache_dir
        return reader

    def members(self, split: str) -> pa.Table:
        members = members_of(split_reader(self.tree, split))
        listed = self.annotations.imagenet_wnids(split)
        imagenet_wnids = [listed.get(image_id, "") for image_id in members["image_id"].to_pylist()]
        return members.append_column("imagenet_wnid", pa.array(imagenet_wnids, pa.string()))

    def prepared_masks(self, split: str) -> str:
        path = super().prepared_masks(split)
        if not self.annotations.verify and (unlisted := self._unlisted(split)):
            lacks = f"{self.tree} lacks {len(unlisted):,} masks of {split}"
            logger.warning("%s", printable(f"{lacks}: {some(unlisted)}; verify=False (--no-verify) leaves them out."))
        return path

    def check_masks(self, split: str) -> list[str]:
        return super().check_masks(split) + self._unlisted(split)

    def _unlisted(self, split: str) -> list[str]:
        """Images that the annotations do not know: without a list they know those that have a mask."""
        listed = set(self.annotations_of(split).members(split)["image_id"].to_pylist())
        return [image_id for image_id in self.members(split)["image_id"].to_pylist() if image_id not in listed]

    def _list_and_masks(self, split: str) -> str:
        # The folders say what is in a split; a list that is at hand, which ImageNet's own folders are.
        listed = json.dumps(self.annotations.imagenet_wnids(split))
        return listed + (self.annotations_of(split).identity(split) if split in MASK_FOLDERS else "")

    def annotations_of(self, split: str) -> Annotations:
        if self._has_own_masks and not os.path.isdir(os.path.join(self.tree, MASK_FOLDERS[split])):
            raise ImageNetSError(
                f"{self.tree} has no {MASK_FOLDERS[split]}/: say where the masks are with annotations_dir "
                f"(--annotations-dir), or prepare the tree again with `imagenet-s prepare`."
            )
        return self.annotations

    def __repr__(self) -> str:
        return f"the official ImageNet-S tree at {self.tree}"


class ConvertedSource(Source):
    """A data set that `imagenet-s convert` wrote, with images: its index says what is in it, subset or not."""

    def __init__(self, config: str, root: str, index: Index, cache_dir: str | None = None) -> None:
        if config not in index.configs:
            raise ImageNetSError(
                f"{root} is a converted data set of {' and '.join(index.configs)}, not of {config}: "
                f"give one of these as configuration (--config)."
            )
        self.root, self._index = root, index.configs[config]
        self._cache_dir = cache_dir
        annotations = open_annotations(config, root, cache_dir=cache_dir, verify=False)
        super().__init__(config, tuple(self._index.splits), "", annotations)

    def reader(self, split: str) -> ImageReader:
        if not self._index.images:
            raise ImageNetSError(
                f"{self.root} is a data set that was converted without images: give ImageNet itself as data_dir, "
                "and this folder as annotations_dir (--annotations-dir)."
            )
        if split not in self._index.splits:
            have = ", ".join(self._index.splits)
            raise ImageNetSError(f"{self.root} has no split {split!r} of {self.config}; it has {have}.")
        shards = self._index.splits[split].shards
        for shard in shards:
            path = os.path.join(self.root, shard.file)
            if not os.path.isfile(path) or os.path.getsize(path) != shard.bytes:
                raise ImageNetSError(
                    f"{path} is missing or not as {INDEX} says: `imagenet-s convert --verify {self.root}` tells more."
                )
        files = [os.path.join(self.root, shard.file) for shard in shards]
        reader = ConvertedImages(self.root, split, self._index.form, files)
        reader.cache_dir = self._cache_dir
        return reader

    def num_images(self, split: str, verify: bool) -> int | None:
        return self._index.splits[split].rows

    def __repr__(self) -> str:
        return f"the converted data set at {self.root}"


def _part(split: str) -> ImageNetPart:
    return "train" if split.startswith("train") else "validation"
