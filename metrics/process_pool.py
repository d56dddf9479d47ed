"""Worker processes that end with their parent, even a killed one, and leave Ctrl-C to it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import resource_tracker
from types import TracebackType
from typing import Any, TypeVar

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")


class ProcessPool(ProcessPoolExecutor):
    """A `ProcessPoolExecutor` of spawned processes. Leaving it with an exception cancels what has not begun.

    Nothing is forked, on any platform: no lock or thread of this process is copied.

    Args:
        max_workers: processes at the most; each is started when there is a task for it.
        initializer: called once in every worker.
        initargs: its arguments.
    """

    def __init__(self, max_workers: int, initializer: Callable[..., object], initargs: tuple[Any, ...] = ()) -> None:
        _start_resource_tracker()
        super().__init__(max_workers, multiprocessing.get_context("spawn"), _start, (initializer, initargs))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As in `Executor`: it starts a worker where all are busy, which Ctrl-C must not interrupt."""
        with _ctrl_c_deferred():
            return super().submit(fn, *args, **kwargs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shutdown(wait=True, cancel_futures=kind is not None)


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
        The place of a task and its result, as soon as it is there.
    """
    if workers == 1 or len(tasks) <= 1:
        yield from ((i, work(shared, task)) for i, task in enumerate(tasks))
        return
    waiting = deque(enumerate(tasks))
    with ProcessPool(min(workers, len(tasks)), _keep, (work, shared)) as pool:
        running: dict[Future[Result], int] = {}

        def submit_next() -> None:
            if waiting:
                place, task = waiting.popleft()
                running[pool.submit(_work_on, task)] = place

        # Two tasks a worker, not all at once: results are taken as they come, and none pile up.
        for _ in range(2 * workers):
            submit_next()
        started = False
        while running:
            starting = bool(waiting) and not started
            done = _finished(running, 0 if starting else _LONGEST_WAIT)
            if starting and not done:  # workers need a second or two to start: meanwhile this process works
                place, task = waiting.popleft()
                yield place, work(shared, task)
            started = started or bool(done)
            for future in done:
                place = running.pop(future)
                submit_next()
                yield place, future.result()


_LONGEST_WAIT = 0.2
"""Seconds without an answer to a signal."""


def _finished(running: Iterable[Future[Result]], timeout: float) -> set[Future[Result]]:
    """What has ended, after `timeout` seconds at the most.

    `wait` takes the locks of all futures. A signal's exception between taking one and giving it back would leave it
    taken: the pool's own thread would then wait for it, and leaving the pool for that thread, for ever.
    """
    with _ctrl_c_deferred():
        return wait(running, timeout, FIRST_COMPLETED).done


_kept: tuple[Callable[[Any, Any], Any], Any]
"""In a worker: the function and what its tasks share."""


def _keep(work: Callable[[Any, Any], Any], shared: Any) -> None:
    global _kept
    _kept = work, shared


def _work_on(task: Any) -> Any:
    work, shared = _kept
    return work(shared, task)


@contextlib.contextmanager
def _ctrl_c_deferred() -> Iterator[None]:
    """Here SIGINT is delivered after the block; in processes started meanwhile it stays blocked.

    Blocked, it still reaches this process by threads that do not block it (of OpenBLAS, say): hence the handler, too.
    SIGTERM and SIGHUP are deferred, but not blocked: a pool that fails ends its workers by SIGTERM.
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


def _start(initializer: Callable[..., object], initargs: tuple[Any, ...]) -> None:
    """In a new worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    initializer(*initargs)


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # waits for the end of a pipe that only the parent holds open
        os._exit(1)
