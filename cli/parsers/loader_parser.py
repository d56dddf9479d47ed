"""check-loader: the command that compares somebody's own Dataset."""

from __future__ import annotations

import argparse
import json
from typing import Any

from .options import Commands, add_config, add_json, add_references, annotated_split, place_argument, positive


def add_check_loader(commands: Commands) -> None:
    parser = commands.add_parser(
        "check-loader",
        help="compare your own Dataset with the official masks, and name what it misreads",
        description="Compare your own Dataset with the official masks, image by image: pairing, missing images, sizes, "
        "orientation, ids, ignored pixels, classes. For each fault: in how many images, and a line that mends it.",
        epilog="Exit code 0: right. 1: something is wrong. 2: not all could be compared. docs/check-loader.md says "
        "what items may look like.",
    )
    parser.add_argument(
        "dataset",
        metavar="MODULE:DATASET",
        help="my_project.data:ImageNetS or data.py:ImageNetS: a Dataset, its class, or a function that returns one",
    )
    add_references(parser, required=True)
    add_config(parser)
    parser.add_argument(
        "--split", type=annotated_split, default="validation", help="validation (default) or train_semi"
    )
    parser.add_argument(
        "--imagenet", type=place_argument, metavar="I", help="a copy of ImageNet: images are then compared, too"
    )
    parser.add_argument("--kwargs", type=_arguments, metavar="JSON", help='arguments of DATASET: \'{"root": "/data"}\'')
    parser.add_argument("--images", type=positive, metavar="N", help="compare N items, spread over the Dataset")
    group = parser.add_argument_group("what the items hold (found where it is not said)")
    for name, what in (("mask", "mask"), ("image", "image"), ("id", "image's name or path")):
        help_text = f"key (a.b inside others) or position of the {what}"
        group.add_argument(f"--{name}-key", type=_key, metavar="KEY", help=help_text)
    group.add_argument("--ignore-id", type=int, metavar="ID", help="the id that ignored pixels should have")
    add_json(parser, "the result")
    parser.set_defaults(command="check_loader")


def _arguments(text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{text[:200]!r} is not JSON ({error})") from None
    if not isinstance(arguments, dict):
        raise argparse.ArgumentTypeError(f"{text!r}: expected an object")
    return arguments


def _key(text: str) -> str | int:
    return int(text) if text.lstrip("-").isdigit() else text
