"""Arguments that several commands share, with one meaning each."""

from __future__ import annotations

import argparse

_SPELLINGS = {"train-semi": "train_semi", "train-full": "train_full", "val": "validation"}
_CONFIGS = ("50", "300", "919")
_SPLITS = ("train", "train_semi", "validation", "test", "train_full")


def config_argument(text: str) -> str:
    """A configuration; `all` is another argument's business."""
    if text not in _CONFIGS:
        raise argparse.ArgumentTypeError(f"{text!r}: ImageNet-S has the configurations {', '.join(_CONFIGS)}")
    return text


def split_argument(text: str) -> str:
    """A split, in our spelling or the official one."""
    name = _SPELLINGS.get(text, text)
    if name not in _SPLITS:
        raise argparse.ArgumentTypeError(f"{text!r}: the splits are {', '.join(_SPLITS)}")
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
