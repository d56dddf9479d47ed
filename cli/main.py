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
from imagenet_s.cli.parsers import dataset_parsers, metric_parsers, submit_parser


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="imagenet-s",
        description="ImageNet-S: pixel masks for ImageNet. Prepare it, look at it, convert it, score on it.",
        epilog="IMAGENET_S_DEBUG=1 shows the traceback of an error.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (
        dataset_parsers.add_demo,
        dataset_parsers.add_check,
        dataset_parsers.add_download,
        dataset_parsers.add_show,
        dataset_parsers.add_convert,
        dataset_parsers.add_push,
        metric_parsers.add_match,
        metric_parsers.add_evaluate,
        dataset_parsers.add_prepare,
        submit_parser.add_submit,
        submit_parser.add_results,
        metric_parsers.add_distance_match,
    ):
        add(commands)
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
        command = importlib.import_module(f"imagenet_s.cli.commands.{args.command}")
        return int(command.run(args))
    except KeyboardInterrupt:
        hint("imagenet-s: stopped; nothing half-written stays, and the same command resumes.")
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
