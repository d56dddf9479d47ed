"""`ProcessPool`: worker processes of this machine that end with their parent and leave Ctrl-C to it; `ThreadPool`.

Workers are spawned, on every platform: nothing is forked, so no lock of another thread is copied. A spawned worker
imports the script that starts it, which therefore has to do so under `if __name__ == "__main__":`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

stop = threading.Event()
"""Set in a worker whose parent no longer needs its results: unfinished work should be abandoned."""


class ProcessPool(ProcessPoolExecutor):
    """A `ProcessPoolExecutor` for a `with` block. Left by an exception, it sets `stop` in its workers.

    Args:
        workers: how many processes, at most.
        initializer: called in each worker when it starts.

    Attributes:
        started: after the block: whether any worker got as far as its initializer.
    """

    def __init__(self, workers: int, initializer: Callable[[], None]) -> None:
        context = multiprocessing.get_context("spawn")
        # Each worker sends one message when it starts, and reads the end of the stream when this process closes it,
        # or dies.
        self._workers_end, self._own_end = context.Pipe()
        _start_resource_tracker()
        super().__init__(workers, context, _initialize, (self._workers_end, initializer))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `Executor.submit`, which starts the workers."""
        with sigint_deferred():
            return super().submit(fn, *args, **kwargs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.started = self._own_end.poll()
        if kind is not None:
            self._own_end.close()
        self.shutdown(wait=True, cancel_futures=True)
        self._own_end.close()
        self._workers_end.close()


class ThreadPool(ThreadPoolExecutor):
    """A `ThreadPoolExecutor` to which tasks can be given while a signal arrives.

    A signal raises its exception anywhere in the main thread, also between taking a lock of the pool and giving it
    back: then no thread would ever end, and neither would the process.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `Executor.submit`."""
        with sigint_deferred():
            return super().submit(fn, *args, **kwargs)


def exit_if_importing_main() -> None:
    """End this process, silently, if it is a spawned worker that still imports the script that started it.

    To be called by what starts a pool: a script that calls that at its top level would start it in each worker, too.
    There multiprocessing would raise a RuntimeError in every worker; the parent can say it once (see `started`).
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        sys.exit(1)


@contextlib.contextmanager
def sigint_deferred() -> Iterator[None]:
    """Ctrl-C is delivered after the block; threads and processes that are started in it never receive it.

    Blocking it in this thread is not enough: it still arrives by threads that do not block it, those of OpenBLAS, say.
    SIGTERM and SIGHUP are delivered after it too, but are not blocked: a pool that fails ends its workers by SIGTERM.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    handlers = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if callable(signal.getsignal(number)):  # by default the process ends at once, and ignored it stays ignored
            handlers[number] = signal.signal(number, lambda number, frame: received.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


def _start_resource_tracker() -> None:
    """Start multiprocessing's own process before anything is registered with it, out of reach of the group's signals.

    It ignores SIGINT and SIGTERM. Ended by SIGHUP, it would be started again and print errors about what it never saw.
    Starting it unblocks SIGINT, so it must not be done while that is blocked.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows, which has no such process
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # inherited
    try:
        resource_tracker.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _initialize(pipe: Connection, initializer: Callable[[], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()
    initializer()
    with contextlib.suppress(OSError):  # the pool has failed meanwhile
        pipe.send_bytes(b"started")


def _end_with_parent(pipe: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        pipe.recv_bytes()
    stop.set()
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # a parent that is alive shuts its pool down itself
    os._exit(1)
