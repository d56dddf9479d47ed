"""`imagenet-s prepare`: the official ImageNet-S tree, from any ImageNet."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from ...conversion.core.errors import ImageNetSError
from ...conversion.facts import CONFIG_NAMES, split_names
from ...conversion.official_tree import PreparedSplit, prepare_tree
from ..next_steps import call
from ..output import hint, say, table, write_json

_HEADER = ("tree", "split", "images", "masks", "new", "kept", "replaced")


def run(args: argparse.Namespace) -> int:
    """Prepare one configuration or all."""
    prepared: list[PreparedSplit] = []
    for config in CONFIG_NAMES if args.config == "all" else (args.config,):
        splits = args.splits
        if args.config == "all" and splits:
            # train_full is 919's only; asked of all, it is made where there is one.
            splits = [split for split in splits if split in split_names(config)]
            if not splits:
                continue
        try:
            prepared += prepare_tree(
                config,
                args.imagenet,
                args.save_dir,
                splits=splits,
                copy=args.copy,
                overwrite=args.overwrite,
                annotations_dir=args.annotations_dir,
                on_missing=args.on_missing,
                verify=args.verify,
            )
        except ImageNetSError as error:
            done = list(dict.fromkeys(f"ImageNetS{split.config}" for split in prepared))
            raise ImageNetSError(f"{error} (Done: {', '.join(done)}.)" if done else str(error)) from error
    if args.json:
        result = {"save_dir": os.path.abspath(args.save_dir), "splits": [asdict(split) for split in prepared]}
        write_json(result, args.json)
    if args.json != "-":
        say(table([_row(split) for split in prepared], _HEADER))
    if prepared:
        # A tree has no lists: whether it is a subset is known from how it was made.
        subset = {} if args.verify and args.on_missing == "error" else {"verify": False}
        save_dir = os.path.abspath(args.save_dir)
        hint(f"Load it: {call('load_dataset', 'imagenet_s', prepared[-1].config, data_dir=save_dir, **subset)}")
    return 0


def _row(split: PreparedSplit) -> tuple[object, ...]:
    masks = "" if split.masks is None else split.masks
    return (f"ImageNetS{split.config}", split.folder, split.images, masks, split.new, split.kept, split.replaced)
