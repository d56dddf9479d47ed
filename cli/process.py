"""What a command does with its process: signals that end it, and output that fits where it goes.

Imports `option_names` and the standard library only.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from imagenet_s.cli.option_names import as_options

_SIGNALS = ("SIGTERM", "SIGHUP")
"""What SLURM, docker and a terminal that is closed send."""


class Ended(KeyboardInterrupt):
    """A signal asked the process to end: handled as Ctrl-C, so that nothing half-written stays."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


def interruption_behind(error: BaseException) -> KeyboardInterrupt | None:
    """The interruption in whose handling an error was raised: closing a zip that was being written raises one, say."""
    while error.__context__ is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error if isinstance(error, KeyboardInterrupt) else None


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise `Ended` where the process would end at once without removing what it has half written.

    Signals that are ignored (`nohup`) or that a program around this one handles stay as they are.
    """
    changed = []
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name, None) for name in _SIGNALS):
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _end)
                changed.append(number)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def plain_output(args: argparse.Namespace) -> Iterator[None]:
    """No progress bars into pipes and logs, and warnings that name options instead of Python arguments."""
    if not sys.stderr.isatty() and "tqdm" not in sys.modules:
        # Read by the libraries when they are imported, here and in worker processes.
        os.environ.setdefault("TQDM_DISABLE", "1")
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    logger, options = logging.getLogger("imagenet_s"), _OptionNames(args)
    logger.addFilter(options)
    try:
        yield
    finally:
        logger.removeFilter(options)


class _OptionNames(logging.Filter):
    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__()
        self._args = args

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = as_options(record.getMessage(), self._args), ()
        return True


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(number)
