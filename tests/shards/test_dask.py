"""A real cluster: a scheduler and two worker processes, one of which is killed."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from shard_helpers import contents

pytestmark = pytest.mark.dask


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """The address of a scheduler, and its workers: each process by itself, so that none restarts another."""
    pytest.importorskip("distributed")
    started: list[subprocess.Popen] = []

    def start(*command: str) -> subprocess.Popen:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", *command],
                env={**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "3"},
                stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
                cwd=tmp_path,
            )
        )
        return started[-1]

    scheduler = start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    address = None
    for line in scheduler.stderr:  # type: ignore[union-attr]
        if match := re.search(r"tcp://127\.0\.0\.1:\d+", line):
            address = match[0]
            break
    threading.Thread(target=scheduler.stderr.read, daemon=True).start()  # type: ignore[union-attr]
    assert address
    workers = []
    for _ in range(2):
        worker = start(
            "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
            "--local-directory", str(tmp_path),
        )  # fmt: skip
        threading.Thread(target=worker.stderr.read, daemon=True).start()  # type: ignore[union-attr]
        workers.append(worker)
    try:
        yield address, workers
    finally:
        for process in reversed(started):
            process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)


def test_a_cluster_that_loses_a_worker(cluster, convert_miniature, tmp_path: Path, monkeypatch) -> None:
    address, workers = cluster
    convert_miniature(tmp_path / "here", "919", max_shard_size="4KB")
    conversion = sys.modules["imagenet_s.conversion.shards.convert_splits"]
    original = conversion.run_jobs

    def run_jobs(jobs, number, scheduler, done):
        def kill_one(job):
            if workers[0].poll() is None:
                workers[0].send_signal(signal.SIGKILL)
            done(job)

        original(jobs, number, scheduler, kill_one)

    monkeypatch.setattr(conversion, "run_jobs", run_jobs)
    convert_miniature(tmp_path / "there", "919", max_shard_size="4KB", scheduler=address)
    assert workers[0].wait(10) == -signal.SIGKILL
    assert workers[1].poll() is None
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_no_cluster_is_one_message(convert_miniature, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ValueError, match="no Dask scheduler answers at tcp:"):
        convert_miniature(tmp_path, scheduler="tcp://127.0.0.1:9")
