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

import imagenet_s

pytestmark = pytest.mark.dask


@pytest.fixture
def workers() -> int:
    return 2


@pytest.fixture
def preload() -> str:
    """Python that a worker runs first."""
    return ""


@pytest.fixture
def cluster(tmp_path: Path, workers: int, preload: str) -> Iterator[tuple[str, list[subprocess.Popen]]]:
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
    (tmp_path / "preload.py").write_text(preload)
    processes = []
    for _ in range(workers):
        worker = start(
            "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
            "--local-directory", str(tmp_path), "--preload", "preload.py",
        )  # fmt: skip
        threading.Thread(target=worker.stderr.read, daemon=True).start()  # type: ignore[union-attr]
        processes.append(worker)
    try:
        yield address, processes
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


@pytest.mark.parametrize(
    ("preload", "words"),
    [
        ("import sys; sys.modules['imagenet_s'] = None", "No module named 'imagenet_s"),
        ("import sys; sys.modules['pyarrow'] = None", "pyarrow"),
        ("import imagenet_s; imagenet_s.__version__ = '0.0.1'", "imagenet-s 0.0.1"),
    ],
)
def test_workers_without_the_package(cluster, convert_miniature, tmp_path: Path, words: str) -> None:
    """They are asked first: a worker that can't read a job ends, and the job waits for ever."""
    address, processes = cluster
    wait_for_workers(address, 2)
    with pytest.raises(ValueError, match="2 of 2 workers of the Dask cluster at tcp:") as refused:
        convert_miniature(tmp_path / "there", scheduler=address)
    assert words in str(refused.value)
    assert f"Install imagenet-s {imagenet_s.__version__}" in str(refused.value)
    assert [process.poll() for process in processes] == [None, None]


@pytest.mark.parametrize("workers", [0])
def test_a_cluster_without_workers(cluster, convert_miniature, tmp_path: Path, monkeypatch, caplog) -> None:
    monkeypatch.setattr("imagenet_s.conversion.shards.cluster._PATIENCE", 2)
    with pytest.raises(ValueError, match="has no workers, so that no task starts: start some"):
        convert_miniature(tmp_path / "there", scheduler=cluster[0])
    assert any("has no workers; waiting 2 s" in message for message in caplog.messages)


@pytest.mark.parametrize("workers", [1])
def test_a_cluster_that_loses_all_workers(cluster, convert_miniature, tmp_path: Path, monkeypatch, caplog) -> None:
    address, processes = cluster
    wait_for_workers(address, 1)
    monkeypatch.setattr("imagenet_s.conversion.shards.cluster._PATIENCE", 3)
    check = sys.modules["imagenet_s.conversion.shards.cluster"]._check_workers

    def check_and_kill(client, address) -> None:
        check(client, address)
        processes[0].kill()
        processes[0].wait(10)

    monkeypatch.setattr("imagenet_s.conversion.shards.cluster._check_workers", check_and_kill)
    with pytest.raises(ValueError, match="has no workers"):
        convert_miniature(tmp_path / "there", scheduler=address)
    assert any("has lost its workers; waiting for others" in message for message in caplog.messages)


def wait_for_workers(address: str, number: int) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(number, timeout=60)


def test_no_cluster_is_one_message(convert_miniature, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ValueError, match="no Dask scheduler answers at tcp:"):
        convert_miniature(tmp_path, scheduler="tcp://127.0.0.1:9")


@pytest.mark.parametrize("address", ["local", "", "host", "tcp://host", "/scheduler.json"])
def test_what_is_no_address_is_one_message(address: str, convert_miniature, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ValueError, match="expected the address of a scheduler, as tcp://host:8786"):
        convert_miniature(tmp_path, scheduler=address)
