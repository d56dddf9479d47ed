"""Arguments that several commands share, with one meaning each."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...conversion.core.errors import ImageNetSError
from ...conversion.core.paths import local_path, spelled_out
from ...conversion.facts import ANNOTATED_SPLITS, CONFIG_NAMES, config_name
from ...conversion.facts.spellings import ON_MISSING, split_name

Commands = Any
"""What `add_subparsers` returns."""


def add_config(
    parser: Any,
    choices: tuple[str, ...] = CONFIG_NAMES,
    default: str | None = "919",
    what: str = "which ImageNet-S",
) -> None:
    """`--config`, which the official tools call `--mode`."""
    text = what + (f" (default: {default})" if default else "") + "; --mode is the official name"
    parser.add_argument("--config", "--mode", type=config_argument, choices=choices, default=default, help=text)


class GivenOption(argparse.Action):
    """An option whose value is stored, and that it was given: beside `--counts` a default is no wish."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Store both."""
        setattr(namespace, self.dest, values)
        namespace.given = {*getattr(namespace, "given", ()), self.dest}


def add_saved_run(parser: Any, what: str) -> None:
    """`--save-counts`, `--counts` and `--title`."""
    parser.add_argument("--save-counts", type=path_argument, metavar="FILE", help=f"keep the {what}: a few MB")
    parser.add_argument(
        "--counts",
        type=path_argument,
        metavar="FILE",
        help=f"figures of saved {what}; nothing is read again, and the options that it was made with stand",
    )
    parser.add_argument("--title", metavar="NAME", help="of the run: for its page, `compare` and the saved file")
    parser.set_defaults(given=())


def add_json(parser: Any, what: str) -> None:
    """`--json FILE`."""
    parser.add_argument(
        "--json", type=path_argument, metavar="FILE", help=f"{what} as JSON (- for stdout, in place of the table)"
    )


def add_imagenet_options(parser: Any, splits: str | None = None, on_missing: bool = True) -> None:
    """What every command takes that reads ImageNet.

    Args:
        parser: of the command.
        splits: help of `--splits`; None for a command without it.
        on_missing: whether there is `--on-missing`.
    """
    if splits is not None:
        parser.add_argument("--splits", nargs="+", type=split_argument, metavar="SPLIT", help=splits)
    if on_missing:
        parser.add_argument(
            "--on-missing",
            choices=ON_MISSING,
            default="error",
            help="what missing images and masks that can't be used give: an error (default), or a data set without",
        )
    add_mask_source(parser)


def add_mask_source(parser: Any) -> None:
    """Where the masks of an ImageNet are, and whether they are checked."""
    parser.add_argument(
        "--annotations-dir",
        type=path_argument,
        metavar="DIR",
        help="the masks of an ImageNet: archives and lists, extracted masks, any other masks of it; else "
        "$IMAGENET_S_ANNOTATIONS_DIR, else they are downloaded",
    )
    parser.add_argument(
        "--no-verify",
        dest="verify",
        action="store_false",
        help="check neither checksums nor the official counts: for miniatures and subsets of your own",
    )


def add_references(parser: Any, required: bool = False) -> None:
    """`--gt-dir`, and what says where the masks of an ImageNet are."""
    parser.add_argument(
        "--gt-dir",
        type=place_argument,
        required=required,
        metavar="G",
        help="the masks: <class folder>/<image_id>.png in a folder or zip, the annotations, an official tree, what "
        "convert wrote; or an ImageNet, whose masks are those of --annotations-dir",
    )
    add_mask_source(parser)


def add_list(parser: Any) -> None:
    """`--list` and `--workers`, of what is scored."""
    parser.add_argument(
        "--list",
        type=path_argument,
        metavar="FILE",
        help="score only these images: their ids, one a line (`imagenet-s subset`), or an official list",
    )
    parser.add_argument("--workers", type=positive, metavar="N", help="processes (default: one a core)")


def add_bootstrap(parser: Any) -> None:
    """`--bootstrap` and `--seed`."""
    parser.add_argument(
        "--bootstrap", type=int, metavar="N", help="95 %% intervals from N resamples of the images (1000, say)"
    )
    parser.add_argument("--seed", type=natural, default=0, help="of the resamples (default: 0)")


def add_page(parser: Any, what: str) -> None:
    """`--report` and `--images`."""
    parser.add_argument("--report", type=path_argument, metavar="FILE.html", help=f"a page: {what}")
    parser.add_argument(
        "--images",
        type=place_argument,
        metavar="IMAGENET",
        help="draw the page's masks or maps over these images: an ImageNet, an official tree or a converted data set",
    )


def _argument(read: Callable[[str], str]) -> Callable[[str], str]:
    """A type for argparse, which says what is refused in the words of the package."""

    def argument(text: str) -> str:
        try:
            return read(text)
        except ImageNetSError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return argument


path_argument = _argument(local_path)
"""A file or folder of this machine, in any spelling; an address of elsewhere is refused."""
place_argument = _argument(spelled_out)
"""A place of this machine, in any spelling, or an address: of ImageNet, or of what `convert` writes."""
split_argument = _argument(split_name)
"""A split, in our spelling or the official one."""


def folder_argument(text: str) -> Path:
    """As `path_argument`, for a folder that is written to."""
    return Path(path_argument(text))


def annotated_split(text: str) -> str:
    """A split with public masks, in our spelling or the official one."""
    name = split_argument(text)
    if name not in ANNOTATED_SPLITS:
        raise argparse.ArgumentTypeError(f"{text!r}: the splits with public masks are {', '.join(ANNOTATED_SPLITS)}")
    return name


def config_argument(text: str) -> str:
    """A configuration in any spelling; what is none is left for `choices` to refuse."""
    try:
        return config_name(text)
    except ImageNetSError:
        return text


def _at_least(lowest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < lowest:
            raise argparse.ArgumentTypeError(f"{text}: expected at least {lowest}")
        return value

    return number


positive, natural = _at_least(1), _at_least(0)
"""Numbers from 1, and from 0."""
