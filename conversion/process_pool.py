"""Worker processes of this machine: how they begin, how they are told to stop, and that they end with their parent."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

import pyarrow as pa

from imagenet_s.conversion.shards.shard_job import ShardJob, stop

# A server that has imported what the workers need, and runs nothing, forks in no time; where there is none (Windows),
# each worker imports by itself.
_FROM_NOTHING = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


class Workers(ProcessPoolExecutor):
    """Processes of this machine. Leaving it with an exception gives up the shards that are half done.

    Args:
        number: how many, at the most.
        method: how `multiprocessing` starts them.
    """

    def __init__(self, number: int, method: str = _FROM_NOTHING) -> None:
        context: Any = multiprocessing.get_context(method)
        self._orders, self._here = context.Pipe(duplex=False)
        # A fork has our end as well, and would never see it close.
        ends = (self._orders, self._here if method == "fork" else None)
        super().__init__(number, context, _begin, ends)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._here.close()  # whatever went wrong, nobody waits for shards that are half done
        self.shutdown(wait=True, cancel_futures=True)
        self._here.close()
        self._orders.close()


def early_workers(number: int) -> Workers | None:
    """Let workers begin before there is anything to do, so that the first shards need not wait for them.

    A fork of this process is there at once, but it also copies the locks that other threads hold just then. So it is
    made first of all, and only where this thread is the only one; elsewhere a server starts to import what `Workers`
    need, and they come from there when they are wanted.

    Args:
        number: how many will be needed; 1 is this process itself.

    Returns:
        Workers that wait for jobs, or None where they could not begin yet.
    """
    if number == 1:
        return None
    if not _may_fork():
        if _FROM_NOTHING == "forkserver":
            _start_server()
        return None
    workers = Workers(number, "fork")
    with ctrl_c_is_for_us(), warnings.catch_warnings():
        # Python 3.12 counts threads that are not Python's, too. Those of numpy and Arrow see to forks themselves.
        warnings.filterwarnings("ignore", ".*multi-threaded", DeprecationWarning)
        for _ in range(number):
            workers.submit(os.getpid)
    return workers


@contextlib.contextmanager
def ctrl_c_is_for_us() -> Iterator[None]:
    """Processes and threads started meanwhile never see Ctrl-C, not even before `_begin`; here it comes a bit later."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _may_fork() -> bool:
    # macOS has libraries that no fork survives, and whoever chose another method for the program has reasons.
    chosen = multiprocessing.get_start_method(allow_none=True)
    return sys.platform == "linux" and chosen in (None, "fork") and threading.active_count() == 1


def _start_server() -> None:
    from multiprocessing import forkserver, resource_tracker

    # The server starts this one too, and lets Ctrl-C through again afterwards: to the server, then.
    resource_tracker.ensure_running()
    with ctrl_c_is_for_us():
        multiprocessing.get_context("forkserver").set_forkserver_preload([ShardJob.__module__])
        forkserver.ensure_running()


def _begin(orders: Connection, parents_end: Connection | None) -> None:
    """In a new worker: leave Ctrl-C to the parent, and end with it, even where it was killed."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if parents_end is not None:
        parents_end.close()
    # What was imported stays; to look for garbage in it would copy the memory that is shared with others.
    gc.freeze()
    # The cores are for the other workers.
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    threading.Thread(target=_end_with_parent, args=(orders,), daemon=True).start()


def _end_with_parent(orders: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        orders.recv()  # nothing is ever sent: this ends when the parent closes its end, or dies
    stop.set()
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # a parent that lives sends its workers away itself
    os._exit(1)
