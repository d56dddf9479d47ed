"""The entry point: one parser, one table of commands, one place where errors become messages.

Results go to stdout, progress and hints to stderr. Exit codes: 0 done, 1 the input is wrong or something failed, 2 the
command line itself is wrong (argparse), 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

from imagenet_s.cli.output import hint

# One module a command: `add_parser(subparsers)` describes it, `run(args)` does it and returns the exit code.
# Heavy imports belong into `run`, so that `imagenet-s --help` answers at once.
COMMANDS: tuple[str, ...] = (
    "demo",
    "check",
    "download",
    "show",
    "convert",
    "push",
    "match",
    "evaluate",
    "prepare",
    "submit",
    "distance_match",
)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; each command adds its own part."""
    parser = argparse.ArgumentParser(
        prog="imagenet-s",
        description="ImageNet-S: pixel masks for ImageNet. Prepare it, look at it, convert it, score on it.",
        epilog="IMAGENET_S_DEBUG=1 shows the traceback of an error.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"imagenet_s.cli.{name}").add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name; those of the process by default.

    Returns:
        The exit code.
    """
    args = build_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        hint("imagenet-s: stopped; what was begun is set aside, and the same command goes on from there.")
        return 130
    except BrokenPipeError:
        # The reader of stdout went away (`| head`): not an error of ours. Python would complain while closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        if os.environ.get("IMAGENET_S_DEBUG"):
            traceback.print_exc()
        else:
            hint(f"imagenet-s: {' '.join(str(error).split()) or type(error).__name__}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
