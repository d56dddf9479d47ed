"""The entry point: one parser, one table of commands, one place where errors become messages.

Results go to stdout, progress and hints to stderr. Exit codes: 0 done, 1 the input is wrong or something failed, 2 the
command line itself is wrong (argparse), 130 stopped by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from ..conversion.core.errors import printable
from ..conversion.core.version import __version__
from .existing_files import refuse_foreign_results
from .output import VisibleFormatter, hint, show
from .parsers import (
    dataset_parsers,
    export_parser,
    loader_parser,
    map_parsers,
    metric_parsers,
    submit_parser,
)
from .process import interrupted_by_signals, no_progress_bars_into_pipes, open_closed_streams


class _Parser(argparse.ArgumentParser):
    """Its commands are parsed by this class, too."""

    def error(self, message: str) -> NoReturn:
        """Escape sequences of an argument made visible: the standard library prints them as they are."""
        super().error(printable(message))

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            show(message, file)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="imagenet-s",
        description="ImageNet-S: pixel masks for ImageNet. Prepare it, look at it, convert it, score on it.",
        epilog="IMAGENET_S_DEBUG=1 shows the traceback of an error.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (
        dataset_parsers.add_demo,
        dataset_parsers.add_check,
        dataset_parsers.add_download,
        dataset_parsers.add_subset,
        dataset_parsers.add_show,
        dataset_parsers.add_convert,
        dataset_parsers.add_push,
        metric_parsers.add_match,
        metric_parsers.add_evaluate,
        map_parsers.add_evaluate_maps,
        map_parsers.add_compare,
        dataset_parsers.add_prepare,
        submit_parser.add_submit,
        submit_parser.add_results,
        submit_parser.add_baselines,
        metric_parsers.add_distance_match,
        export_parser.add_export,
        loader_parser.add_check_loader,
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
    open_closed_streams()
    parser = build_parser()
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return 0
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(VisibleFormatter())
    if argv is None:  # a program that calls this function keeps its bars
        no_progress_bars_into_pipes()
    signals: list[int] = []
    try:
        with interrupted_by_signals(signals):
            return _run(args, signals)
    except KeyboardInterrupt:  # before or behind what `_run` catches
        return _stopped(signals)


def _run(args: argparse.Namespace, signals: list[int]) -> int:
    try:
        refuse_foreign_results(args)
        command = importlib.import_module(f".commands.{args.command}", __package__)
        return int(command.run(args))
    except KeyboardInterrupt:
        return _stopped(signals)
    except BrokenPipeError:
        # The reader of stdout went away (`| head`): not an error of ours. Python would complain while closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if signals:
            return _stopped(signals)
        if not isinstance(error, (ValueError, OSError, ImportError, RuntimeError)):
            raise
        if os.environ.get("IMAGENET_S_DEBUG"):
            hint(traceback.format_exc().rstrip())
        else:
            text = str(error)
            if isinstance(error, OSError) and error.strerror and isinstance(error.filename, (str, bytes)):
                text = f"{os.fsdecode(error.filename)}: {error.strerror}"  # without its number
            message = " ".join(text.split()) or type(error).__name__
            hint(f"imagenet-s: {message}")
        return 1


def _stopped(signals: list[int]) -> int:
    hint("imagenet-s: stopped; nothing half-written stays, and the same command resumes.")
    return 128 + (signals[0] if signals else signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
