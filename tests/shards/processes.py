"""`imagenet-s convert` as a process of its own, in a group of its own, to be killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

CROWDED = """
import sys, threading, time
threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
from imagenet_s.cli.main import main
sys.exit(main())
"""


class Conversion:
    """A running conversion of the miniature with two workers and many small shards.

    Args:
        crowded: whether its process has another thread, so that its workers are no forks of it.
    """

    def __init__(
        self,
        imagenet: Path,
        annotations: Path,
        out: Path,
        cache: Path,
        *more: str,
        crowded: bool = False,
        **popen: object,
    ) -> None:
        self.out = out
        program = ["-c", CROWDED] if crowded else ["-m", "imagenet_s.cli.main"]
        command = [sys.executable, *program, "convert", str(imagenet), str(out), "--config", "919"]
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
        """The processes that write: neither the server that they may come from nor what looks after its resources."""
        found = [pid for pid in group(self.process.pid) if pid != self.process.pid]
        parents = {parent_of(pid) for pid in found}
        return [pid for pid in found if pid not in parents and "resource_tracker" not in command_of(pid)]


def group(leader: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == leader and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.005)
