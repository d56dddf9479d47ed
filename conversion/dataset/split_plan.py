"""`SplitPlan`: which images a split has, in which order, and where each is; decided before any image is read.

`plan_check` compares a plan with what was expected.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..annotations import MaskNotes, cached_masks, read_notes
from ..core.errors import ImageNetSError, some
from ..core.paths import is_address
from ..core.shuffling import training_keys
from ..facts import ANNOTATED_SPLITS, TRAINING_SPLITS, categories, imagenet_label
from ..imagenet.image_folder import folder_labels
from ..imagenet.image_reader import ImageReader
from ..images.image_inspection import Size
from .image_mask_pairs import PairCheck, check_pairs, sizes_of
from .image_selection import selected_images
from .source import ImageNetSource, Source


@dataclass(frozen=True)
class SplitPlan:
    """One split, ready to be read.

    Attributes:
        reader: reads the images of the rows.
        rows: `image_id`, `category`, `wnid`, `imagenet_label`, for annotated splits `mask_row`, and where each image
            is; in order.
        masks: the file of cached masks, where they were asked for.
        missing: official images that the source lacks, where they are known by name.
        expected: how many images the split should have; None where nobody says (train with verify=False).
        notes: what is to be said of the masks themselves.
        pairs: the pairs of image and mask that are not as stored.
        compared: whether their sizes were compared.
    """

    split: str
    reader: ImageReader
    rows: pa.Table
    masks: str | None
    missing: tuple[str, ...]
    expected: int | None
    notes: MaskNotes = field(default_factory=MaskNotes)
    pairs: PairCheck = field(default_factory=PairCheck)
    compared: bool = False

    @property
    def is_local(self) -> bool:
        """Whether its images are on this machine."""
        return not is_address(self.reader.root)

    def with_pairs(self, pairs: PairCheck) -> SplitPlan:
        """This plan, whose rows leave out the images that have another size than their mask."""
        return dataclasses.replace(self, rows=_without(self.rows, pairs.unusable), pairs=pairs, compared=True)

    @property
    def unusable(self) -> dict[str, str]:
        """Image id -> what is wrong, of the images that the rows leave out because their mask can't be used."""
        return {**self.notes.unusable, **self.pairs.unusable}


def plan_split(
    source: Source,
    split: str,
    verify: bool = True,
    masks: bool = True,
    sizes: bool | None = None,
    image_ids: Sequence[str] | None = None,
) -> SplitPlan:
    """Find the images of a split.

    Args:
        source: where to look.
        split: a name of `facts.SPLITS`.
        verify: take the official number of images as the one expected.
        masks: prepare the masks of an annotated split too; False where only the images are asked for.
        sizes: compare the sizes of masks and images, for which each image is looked at; by default where the images are
            on this machine.
        image_ids: only these images, in this order where the layout allows it; those of other splits are ignored.

    Raises:
        ImageNetSError: the source can't be read, or a mask is missing.
    """
    reader = source.reader(split)
    wanted = None if image_ids is None else selected_images(source, split, image_ids)
    missing: tuple[str, ...] = ()
    if split not in TRAINING_SPLITS:
        rows, missing = _listed_rows(source, split, reader, wanted)
    elif wanted is None:
        rows = _training_rows(source.config, split, reader)
    else:
        rows, missing = _find_in_order(reader, wanted)
        rows = _with_classes(source.config, rows)
    mask_file = source.prepared_masks(split) if masks and split in ANNOTATED_SPLITS else None
    notes = MaskNotes()
    if mask_file is not None:
        notes = _notes_of(mask_file, rows)
        rows = rows.append_column("mask_row", _mask_rows(rows, mask_file, split, verify, notes.unusable))
        # With verify=False a listed image may have no mask: the annotations have said that it is left out.
        rows = rows.filter(pc.is_valid(rows["mask_row"]))
    expected = source.num_images(split, verify) if wanted is None else None
    if expected is None and (wanted is not None or split not in TRAINING_SPLITS):
        expected = rows.num_rows + len(notes.unusable) + len(missing)
    plan = SplitPlan(split, reader, rows, mask_file, missing, expected, notes)
    if mask_file is None or not (sizes or (sizes is None and plan.is_local)):
        return plan
    mask_sizes = sizes_of(cached_masks(mask_file).select(["width", "height"]).take(rows["mask_row"].combine_chunks()))
    return plan.with_pairs(check_pairs(reader, rows, mask_sizes, split))


def compare_sizes(plan: SplitPlan, mask_sizes: Mapping[str, Size]) -> SplitPlan:
    """A plan that was made without masks, its images compared with their sizes, `Source.mask_sizes`.

    Images without a size there are not looked at. Those at an address are not either: their headers are all over it.
    """
    if not plan.is_local:
        return plan
    rows = plan.rows.filter(pc.is_in(plan.rows["image_id"], value_set=pa.array(list(mask_sizes), pa.string())))
    of_rows = [mask_sizes[image_id] for image_id in rows["image_id"].to_pylist()]
    return plan.with_pairs(check_pairs(plan.reader, rows, of_rows, plan.split))


def _training_rows(config: str, split: str, reader: ImageReader) -> pa.Table:
    rows = _with_classes(config, reader.index(categories(config).imagenet_wnids if split == "train" else None))
    if split == "train":
        rows = rows.filter(pc.greater(rows["category"], 0))
    if not reader.random_access:
        return reader.storage_order(rows, mixed=True)
    return rows.take(pa.array(np.argsort(training_keys(rows["image_id"]), kind="stable")))


def _with_classes(config: str, rows: pa.Table) -> pa.Table:
    """The labels of training images; category 0 and their own folder for those of no class."""
    table, rows = categories(config), rows.combine_chunks()
    # The name says the ImageNet class; the merges say which class that counts as (official readme, "merge").
    folders = pc.utf8_slice_codeunits(rows["image_id"], 0, 9).combine_chunks().dictionary_encode()
    wnids = folders.dictionary.to_pylist()
    ids = np.array([table.id_of(wnid) for wnid in wnids], np.int64)
    names = [table[i].wnid or wnid for i, wnid in zip(ids.tolist(), wnids)]
    codes = folders.indices.to_numpy()
    rows = rows.append_column("category", pa.array(ids[codes], pa.int64()))
    rows = rows.append_column("wnid", _dictionary(codes, names))
    return _with_labels(rows, folders)


def _find_in_order(reader: ImageReader, ids: pa.Array) -> tuple[pa.Table, tuple[str, ...]]:
    """The rows of some images, in this order where the layout allows it, and those that are not there."""
    rows = reader.find(ids).combine_chunks()
    positions = pc.index_in(ids, value_set=rows["image_id"].combine_chunks())
    missing = tuple(ids.filter(pc.is_null(positions)).to_pylist())
    if not reader.random_access:
        return reader.storage_order(rows, mixed=False), missing
    return rows.take(positions.drop_null()), missing


def _listed_rows(
    source: Source, split: str, reader: ImageReader, wanted: pa.Array | None
) -> tuple[pa.Table, tuple[str, ...]]:
    members = source.members(split).combine_chunks()
    ids = members["image_id"].combine_chunks()
    rows, missing = _find_in_order(reader, ids if wanted is None else wanted)
    members = members.take(pc.index_in(rows["image_id"].combine_chunks(), value_set=ids))
    class_folders = members["wnid"].combine_chunks().dictionary_encode()
    table = categories(source.config)
    category = np.array([table.id_of(wnid) for wnid in class_folders.dictionary.to_pylist()], np.int64)
    codes = class_folders.indices.to_numpy()
    rows = rows.append_column("category", pa.array(category[codes] if len(codes) else codes, pa.int64()))
    rows = rows.append_column("wnid", _dictionary(codes, class_folders.dictionary.to_pylist()))
    if split == "train_semi":
        imagenet_wnids = pc.utf8_slice_codeunits(rows["image_id"], 0, 9)
    else:
        imagenet_wnids = members["imagenet_wnid"]
        if "folder" in rows.column_names and isinstance(source, ImageNetSource):
            # Where there is no list: class folders of ImageNet itself, as for torchvision.
            rows = rows.append_column("label", folder_labels(rows))
    return _with_labels(rows, imagenet_wnids.combine_chunks().dictionary_encode()), missing


def _with_labels(rows: pa.Table, wnids: pa.DictionaryArray) -> pa.Table:
    """Rows with `imagenet_label`: from ImageNet's own folder of each, else what the copy itself says, else null."""
    labels = pa.array([imagenet_label(wnid) for wnid in wnids.dictionary.to_pylist()], pa.int32())
    of_rows = labels.take(wnids.indices)
    if "label" in rows.column_names:
        of_rows = pc.coalesce(of_rows, rows["label"].combine_chunks().cast(pa.int32()))
    return rows.append_column("imagenet_label", of_rows)


def _notes_of(mask_file: str, rows: pa.Table) -> MaskNotes:
    """What is to be said of the masks of some rows."""
    notes, image_ids = read_notes(mask_file), set(rows["image_id"].to_pylist())
    return MaskNotes(
        {image_id: text for image_id, text in notes.unusable.items() if image_id in image_ids},
        [image_id for image_id in notes.blue if image_id in image_ids],
    )


def _without(rows: pa.Table, image_ids: Mapping[str, str]) -> pa.Table:
    if not image_ids:
        return rows
    return rows.filter(pc.invert(pc.is_in(rows["image_id"], value_set=pa.array(list(image_ids), pa.string()))))


def _mask_rows(rows: pa.Table, masks: str, split: str, verify: bool, unusable: Mapping[str, str]) -> pa.Array:
    with_mask = cached_masks(masks)["image_id"]
    positions = pc.index_in(rows["image_id"], value_set=with_mask.combine_chunks())
    without = [
        image_id for image_id in rows["image_id"].filter(pc.is_null(positions)).to_pylist() if image_id not in unusable
    ]
    if without and verify:
        raise ImageNetSError(
            f"{split}: {len(without):,} images have no mask: {some(without)}; are the annotations complete?"
        )
    return positions


def _dictionary(codes: np.ndarray, names: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(names, pa.string()))
