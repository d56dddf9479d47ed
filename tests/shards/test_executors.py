"""Worker processes as a caller meets them: no warnings, one clear error, an end to repeated deaths."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from shard_helpers import DeadlyReader, contents

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.shards import executors

SCRIPT = """
import sys
from imagenet_s.conversion.shards import Options, convert

def main():
    imagenet, annotations, out = sys.argv[1:]
    convert(imagenet, out, "50", annotations, Options(verify=False, workers=2, max_shard_size="20KB"))

"""


@pytest.fixture
def run_script(miniature, annotations: Path, tmp_path: Path):
    """Runs `SCRIPT` with a last line of its own, which writes into `tmp_path / "out"`."""

    def run(last_line: str, *python: str) -> "subprocess.CompletedProcess[str]":
        script = tmp_path / "script.py"
        script.write_text(SCRIPT + last_line)
        command = [sys.executable, *python, script, miniature("folders"), annotations, tmp_path / "out"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_no_warnings(run_script, convert_miniature, tmp_path: Path) -> None:
    done = run_script('if __name__ == "__main__": main()', "-W", "error")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    convert_miniature(tmp_path / "one worker")
    assert contents(tmp_path / "out") == contents(tmp_path / "one worker")


def test_a_script_without_a_main_guard(run_script, tmp_path: Path) -> None:
    """Spawned workers import the script and would convert in their turn: one error says so."""
    done = run_script("main()")
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert 'call this under `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]


def test_workers_that_always_die(convert_miniature, tmp_path: Path, monkeypatch) -> None:
    def run_deadly(jobs: list, workers: int, scheduler: None, done) -> None:
        deadly = DeadlyReader("", "validation", "deadly images")
        executors.run_jobs([dataclasses.replace(job, reader=deadly) for job in jobs], 2, None, done)

    monkeypatch.setattr(sys.modules["imagenet_s.conversion.shards.convert_splits"], "run_jobs", run_deadly)
    with pytest.raises(ImageNetSError, match="workers died 3 times in a row"):
        convert_miniature(tmp_path)


INSIDE_A_COLUMN = """
import os, signal, sys, types
import pyarrow as pa
from imagenet_s.conversion.converted.columns import IMAGE_TYPE
from imagenet_s.conversion.shards import executors
from imagenet_s.conversion.shards.hashing_file import HashingFile
from imagenet_s.conversion.shards.shard_job import StoppedError
from imagenet_s.conversion.shards.writers import open_writer

images = pa.table({"image": pa.array([{"bytes": os.urandom(1_500_000), "path": "x"}] * 20, IMAGE_TYPE)})

class File(HashingFile):
    def write(self, data):
        if sys.argv[2] == "Ctrl-C" and self.size > 5_000_000:
            os.kill(os.getpid(), signal.SIGINT)
        return super().write(data)

def write_shard(job, stop):
    with open(sys.argv[1], "wb") as file, File(file) as sink, open_writer("parquet", sink, images.schema) as write:
        while sink.size < 1_000_000_000:
            if stop.is_set():
                raise StoppedError
            write(images)
            sink.check()
    print("was not stopped")

executors.write_shard = write_shard
try:
    executors.run_jobs([types.SimpleNamespace(name="one")], 1, None, print)
except (KeyboardInterrupt, OSError) as error:
    print(type(error).__name__, getattr(error, "strerror", ""))
"""


@pytest.mark.parametrize(
    ("file", "what", "output"),
    [("/dev/full", "full disk", "OSError No space left on device"), ("shard", "Ctrl-C", "KeyboardInterrupt")],
)
def test_inside_a_column(file: str, what: str, output: str, tmp_path: Path) -> None:
    """There Arrow takes an exception for a bug of its own and aborts the process."""
    command = [sys.executable, "-c", INSIDE_A_COLUMN, str(tmp_path / file), what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, output), done.stderr
