"""`open_mask_set`: the masks of a split with their labels and the names of their images, from whatever holds them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..annotations import cached_masks, open_annotations, read_notes
from ..converted.dataset_index import Index
from ..converted.open_shard import open_shard
from ..core.errors import ImageNetSError
from ..dataset.examples import generate
from ..dataset.open_masks import masks_alone
from ..dataset.plan_check import check_masks, check_plan
from ..dataset.source import open_source
from ..dataset.split_plan import SplitPlan, plan_split
from ..facts import MASK_FOLDERS, SPLIT_FOLDERS, categories, tree_name
from ..facts.spellings import OnMissing
from ..imagenet.data_dir import DataDir
from ..imagenet.image_folder import paths_of


@dataclass(frozen=True)
class MaskRow:
    """One mask.

    Attributes:
        number: its position in the split, from 1.
        category: the class id of the image.
        file_name: where its image is: relative to the data set where that holds files, else the name in the official
            tree, `ImageNetS919/validation/<wnid>/<image_id>.JPEG`.
        mask_row: its row in the file of cached masks.
    """

    number: int
    image_id: str
    wnid: str
    category: int
    file_name: str
    mask_row: int


StoredImage = tuple[str, str, bytes | None]
"""Image id, path of its file, and the bytes of one where those of the file are not shown as its mask is."""


@dataclass(frozen=True)
class MaskSet:
    """The masks of a split.

    Attributes:
        rows: sorted by class folder and image id.
        masks: the file of cached masks, for `cached_masks`.
        images: reads all images; None where the data set has none.
        dataset: loads the rows with images and masks, as `load_dataset` gives them, in any order; likewise.
    """

    config: str
    split: str
    rows: tuple[MaskRow, ...]
    masks: str
    images: Callable[[], Iterator[StoredImage]] | None
    dataset: Callable[[], Any] | None = None


def open_mask_set(
    data_dir: DataDir,
    config: str,
    split: str,
    annotations_dir: str | os.PathLike[str] | None = None,
    on_missing: OnMissing = "error",
    verify: bool = True,
) -> MaskSet:
    """Find the masks of a split.

    Args:
        data_dir: ImageNet in any layout, an official tree, what `imagenet-s convert` wrote, or masks alone: whatever
            `find_masks` takes.
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"` or `"validation"`.
        annotations_dir: where the masks of an ImageNet are, as for the builder.
        on_missing: what an ImageNet that lacks images and masks that can't be used get.
        verify: checksums and official counts.

    Raises:
        ImageNetSError: no masks, or they or the images are not complete.
    """
    if split not in MASK_FOLDERS:
        raise ImageNetSError(f"{split} has no public masks: export {' or '.join(MASK_FOLDERS)}.")
    masks = _opened(data_dir, config, split, annotations_dir, on_missing, verify)
    if masks.images is None:
        return masks

    def dataset() -> Any:
        from ..dataset.load import load_dataset  # which imports `datasets`, that nothing else here needs

        return load_dataset(
            config,
            data_dir=data_dir.root,
            split=split,
            annotations_dir=annotations_dir,
            on_missing=on_missing,
            verify=verify,
        )

    return replace(masks, dataset=dataset)


def _opened(
    data_dir: DataDir,
    config: str,
    split: str,
    annotations_dir: str | os.PathLike[str] | None,
    on_missing: OnMissing,
    verify: bool,
) -> MaskSet:
    if (converted := data_dir.converted) is not None:
        return _converted(*converted, config, split, annotations_dir, on_missing, verify)
    if data_dir.is_local and masks_alone(data_dir.root, config, split) is not None:
        return _annotations_alone(data_dir.root, config, split, on_missing, verify, None)
    source = open_source(config, data_dir, annotations_dir, verify)
    plan = plan_split(source, split, verify)
    check_plan(plan, config, on_missing)
    return _planned(data_dir, config, plan)


def _annotations_alone(
    root: str,
    config: str,
    split: str,
    on_missing: OnMissing,
    verify: bool,
    images: Callable[[], Iterator[StoredImage]] | None,
) -> MaskSet:
    annotations = open_annotations(config, root, verify=verify)
    members = annotations.members(split)
    masks = os.fspath(annotations.prepared_masks(split))
    check_masks(read_notes(masks).unusable, members.num_rows, split, on_missing)
    places = pc.index_in(members["image_id"], value_set=cached_masks(masks)["image_id"].combine_chunks())
    table = members.append_column("mask_row", places).filter(pc.is_valid(places))
    return MaskSet(config, split, _rows(table, config, split, None), masks, images)


def _converted(
    root: str,
    index: Index,
    config: str,
    split: str,
    annotations_dir: str | os.PathLike[str] | None,
    on_missing: OnMissing,
    verify: bool,
) -> MaskSet:
    if not index.has_split(config, split):
        have = ", ".join(
            f"{name} {part}" for name, config_index in index.configs.items() for part in config_index.splits
        )
        raise ImageNetSError(f"{root} was converted without {split} of {config}; it has: {have}.")
    files = [os.path.join(root, shard.file) for shard in index.configs[config].splits[split].shards]
    images = _ConvertedImages(tuple(files)) if index.configs[config].images else None
    return _annotations_alone(os.fspath(annotations_dir or root), config, split, on_missing, verify, images)


def _planned(data_dir: DataDir, config: str, plan: SplitPlan) -> MaskSet:
    if plan.masks is None:
        raise ImageNetSError(f"{plan.split} was planned without masks.")
    names = None
    if plan.reader.has_files and data_dir.is_local:
        names = [os.path.relpath(path, data_dir.root).replace(os.sep, "/") for path in paths_of(plan.rows).to_pylist()]
    table = plan.rows.select(["image_id", "wnid", "mask_row"])
    return MaskSet(config, plan.split, _rows(table, config, plan.split, names), plan.masks, _PlannedImages(plan))


def _rows(table: pa.Table, config: str, split: str, names: list[str] | None) -> tuple[MaskRow, ...]:
    ids, wnids, places = (table[name].to_pylist() for name in ("image_id", "wnid", "mask_row"))
    folder = f"{tree_name(config)}/{SPLIT_FOLDERS[split]}"
    if names is None:
        names = [f"{folder}/{wnid}/{image_id}.JPEG" for image_id, wnid in zip(ids, wnids)]
    table_of_classes = categories(config)
    ordered = sorted(zip(wnids, ids, names, places))
    return tuple(
        MaskRow(number, image_id, wnid, table_of_classes.id_of(wnid), name, place)
        for number, (wnid, image_id, name, place) in enumerate(ordered, 1)
    )


@dataclass(frozen=True)
class _PlannedImages:
    plan: SplitPlan

    def __call__(self) -> Iterator[StoredImage]:
        for table in generate(self.plan.rows, self.plan.reader, self.plan.masks):
            yield from _stored(table)


@dataclass(frozen=True)
class _ConvertedImages:
    files: tuple[str, ...]

    def __call__(self) -> Iterator[StoredImage]:
        for file in self.files:
            with open_shard(file) as shard:
                for batch in shard.batches(["image_id", "image"]):
                    yield from _stored(batch)


def _stored(table: pa.Table) -> Iterator[StoredImage]:
    for image_id, image in zip(table["image_id"].to_pylist(), table["image"].to_pylist()):
        yield image_id, image["path"], image["bytes"]
