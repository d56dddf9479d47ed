"""Executors: shard jobs are run in a thread or processes here, or on a Dask cluster.

A worker may die (killed for its memory, a machine that fails): its jobs are submitted again. A job writes nothing under
a final name until it is done, and gives the same bytes every time, so running it twice does no harm.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pyarrow as pa

from ..core.errors import ImageNetSError
from ..core.workers import ProcessPool, sigint_deferred
from .shard_job import ShardJob, write_shard

logger = logging.getLogger("imagenet_s")

_MAX_DEATHS = 3
"""Pools (or attempts of a cluster) in a row that may die without finishing a single shard."""

_LONGEST_WAIT = 0.2
"""Seconds without an answer to a signal."""


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
            if isinstance(pool, ProcessPool) and not pool.started:
                raise ImageNetSError(
                    "the worker processes ended while they were starting. Each imports the script that starts it: with "
                    'several workers, call `convert` under `if __name__ == "__main__":`.'
                ) from None
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
    running: dict[Future[Any], ShardJob] = {executor.submit(write_shard, job): job for job in jobs}
    while running:
        # `wait` takes the locks of all futures. A signal's exception between taking one and giving it back would leave
        # it taken, and the executor's own thread would wait for it for ever.
        with sigint_deferred():
            finished = wait(running, _LONGEST_WAIT, FIRST_COMPLETED).done
        for future in finished:
            error = CancelledError("its cluster is gone") if future.cancelled() else future.exception()
            if type(error).__name__ in _CLUSTER_DEATHS:
                raise _ClusterWorkerDiedError(str(error)) from error
            future.result()
            yield running.pop(future)


def _open_pool(workers: int, scheduler: str | None, jobs: int) -> contextlib.AbstractContextManager[Executor]:
    if scheduler is not None:
        return _cluster(scheduler)
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
        with sigint_deferred():  # the thread is started here
            return super().submit(fn, *args, self._stop, **kwargs)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._stop.set()
        with sigint_deferred():  # a second Ctrl-C waits until the unfinished file is removed
            self.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ImageNetSError(
            f'--scheduler {address} needs Dask: pip install "imagenet-s[dask]", here and on the workers.'
        ) from error
    try:
        client: Any = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise ImageNetSError(f"no Dask scheduler answers at {address} ({error}); is it running?") from error
    with client, client.get_executor(pure=False, retries=_MAX_DEATHS) as executor:
        yield executor
