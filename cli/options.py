"""Arguments that several commands share, with one meaning each."""

from __future__ import annotations

import argparse

from imagenet_s.conversion.facts import CONFIG_NAMES, SPELLINGS, SPLITS


def config_argument(text: str) -> str:
    """A configuration; `all` is another argument's business."""
    if text not in CONFIG_NAMES:
        raise argparse.ArgumentTypeError(f"{text!r}: ImageNet-S has the configurations {', '.join(CONFIG_NAMES)}")
    return text


def split_argument(text: str) -> str:
    """A split, in our spelling or the official one."""
    name = SPELLINGS.get(text, text)
    if name not in SPLITS:
        raise argparse.ArgumentTypeError(f"{text!r}: the splits are {', '.join(SPLITS)}")
    return name


def add_imagenet_options(parser: argparse.ArgumentParser, on_missing: bool = True, splits: bool = True) -> None:
    """What every command takes that reads ImageNet."""
    if splits:
        parser.add_argument(
            "--splits", nargs="+", type=split_argument, metavar="SPLIT", help="only these; all of them otherwise"
        )
    parser.add_argument(
        "--annotations-dir",
        metavar="DIR",
        help="archives and lists, or extracted masks; else $IMAGENET_S_ANNOTATIONS_DIR, else they are downloaded",
    )
    if on_missing:
        parser.add_argument(
            "--on-missing",
            choices=("error", "skip"),
            default="error",
            help="what an incomplete ImageNet gets: an error (default), or a data set without the missing images",
        )
    parser.add_argument(
        "--no-verify",
        dest="verify",
        action="store_false",
        help="check neither checksums nor the official counts: for miniatures and subsets of your own",
    )
