"""`imagenet-s prepare`: the official ImageNet-S tree, from any ImageNet."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from imagenet_s.cli.options import add_imagenet_options
from imagenet_s.cli.output import hint, say, table, write_json

if TYPE_CHECKING:
    from imagenet_s.conversion.official_tree import PreparedSplit

_HEADER = ("tree", "split", "images", "masks", "new", "kept", "replaced")


def add_parser(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "prepare",
        help="write the official tree, for PASS, ImageNetSegModel and MMSegmentation",
        description="Write the official tree SAVE_DIR/ImageNetS{50,300,919} from ImageNet in any layout: images as "
        "symbolic links with absolute targets (files where they come out of tars or Parquet), masks as the official "
        "PNGs. Run it again to complete what is missing; nothing that differs is overwritten, nothing is removed.",
        epilog="Replaces the official data_preparation.sh, datapreparation_train.py, datapreparation_val.py, "
        "datapreparation_train_semi.py and datapreparation_anno.sh.",
    )
    parser.add_argument("imagenet", metavar="IMAGENET", help="the folder that holds ImageNet, in any usual layout")
    parser.add_argument("save_dir", metavar="SAVE_DIR", help="where the tree goes: a folder outside of IMAGENET")
    parser.add_argument(
        "--config",
        "--mode",
        choices=("50", "300", "919", "all"),
        default="919",
        help="which tree (default: 919); --mode is the old name",
    )
    parser.add_argument("--copy", action="store_true", help="copy the images instead of linking to them")
    parser.add_argument("--overwrite", action="store_true", help="replace files and links that differ")
    parser.add_argument("--json", metavar="FILE", help="the counts as JSON (- for stdout instead of the table)")
    add_imagenet_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prepare one configuration or all."""
    from dataclasses import asdict

    from imagenet_s.conversion.errors import ImageNetSError
    from imagenet_s.conversion.facts import CONFIG_NAMES, split_names
    from imagenet_s.conversion.official_tree import prepare_tree

    prepared: list[PreparedSplit] = []
    for config in CONFIG_NAMES if args.config == "all" else (args.config,):
        splits = args.splits
        if args.config == "all" and splits:
            # train_full is 919's only; asked of all, it is made where there is one.
            splits = [one for one in splits if one in split_names(config)]
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
            done = list(dict.fromkeys(f"ImageNetS{one.config}" for one in prepared))
            raise ImageNetSError(f"{error} (Done: {', '.join(done)}.)" if done else str(error)) from error
    if args.json:
        result = {"save_dir": os.path.abspath(args.save_dir), "splits": [asdict(one) for one in prepared]}
        write_json(result, args.json)
    if args.json != "-":
        say(table([_row(one) for one in prepared], _HEADER))
    save_dir = os.path.abspath(args.save_dir)
    hint(f"Load it: load_dataset('imagenet_s', '{prepared[-1].config}', data_dir='{save_dir}')")
    return 0


def _row(one: PreparedSplit) -> tuple[object, ...]:
    masks = "" if one.masks is None else one.masks
    return (f"ImageNetS{one.config}", one.folder, one.images, masks, one.new, one.kept, one.replaced)
