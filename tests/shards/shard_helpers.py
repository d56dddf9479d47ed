"""What the tests of shards share: the files of a result, and `imagenet-s convert` as a process that can be killed.

Imported by worker processes too, so it imports no pytest.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from imagenet_s.conversion.imagenet.image_reader import ImageReader, Measure


def contents(out: Path, working: bool = False) -> dict[str, bytes]:
    """Name -> bytes of every file; those of the working folder only with `working`."""
    files = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    return {name: data for name, data in files.items() if working or not name.startswith(".imagenet-s/")}


class Conversion:
    """A running conversion of the miniature with two workers and many small shards, in a process group of its own."""

    def __init__(self, imagenet: Path, annotations: Path, out: Path, cache: Path, *more: str, **popen: object) -> None:
        self.out = out
        command = [sys.executable, "-m", "imagenet_s.cli.main", "convert", str(imagenet), str(out), "--config", "919"]
        command += ["--no-verify", "--annotations-dir", str(annotations), "--max-shard-size", "4KB"]
        command += ["--splits", "train_full", "train_semi", "validation", "test", "--workers", "2", *more]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, "HF_DATASETS_CACHE": str(cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **popen,  # type: ignore[call-overload]
        )

    def finish(self) -> "Conversion":
        self.stdout, self.stderr = self.process.communicate(timeout=120)
        return self

    def kill_all(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def shards(self) -> list[Path]:
        return sorted(self.out.glob("919/*.parquet"))

    def wait_for_shards(self, number: int) -> None:
        wait_until(lambda: len(self.shards()) >= number or self.process.poll() is not None)

    def workers(self) -> list[int]:
        """The worker processes that are still running."""
        return running("spawn_main", self.process.pid)


def running(command: str, group: int) -> list[int]:
    """The processes of a group, by a part of their command line."""
    pids = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, own_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(own_group) == group and state != "Z" and command in (entry / "cmdline").read_text():
                pids.append(int(entry.name))
    return pids


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so after {seconds} seconds"
        time.sleep(0.005)


class DeadlyReader(ImageReader):
    """Kills the process that reads with it."""

    def index(self, wnids: Sequence[str] | None = None) -> pa.Table:
        raise NotImplementedError

    def identity(self, wnids: Sequence[str] | None = None) -> str:
        return ""

    def measure(self, rows: pa.Table) -> Measure:
        return Measure(np.zeros(rows.num_rows, np.int64), self.identity())

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield pa.nulls(0)
