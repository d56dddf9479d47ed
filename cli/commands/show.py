"""`imagenet-s show`: overlays to look at, from anything that holds rows of ImageNet-S."""

from __future__ import annotations

import argparse
import itertools
import os
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

import imagenet_s
from imagenet_s.cli.existing_files import SHEET_MARK, is_sheet, refuse_foreign
from imagenet_s.cli.output import hint, say
from imagenet_s.conversion.atomic_write import atomic_write
from imagenet_s.conversion.dataset_index import Index
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.imagenet.converted import find_converted
from imagenet_s.conversion.overlap import refuse_overlap
from imagenet_s.conversion.shards.read_rows import read_rows
from imagenet_s.conversion.source import resolve_data_dir
from imagenet_s.conversion.visualization import contact_sheet


def run(args: argparse.Namespace) -> int:
    """Load, draw, write."""
    source = resolve_data_dir(args.dataset)
    refuse_overlap(str(args.output), [source], "--output", "the sheets are no part of it")
    converted = None if "://" in source else find_converted(source)
    config = args.config or (list(converted[1].configs)[-1] if converted else "919")
    sheets = (args.output / f"{config}-{args.split}-{number:02d}.png" for number in itertools.count(1))
    needed = list(itertools.islice(sheets, -(-args.count // args.per_sheet)))
    for path in needed:
        refuse_foreign(path, is_sheet, "a contact sheet of imagenet-s")
    names = imagenet_s.categories(config).id2label
    rows = iter(_converted_rows(args, config, *converted) if converted else _rows(args, config))
    args.output.mkdir(parents=True, exist_ok=True)
    shown = 0
    for path in needed:
        some = list(itertools.islice(rows, min(args.per_sheet, args.count - shown)))
        if not some:
            break
        shown += len(some)
        write_sheet(some, names, path)
        say(str(path))
    if not shown:
        hint(f"{args.dataset} has no rows of {config} {args.split}.")
    return 0


def write_sheet(rows: Iterable[Mapping[str, Any]], names: Mapping[int, str], path: Path) -> None:
    """Draw rows with `image_id`, `annotation`, `category` and perhaps `image` as one contact sheet."""
    items, captions = [], []
    for row in rows:
        mask = None if row["annotation"] is None else np.asarray(row["annotation"])
        image = row.get("image")
        if image is None:  # a data set that was converted without images
            image = Image.new("RGB", (160, 120) if mask is None else mask.shape[::-1], "white")
        items.append((image.convert("RGB"), mask))
        captions.append(row["image_id"])
    about = PngImagePlugin.PngInfo()
    about.add_text(*SHEET_MARK)
    with atomic_write(path) as file:
        contact_sheet(items, captions=captions, names=names).save(file, "PNG", pnginfo=about)


def _rows(args: argparse.Namespace, config: str) -> Iterable[Mapping[str, Any]]:
    dataset = imagenet_s.load_dataset(
        config,
        data_dir=args.dataset,
        split=args.split,
        streaming=True,
        annotations_dir=args.annotations_dir,
        on_missing=args.on_missing,
        verify=args.verify,
    )
    return dataset if args.seed is None else dataset.shuffle(seed=args.seed, buffer_size=10 * args.count)


def _converted_rows(args: argparse.Namespace, config: str, root: str, index: Index) -> Iterable[Mapping[str, Any]]:
    if not index.has_split(config, args.split):
        have = ", ".join(f"{one} {split}" for one, of in index.configs.items() for split in of.splits)
        raise ImageNetSError(f"{os.fspath(args.dataset)} holds no {config} {args.split}; it holds {have}.")
    one = index.configs[config]
    numbers = range(one.splits[args.split].rows)
    chosen = numbers[: args.count]
    if args.seed is None:
        return read_rows(root, one, args.split, chosen)
    random_choice = random.Random(args.seed).sample(numbers, len(chosen))
    return read_rows(root, one, args.split, sorted(random_choice))
