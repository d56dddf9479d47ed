"""Pools of processes whose workers have all started when they are made: what starting costs is measured apart."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any


class Started:
    """To be mixed into a pool class, before it; its first argument is the number of workers.

    Attributes:
        seconds: what starting the workers took, of all pools of this class together.
    """

    seconds = 0.0

    def __init__(self, workers: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(workers, *args, **kwargs)  # type: ignore[call-arg]
        pool: Any = self
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for future in [pool.submit(_wait_for_all, workers, folder) for _ in range(workers)]:
                future.result()
        type(self).seconds += time.perf_counter() - start


def _wait_for_all(workers: int, folder: str) -> None:
    """In a worker: wait until all others run, too."""
    Path(folder, str(os.getpid())).touch()
    while len(os.listdir(folder)) < workers:
        time.sleep(0.01)
