"""`imagenet-s show`: overlays to look at, from anything that holds rows of ImageNet-S."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import imagenet_s
from imagenet_s.cli.output import say
from imagenet_s.conversion.visualization import contact_sheet


def run(args: argparse.Namespace) -> int:
    """Load, draw, write."""
    names = imagenet_s.categories(args.config).id2label
    rows = iter(_rows(args))
    args.output.mkdir(parents=True, exist_ok=True)
    shown = 0
    for number in itertools.count(1):
        some = list(itertools.islice(rows, min(args.per_sheet, args.count - shown)))
        if not some:
            break
        shown += len(some)
        path = args.output / f"{args.config}-{args.split}-{number:02d}.png"
        write_sheet(some, names, path)
        say(str(path))
    return 0


def write_sheet(rows: Iterable[Mapping[str, Any]], names: Mapping[int, str], path: Path) -> None:
    """Draw rows with `image_id`, `image`, `annotation` and `category` as one contact sheet."""
    items, captions = [], []
    for row in rows:
        items.append((row["image"], None if row["annotation"] is None else np.asarray(row["annotation"])))
        captions.append(row["image_id"])
    contact_sheet(items, captions=captions, names=names).save(path)


def _rows(args: argparse.Namespace) -> Iterable[Mapping[str, Any]]:
    dataset = imagenet_s.load_dataset(
        args.config,
        data_dir=args.dataset,
        split=args.split,
        streaming=True,
        annotations_dir=args.annotations_dir,
        on_missing=args.on_missing,
        verify=args.verify,
    )
    return dataset if args.seed is None else dataset.shuffle(seed=args.seed, buffer_size=10 * args.count)
