"""The rows that `imagenet-s show` shows: of a split, of some classes, of some ids."""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..conversion.converted.dataset_index import Index
from ..conversion.core.errors import ImageNetSError, some
from ..conversion.core.text_file import read_text
from ..conversion.dataset.converted_rows import read_columns, read_rows
from ..conversion.dataset.load import load_dataset
from ..conversion.dataset.open_masks import masks_alone
from ..conversion.facts import OTHER_ID, categories
from ..conversion.masks.split_masks import SplitMasks
from ..metrics.matched_miou.read_mask import read_mask


def chosen_rows(
    args: argparse.Namespace, config: str, converted: tuple[str, Index] | None
) -> Iterator[Mapping[str, Any]]:
    """Rows with `image_id`, `category`, `annotation` and perhaps `image`.

    Raises:
        ImageNetSError: a class or an id that is none, or a split that is not there.
    """
    classes, ids = class_ids(args.classes or (), config), read_ids(args.ids or ())
    if converted:
        return iter(_converted_rows(args, config, *converted, classes, ids))
    if (masks := masks_alone(args.dataset, config, args.split)) is not None:
        return iter(_mask_rows(args, config, masks, classes, ids))
    return iter(_rows(args, config, classes, ids))


def class_ids(given: Iterable[str], config: str) -> set[int]:
    """The ids of classes by id, name or WordNet id."""
    table = categories(config)
    known = {str(one.id): one.id for one in table} | {one.name.casefold(): one.id for one in table}
    known |= {wnid: i for i, wnid in enumerate(table.wnids, 1)}
    known.pop(str(OTHER_ID), None)
    found = {one: known.get(one.casefold()) for one in given}
    if wrong := [one for one, class_id in found.items() if class_id is None]:
        raise ImageNetSError(
            f"--classes {some(wrong)}: no class of ImageNet-S-{config}; expected its id, its name (in quotation marks "
            "where it has spaces) or its WordNet id."
        )
    return {one for one in found.values() if one is not None}


def read_ids(given: Iterable[str]) -> list[str]:
    """Image ids, from arguments and from files with one a line; paths and endings are cut off."""
    lines = [line for one in given for line in (read_text(one).split() if os.path.isfile(one) else [one])]
    return list(dict.fromkeys(os.path.splitext(os.path.basename(line))[0] for line in lines))


def _rows(args: argparse.Namespace, config: str, classes: set[int], ids: list[str]) -> Iterable[Mapping[str, Any]]:
    dataset = load_dataset(
        config,
        data_dir=args.dataset,
        split=args.split,
        streaming=True,
        annotations_dir=args.annotations_dir,
        on_missing=args.on_missing,
        verify=args.verify,
        image_ids=ids or None,
    )
    if args.seed is not None:
        dataset = dataset.shuffle(seed=args.seed, buffer_size=10 * args.count)
    return (row for row in dataset if not classes or row["category"] in classes)


def _converted_rows(
    args: argparse.Namespace, config: str, root: str, index: Index, classes: set[int], ids: list[str]
) -> Iterable[Mapping[str, Any]]:
    if not index.has_split(config, args.split):
        have = ", ".join(f"{one} {split}" for one, of in index.configs.items() for split in of.splits)
        raise ImageNetSError(f"{os.fspath(args.dataset)} holds no {config} {args.split}; it holds {have}.")
    one = index.configs[config]
    numbers = list(range(one.splits[args.split].rows))
    if classes or ids:
        columns = read_columns(root, one, args.split, ("image_id", "category"))
        wanted = set(ids)
        numbers = [
            number
            for number, (image_id, category) in enumerate(zip(columns["image_id"], columns["category"]))
            if (not classes or category in classes) and (not wanted or image_id in wanted)
        ]
        if absent := wanted - set(columns["image_id"]):
            raise ImageNetSError(f"{os.fspath(args.dataset)} has no {some(sorted(absent))} in {config} {args.split}.")
    return read_rows(root, one, args.split, _chosen(args, numbers))


def _mask_rows(
    args: argparse.Namespace, config: str, masks: SplitMasks, classes: set[int], ids: list[str]
) -> Iterator[Mapping[str, Any]]:
    """Rows without images."""
    if absent := set(ids) - set(masks.by_id):
        raise ImageNetSError(f"{os.fspath(args.dataset)} has no mask of {some(sorted(absent))} in {args.split}.")
    category = {image_id: categories(config).id_of(masks.wnid(image_id)) for image_id in masks.by_id}
    wanted = [i for i in masks.by_id if (not classes or category[i] in classes) and (not ids or i in ids)]
    for number in _chosen(args, list(range(len(wanted)))):
        image_id = wanted[number]
        key = masks.by_id[image_id]
        mask = read_mask(masks.read(key), masks.describe(key))
        yield {"image_id": image_id, "category": category[image_id], "annotation": mask}


def _chosen(args: argparse.Namespace, numbers: list[int]) -> list[int]:
    """As many as asked for: the first, or with a seed any."""
    if args.seed is None:
        return numbers[: args.count]
    return sorted(random.Random(args.seed).sample(numbers, min(args.count, len(numbers))))
