"""Executors: shard jobs are run in a thread or processes here, or on a Dask cluster.

A worker may die (killed for its memory, a machine that fails): its jobs are submitted again. A job writes nothing under
a final name until it is done, and gives the same bytes every time, so running it twice does no harm.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pyarrow as pa

from ..core.errors import ImageNetSError
from ..core.workers import ProcessPool, next_finished
from .shard_job import ShardJob, write_shard

logger = logging.getLogger("imagenet_s")

_MAX_DEATHS = 3
"""Pools (or attempts of a cluster) in a row that may die without finishing a single shard."""


def run_jobs(jobs: Sequence[ShardJob], workers: int, scheduler: str | None, done: Callable[[ShardJob], object]) -> None:
    """Write all shards.

    Args:
        jobs: in any order.
        workers: processes of this machine; with 1 everything happens in a thread of this process.
        scheduler: address of a Dask scheduler, `tcp://host:8786`, whose workers see source and output under the same
            paths; `workers` is then theirs.
        done: called with each finished shard.

    Raises:
        ImageNetSError: a job found something wrong, workers died again and again, or there is no such cluster.
        OSError: a shard could not be written.
    """
    remaining = {job.name: job for job in jobs}
    deaths = 0
    while remaining:
        before = len(remaining)
        pool = _open_pool(workers, scheduler, before)
        try:
            with pool as executor:
                for job in _run(executor, list(remaining.values())):
                    del remaining[job.name]
                    done(job)
        except (BrokenProcessPool, _ClusterWorkerDiedError) as error:
            deaths = 1 if len(remaining) < before else deaths + 1
            if deaths >= _MAX_DEATHS:
                raise ImageNetSError(
                    f"workers died {deaths} times in a row without finishing a shard ({type(error).__name__}: {error})"
                    f"; is there enough memory for {workers} of them? Finished shards are kept: run it again to resume."
                ) from error
            logger.warning("A worker died (%s); its shards are written again, %d remain.", error, len(remaining))


class _ClusterWorkerDiedError(Exception):
    """Workers of a cluster died more often than the cluster itself tries a job again."""


# By name: `distributed` is an optional dependency.
_CLUSTER_DEATHS = ("KilledWorker", "CommClosedError", "CancelledError", "FutureCancelledError")


def _run(executor: Executor, jobs: Sequence[ShardJob]) -> Iterator[ShardJob]:
    finished: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
    running: dict[Future[Any], ShardJob] = {}
    for job in jobs:
        future = executor.submit(write_shard, job)
        running[future] = job
        future.add_done_callback(finished.put)
    while running:
        future = next_finished(finished)
        error = CancelledError("its cluster is gone") if future.cancelled() else future.exception()
        if type(error).__name__ in _CLUSTER_DEATHS:
            raise _ClusterWorkerDiedError(str(error)) from error
        future.result()
        yield running.pop(future)


def _open_pool(workers: int, scheduler: str | None, jobs: int) -> contextlib.AbstractContextManager[Executor]:
    if scheduler is not None:
        from .cluster import open_cluster

        return open_cluster(scheduler, _MAX_DEATHS)
    return _Thread() if workers == 1 else ProcessPool(min(workers, jobs), _use_one_core)


def _use_one_core() -> None:
    """The other cores are for the other workers."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


class _Thread(ThreadPoolExecutor):
    """One thread, because Ctrl-C only interrupts the main one: inside Arrow, an exception would abort the process."""

    def __init__(self) -> None:
        super().__init__(1, "imagenet-s shards")
        self._stop = threading.Event()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(fn, *args, self._stop, **kwargs)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._stop.set()
        with _sigint_ignored():
            self.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _sigint_ignored() -> Iterator[None]:
    """A second Ctrl-C waits for the thread: Python would end meanwhile, and Arrow abort the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
