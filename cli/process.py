"""What a command does with its process: signals that end it, and progress bars."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def interrupted_by_signals(received: list[int]) -> Iterator[None]:
    """Raise KeyboardInterrupt on Ctrl-C and SIGTERM (SLURM, docker), so that what is half written is removed.

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
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        ended = True
        for number, handler in before.items():
            signal.signal(number, handler)


def open_closed_streams() -> None:
    """Lead stdout and stderr nowhere where they are closed (`2>&-` in a cron job): Python has None in their place.

    The number of a closed one would be that of the next file that is opened, and libraries print to it.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115


def no_progress_bars_into_pipes() -> None:
    """Show progress bars on a terminal only."""
    if not sys.stderr.isatty() and "tqdm" not in sys.modules:
        # Read by the libraries when they are imported, here and in worker processes.
        os.environ.setdefault("TQDM_DISABLE", "1")
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
