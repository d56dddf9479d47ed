"""What to do next, as lines that run as they are printed."""

from __future__ import annotations

import argparse
import shlex


def command(name: str, *arguments: object) -> str:
    """An `imagenet-s` command for a shell; words in capitals are for the reader to replace."""
    return shlex.join(["imagenet-s", name, *map(str, arguments)])


def annotation_options(args: argparse.Namespace) -> list[str]:
    """The options of a command that the next one needs too, to find the same annotations and take them likewise."""
    place = ["--annotations-dir", str(args.annotations_dir)] if args.annotations_dir else []
    return place if args.verify else [*place, "--no-verify"]


def call(function: str, *positional: object, **named: object) -> str:
    """A call in Python."""
    return f"{function}({', '.join([*map(repr, positional), *(f'{name}={value!r}' for name, value in named.items())])})"
