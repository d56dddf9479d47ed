"""`ProcessPool`: worker processes that end with their parent, even a killed one, and leave Ctrl-C to it.

Workers are spawned, on every platform: nothing is forked, so no lock of another thread is copied. A spawned worker
imports the script that starts it, which therefore has to do so under `if __name__ == "__main__":`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, TypeVar

from .errors import ImageNetSError

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")

stop = threading.Event()
"""Set in a worker whose parent no longer needs its results: unfinished work should be abandoned."""


class ProcessPool(ProcessPoolExecutor):
    """A `ProcessPoolExecutor` for a `with` block. Left by an exception, it cancels what waits and sets `stop`.

    Raises:
        ImageNetSError: by the `with` block: every worker ended while it was starting.
    """

    def __init__(
        self, workers: int, initializer: Callable[..., object] | None = None, initargs: tuple[Any, ...] = ()
    ) -> None:
        exit_if_importing_main()
        context = multiprocessing.get_context("spawn")
        # Each worker sends one message when it has started, and reads the end of the stream when this process closes
        # it, or dies.
        self._workers_end, self._own_end = context.Pipe()
        super().__init__(workers, context, _start, (self._workers_end, initializer, initargs))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `Executor.submit`, which starts the workers."""
        with _signals_deferred():
            return super().submit(fn, *args, **kwargs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        started = self._own_end.poll()
        if kind is not None:
            self._own_end.close()
        self.shutdown(wait=True, cancel_futures=True)
        self._own_end.close()
        self._workers_end.close()
        if isinstance(error, BrokenProcessPool) and not started:
            raise ImageNetSError(
                "the worker processes ended while they were starting. Each imports the script that starts it: with "
                'several workers, call this under `if __name__ == "__main__":`.'
            ) from None


def exit_if_importing_main() -> None:
    """End this process, silently, if it is a spawned worker that still imports the script that started it.

    To be called by what starts a pool, before it does anything: a script that calls that at its top level would start
    it in each worker, too. There multiprocessing would raise a RuntimeError in every worker; the pool raises one error.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        sys.exit(1)


def next_finished(finished: queue.SimpleQueue[Future[Result]]) -> Future[Result]:
    """The next future of a queue, which `Future.add_done_callback(finished.put)` fills.

    In the main thread Ctrl-C is answered between short waits, also where another thread receives it. (`wait` of
    `concurrent.futures` holds the locks of all futures: an interrupted one can leave them locked, and the pool waits.)
    """
    while True:
        with contextlib.suppress(queue.Empty):
            return finished.get(timeout=_LONGEST_WAIT)


_LONGEST_WAIT = 0.2
"""Seconds without an answer to a signal."""


def map_unordered(
    work: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task], workers: int
) -> Generator[tuple[int, Result], None, None]:
    """`work(shared, task)` for every task, in this process or in several.

    Args:
        work: a function of a module.
        shared: what every task needs; it is sent to each worker once.
        tasks: a fifth of a second or less each, so that the last ones end together and Ctrl-C is answered soon.
        workers: processes; 1 works in this one.

    Yields:
        The index of a task and its result, as soon as it is there.
    """
    if workers == 1 or len(tasks) <= 1:
        yield from ((index, work(shared, task)) for index, task in enumerate(tasks))
        return
    waiting = deque(enumerate(tasks))
    finished: queue.SimpleQueue[Future[Result]] = queue.SimpleQueue()
    with ProcessPool(min(workers, len(tasks)), _keep, (work, shared)) as pool:
        running: dict[Future[Result], int] = {}

        def submit_next() -> None:
            if waiting:
                index, task = waiting.popleft()
                future = pool.submit(_work_on, task)
                running[future] = index
                future.add_done_callback(finished.put)

        # Two tasks a worker, not all at once: results are taken as they come, and none pile up.
        for _ in range(2 * workers):
            submit_next()
        # Workers need a second or two to start: meanwhile this process works.
        while waiting and finished.empty():
            index, task = waiting.popleft()
            yield index, work(shared, task)
        while running:
            future = next_finished(finished)
            index = running.pop(future)
            submit_next()
            yield index, future.result()


_kept: tuple[Callable[[Any, Any], Any], Any]
"""In a worker: the function and what its tasks share."""


def _keep(work: Callable[[Any, Any], Any], shared: Any) -> None:
    global _kept
    _kept = work, shared


def _work_on(task: Any) -> Any:
    work, shared = _kept
    return work(shared, task)


@contextlib.contextmanager
def _signals_deferred() -> Iterator[None]:
    """Signals are answered behind the block, and processes that are started in it never receive Ctrl-C.

    A signal raises its exception anywhere in the main thread: between the start of a worker and the line that notes it,
    the pool would wait for a worker that nobody tells to end. Blocking SIGINT in this thread does not prevent that, as
    Python answers in the main thread what any other thread received, tqdm's for one; but workers inherit the mask.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    handlers = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        if callable(signal.getsignal(number)):  # others end the process at once, or are ignored
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


def _start(pipe: Connection, initializer: Callable[..., object] | None, initargs: tuple[Any, ...]) -> None:
    """In a new worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()
    with contextlib.suppress(OSError):  # the pool has failed meanwhile
        pipe.send_bytes(b"started")
    if initializer is not None:
        initializer(*initargs)


def _end_with_parent(pipe: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        pipe.recv_bytes()
    stop.set()
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # a parent that is alive shuts its pool down itself
    os._exit(1)


def usable_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
