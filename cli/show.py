"""`imagenet-s show`: overlays to look at, from anything that holds rows of ImageNet-S."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from imagenet_s.cli.options import add_imagenet_options, config_argument, split_argument
from imagenet_s.cli.output import say


def add_parser(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "show",
        help="overlays to look at: masks over their images",
        description="Write contact sheets of overlays. DATASET is your ImageNet, an official ImageNet-S tree, or a "
        "data set that `imagenet-s convert` made.",
    )
    parser.add_argument("dataset", metavar="DATASET")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="the sheets are written here")
    parser.add_argument("--config", type=config_argument, default="919", help="50, 300 or 919 (default)")
    parser.add_argument("--split", type=split_argument, default="validation", help="validation by default")
    parser.add_argument("--count", type=int, default=48, metavar="N", help="how many images (48)")
    parser.add_argument("--per-sheet", type=int, default=24, metavar="N", help="how many on a sheet (24)")
    parser.add_argument("--seed", type=int, default=None, help="show a random choice instead of the first ones")
    add_imagenet_options(parser, splits=False)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Load, draw, write."""
    import imagenet_s

    if args.count < 1 or args.per_sheet < 1:
        raise ValueError("--count and --per-sheet must be at least 1.")
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
    import numpy as np

    from imagenet_s.conversion.visualization import contact_sheet

    items, captions = [], []
    for row in rows:
        items.append((row["image"], None if row["annotation"] is None else np.asarray(row["annotation"])))
        captions.append(row["image_id"])
    contact_sheet(items, captions=captions, names=names).save(path)


def _rows(args: argparse.Namespace) -> Iterable[Mapping[str, Any]]:
    import imagenet_s

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
