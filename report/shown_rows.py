"""The rows that `imagenet-s show` shows: of a split, of some classes, of some ids."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from ..conversion.converted.dataset_index import Index
from ..conversion.core.errors import ImageNetSError, some
from ..conversion.core.text_file import read_text
from ..conversion.dataset.converted_rows import read_columns, read_rows
from ..conversion.dataset.load import load_dataset
from ..conversion.dataset.source import open_source
from ..conversion.dataset.split_plan import plan_split
from ..conversion.facts import OTHER_ID, categories
from ..conversion.facts.spellings import OnMissing, official_id
from ..conversion.masks.split_masks import SplitMasks
from ..metrics.matched_miou.read_mask import read_mask

Item = TypeVar("Item")


@dataclass(frozen=True)
class RowChoice:
    """Which rows of a split.

    Attributes:
        classes: of these class ids; of all where there are none.
        ids: these image ids; all where there are none.
        count: at most so many.
        seed: of a random choice; None for the first rows.
    """

    classes: frozenset[int] = frozenset()
    ids: tuple[str, ...] = ()
    count: int = 48
    seed: int | None = None


def rows_of_imagenet(
    data_dir: str,
    config: str,
    split: str,
    choice: RowChoice,
    *,
    annotations_dir: str | None = None,
    on_missing: OnMissing = "error",
    verify: bool = True,
) -> Iterator[Mapping[str, Any]]:
    """Rows of an ImageNet or an official tree, read as they are asked for; arguments are those of `load_dataset`.

    Raises:
        ImageNetSError: an id that is none, or a split that is not there.
    """
    image_ids, classes = list(choice.ids), choice.classes
    if classes and not image_ids:
        # The class of an image is known before it is read: of a million images, only those that are shown are.
        plan = plan_split(open_source(config, data_dir, annotations_dir, verify), split, verify, masks=False)
        of_classes = pc.is_in(plan.rows["category"], value_set=pa.array(sorted(classes), plan.rows["category"].type))
        image_ids = _drawn(plan.rows.filter(of_classes)["image_id"].to_pylist(), choice)
        if not image_ids:
            return iter(())
    dataset = load_dataset(
        config,
        data_dir=data_dir,
        split=split,
        streaming=True,
        annotations_dir=annotations_dir,
        on_missing=on_missing,
        verify=verify,
        image_ids=image_ids or None,
    )
    if choice.seed is not None and not image_ids:
        dataset = dataset.shuffle(seed=choice.seed, buffer_size=10 * choice.count)
    rows = (row for row in dataset if not classes or row["category"] in classes)
    return (row for row, _ in zip(rows, range(choice.count)))


def rows_of_converted(
    root: str, index: Index, config: str, split: str, choice: RowChoice
) -> Iterator[Mapping[str, Any]]:
    """Rows of a data set that `imagenet-s convert` wrote.

    Args:
        root: its folder.
        index: what its index.json says.
        config, split: of which.
        choice: which of them.

    Raises:
        ImageNetSError: an id that is none, or a split that is not there.
    """
    if not index.has_split(config, split):
        splits = ", ".join(f"{name} {split}" for name, part in index.configs.items() for split in part.splits)
        raise ImageNetSError(f"{root} holds no {config} {split}; it holds {splits}.")
    converted = index.configs[config]
    numbers = list(range(converted.splits[split].rows))
    if choice.classes or choice.ids:
        columns = read_columns(root, converted, split, ("image_id", "category"))
        ids = set(choice.ids)
        numbers = [
            number
            for number, (image_id, category) in enumerate(zip(columns["image_id"], columns["category"]))
            if (not choice.classes or category in choice.classes) and (not ids or image_id in ids)
        ]
        if absent := ids - set(columns["image_id"]):
            raise ImageNetSError(f"{root} has no {some(sorted(absent))} in {config} {split}.")
    return iter(read_rows(root, converted, split, _drawn(numbers, choice)))


def rows_of_masks(masks: SplitMasks, config: str, split: str, choice: RowChoice) -> Iterator[Mapping[str, Any]]:
    """Rows without images, of masks alone.

    Args:
        masks: of the split.
        config, split: of which.
        choice: which of them.

    Raises:
        ImageNetSError: an id that has no mask.
    """
    if absent := set(choice.ids) - set(masks.by_id):
        raise ImageNetSError(f"{masks.path} has no mask of {some(sorted(absent))} in {split}.")
    category = {image_id: categories(config).id_of(masks.wnid(image_id)) for image_id in masks.by_id}
    image_ids = [
        image_id
        for image_id in masks.by_id
        if (not choice.classes or category[image_id] in choice.classes) and (not choice.ids or image_id in choice.ids)
    ]
    for image_id in _drawn(image_ids, choice):
        key = masks.by_id[image_id]
        mask = read_mask(masks.read(key), masks.describe(key))
        yield {"image_id": image_id, "category": category[image_id], "annotation": mask}


def _drawn(items: list[Item], choice: RowChoice) -> list[Item]:
    """As many as asked for, in their order: the first, or with a seed any."""
    if choice.seed is None:
        return items[: choice.count]
    numbers = random.Random(choice.seed).sample(range(len(items)), min(choice.count, len(items)))
    return [items[number] for number in sorted(numbers)]


def class_ids(names: Iterable[str], config: str) -> frozenset[int]:
    """The ids of classes by id, name or WordNet id.

    Raises:
        ImageNetSError: one of them is no class.
    """
    table = categories(config)
    by_name = {str(category.id): category.id for category in table}
    by_name |= {category.name.casefold(): category.id for category in table}
    by_name |= {wnid: i for i, wnid in enumerate(table.wnids) if wnid}
    by_name.pop(str(OTHER_ID), None)
    names = list(names)
    if wrong := [name for name in names if name.casefold() not in by_name]:
        raise ImageNetSError(
            f"--classes {some(wrong)}: no class of ImageNet-S-{config}; expected its id, its name (in quotation marks "
            "where it has spaces) or its WordNet id."
        )
    return frozenset(by_name[name.casefold()] for name in names)


def read_ids(ids_or_files: Iterable[str]) -> tuple[str, ...]:
    """Image ids, from arguments and from files with one a line; paths and endings are cut off.

    Raises:
        ImageNetSError: a file without ids, which would choose every image.
    """
    names: list[str] = []
    for text in ids_or_files:
        # A file that is called like an image or a mask is no list.
        is_list = os.path.isfile(text) and official_id(os.path.basename(text)) == os.path.basename(text)
        listed = read_text(text).split() if is_list else [text]
        if not listed:
            raise ImageNetSError(f"{text} lists nothing: expected image ids, one a line.")
        names += listed
    return tuple(dict.fromkeys(official_id(os.path.basename(name)) for name in names))
