"""What a command does with its process: signals that end it, and output that fits where it goes."""

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

from .option_names import as_options

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, and what SLURM, docker and a terminal that is closed send."""


@contextlib.contextmanager
def interrupted_by_signals(received: list[int]) -> Iterator[None]:
    """Raise KeyboardInterrupt where the process would end at once without removing what it has half written.

    Signals that are ignored (`nohup`) or that a program around this one handles stay as they are. After the block
    nothing is raised any more.

    Args:
        received: gets the signals that come. The exception may not arrive as itself: code in C can drop it and raise an
            error of its own in its place (as the import of NumPy does while it imports `datetime`), and closing a zip
            that was being written raises one, too.
    """
    before = {}
    ended = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if not ended:
            raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name, None) for name in _SIGNALS):
            if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        ended = True
        for number, handler in before.items():
            signal.signal(number, handler)


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
