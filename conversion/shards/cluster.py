"""A Dask cluster as an executor: its workers have this package, and waiting for them is announced."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

from ..core.errors import ImageNetSError, cause, some
from ..core.version import __version__

logger = logging.getLogger("imagenet_s")

_ADDRESS = re.compile(r"(?:[a-z]+://)?[^/\s]+:\d+")
_PATIENCE = 300.0
"""Seconds that a cluster may be without any worker."""
_BETWEEN = 1.0
"""Seconds between two looks at the workers."""


@contextlib.contextmanager
def open_cluster(address: str, retries: int) -> Iterator[Executor]:
    """An executor over the workers of a Dask cluster, which have this version of this package.

    Where the cluster loses all of its workers, and none come, its futures are cancelled.

    Args:
        address: of its scheduler, `tcp://host:8786`.
        retries: how often the cluster tries a job again whose worker died.

    Raises:
        ImageNetSError: no address, no scheduler there, no workers, or workers without this version of the package.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ImageNetSError(
            f'--scheduler {address} needs Dask: pip install "imagenet-s[dask]", here and on the workers.'
        ) from error
    # The client would wait for seconds where it closes what it could not open.
    if not _ADDRESS.fullmatch(address):
        raise ImageNetSError(f"--scheduler {address!r}: expected the address of a scheduler, as tcp://host:8786.")
    try:
        client: Any = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise ImageNetSError(f"no Dask scheduler answers at {address} ({error}); is it running?") from error
    with client:
        _wait_for_workers(client, address)
        _check_workers(client, address)
        executor: Any = client.get_executor(pure=False, retries=retries)
        ended = threading.Event()
        threading.Thread(target=_watch, args=(client, executor, address, ended), daemon=True).start()
        try:
            yield executor
        finally:
            ended.set()
            executor.shutdown(wait=False)  # cancels what has not begun: waiting for it may take for ever


def _wait_for_workers(client: Any, address: str) -> None:
    """Wait until there is a worker."""
    if client.nthreads():
        return
    logger.warning("The Dask cluster at %s has no workers; waiting %d s for some.", address, _PATIENCE)
    task = client.submit(os.getpid, pure=False)  # adaptive clusters start workers for a task
    began = time.monotonic()
    while not client.nthreads():
        if time.monotonic() - began > _PATIENCE:
            raise ImageNetSError(
                f"the Dask cluster at {address} has no workers, so that no task starts: start some (`dask worker "
                f"{address}`), or leave --scheduler out."
            )
        time.sleep(_BETWEEN)
    task.cancel()


def _check_workers(client: Any, address: str) -> None:
    """Ask every worker for its version of this package."""

    def version() -> str:  # of no module that the worker would have to import first
        importlib.import_module("imagenet_s.conversion.shards.shard_job")
        return str(importlib.import_module("imagenet_s").__version__)

    versions = client.run(version, on_error="return")
    wrong = [
        f"{worker} ({cause(answer) if isinstance(answer, BaseException) else f'imagenet-s {answer}'})"
        for worker, answer in versions.items()
        if answer != __version__
    ]
    if wrong:
        raise ImageNetSError(
            f"{len(wrong):,} of {len(versions):,} workers of the Dask cluster at {address} can't convert: "
            f"{some(wrong)}. Install imagenet-s {__version__} with its dependencies there, as on this machine."
        )


def _watch(client: Any, executor: Any, address: str, ended: threading.Event) -> None:
    """Say that all workers are gone; after a while, give up."""
    alone_since: float | None = None
    while not ended.wait(_BETWEEN):
        with contextlib.suppress(Exception):  # the scheduler itself is gone, which its futures tell
            if client.nthreads():
                alone_since = None
            elif alone_since is None:
                alone_since = time.monotonic()
                logger.warning("The Dask cluster at %s has lost its workers; waiting for others.", address)
            elif time.monotonic() - alone_since > _PATIENCE:
                executor.shutdown(wait=False)
                return
