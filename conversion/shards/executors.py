"""Handing jobs to an executor: a thread or processes here, or a Dask cluster. Who works when is theirs to decide.

A worker may die (killed for its memory, a machine that goes away): the jobs it had are handed out again. A job writes
nothing under a final name until it is done, and does the same every time, so running it twice does no harm.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.process_pool import Workers, ctrl_c_is_for_us
from imagenet_s.conversion.shards.shard_job import ShardJob, Written, write_shard

logger = logging.getLogger("imagenet_s")

_PATIENCE = 3
"""Pools (or clusters' attempts) in a row that may die without finishing a single shard."""


def run_jobs(
    jobs: Sequence[ShardJob],
    workers: int,
    scheduler: str | None,
    done: Callable[[ShardJob, Written], None],
    early: Workers | None = None,
) -> None:
    """Write all shards.

    Args:
        jobs: in any order.
        workers: processes of this machine; with 1 everything happens in a thread of this process.
        scheduler: address of a Dask scheduler, `tcp://host:8786`, whose workers see source and output under the same
            paths; `workers` is then theirs.
        done: told of each finished shard.
        early: workers that are there already; once one of them has died, others are taken.

    Raises:
        ImageNetSError: a job found something wrong, workers died again and again, or there is no such cluster.
        OSError: a shard could not be written.
    """
    if not jobs:
        return
    if scheduler is None and workers == 1:
        with _thread() as (thread, stopped):
            for job, written in _run(thread, jobs, stopped):
                done(job, written)
        return
    left = {job.name: job for job in jobs}
    died = 0
    while left:
        before = len(left)
        try:
            with _cluster(scheduler) if scheduler else early or Workers(min(workers, len(left))) as executor:
                for job, written in _run(executor, list(left.values())):
                    del left[job.name]
                    done(job, written)
        except _DIED as error:
            early = None
            died = 1 if len(left) < before else died + 1
            if died >= _PATIENCE:
                raise ImageNetSError(
                    f"workers died {died} times in a row without finishing a shard ({type(error).__name__}: {error}); "
                    f"is there enough memory for {workers} of them? And does the script that calls this do so under "
                    '`if __name__ == "__main__":`? Finished shards are kept: run it again to go on.'
                ) from error
            logger.warning("A worker died (%s); going on with the %d shards that are left.", error, len(left))


class _ClusterWorkerDiedError(Exception):
    """A worker of a cluster died more often than the cluster itself tries again."""


# By name: `distributed` is not installed everywhere.
_DIED_ON_CLUSTER = ("KilledWorker", "CommClosedError", "CancelledError", "FutureCancelledError")
_DIED = (BrokenProcessPool, _ClusterWorkerDiedError)


def _run(executor: Executor, jobs: Sequence[ShardJob], *more: Any) -> Iterator[tuple[ShardJob, Written]]:
    with ctrl_c_is_for_us():  # submitting starts the workers
        futures: dict[Future[Written], ShardJob] = {executor.submit(write_shard, job, *more): job for job in jobs}
    for future in as_completed(futures):
        error = CancelledError("its cluster is gone") if future.cancelled() else future.exception()
        if type(error).__name__ in _DIED_ON_CLUSTER:
            raise _ClusterWorkerDiedError(str(error)) from error
        yield futures[future], future.result()


@contextlib.contextmanager
def _thread() -> Iterator[tuple[Executor, threading.Event]]:
    """A thread, which Ctrl-C never interrupts: it would do so inside of Arrow mostly, and end the process there."""
    stopped = threading.Event()
    executor = ThreadPoolExecutor(1, "imagenet-s shards")
    try:
        yield executor, stopped
    except BaseException:
        stopped.set()  # whatever went wrong, nobody waits for a shard that is half done
        raise
    finally:
        with ctrl_c_is_for_us():  # another one waits until what is half done is gone
            executor.shutdown(wait=True, cancel_futures=True)


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
    with client, client.get_executor(pure=False, retries=_PATIENCE) as executor:
        yield executor
