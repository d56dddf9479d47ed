"""`ProcessPool`: worker processes of this machine that end with their parent and leave Ctrl-C to it.

Workers are spawned, on every platform: nothing is forked, so no lock of another thread is copied. As always with
spawned processes, a script that starts some does so under `if __name__ == "__main__":`.

Imports nothing of the project. `metrics/process_pool.py` is its twin for scoring, which imports nothing from here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

stop = threading.Event()
"""Set in a worker whose results nobody waits for any more: work in progress should be given up."""


class ProcessPool(ProcessPoolExecutor):
    """A `ProcessPoolExecutor` for a `with` block. Left by an exception, it sets `stop` in its workers.

    Args:
        workers: how many processes, at most.
        initializer: called in each worker when it starts.
    """

    def __init__(self, workers: int, initializer: Callable[[], None] | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        # Nothing is ever sent: the workers' end is at its end when this process closes its own, or dies.
        self._workers_end, self._own_end = context.Pipe(duplex=False)
        super().__init__(workers, context, _initialize, (self._workers_end, initializer))
        # Started here, because starting it unblocks Ctrl-C.
        resource_tracker.ensure_running()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `Executor.submit`, which starts the workers."""
        with sigint_blocked():
            return super().submit(fn, *args, **kwargs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._own_end.close()
        self.shutdown(wait=True, cancel_futures=True)
        self._own_end.close()
        self._workers_end.close()


@contextlib.contextmanager
def sigint_blocked() -> Iterator[None]:
    """Threads and processes that are started meanwhile never see Ctrl-C; in this thread it arrives a bit later."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _initialize(parent_pipe: Connection, initializer: Callable[[], None] | None) -> None:
    """In a new worker: leave Ctrl-C to the parent, and end with it, even where it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(parent_pipe,), daemon=True).start()
    if initializer is not None:
        initializer()


def _end_with_parent(parent_pipe: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        parent_pipe.recv()
    stop.set()
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # a parent that lives shuts its pool down itself
    os._exit(1)
