"""The stream that a shard is written to: what it takes, and what it says when it can't."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from imagenet_s.conversion.shards.hashing_file import HashingFile


@pytest.mark.parametrize("expected", [0, 1_000_000, 50_000_000, 1 << 60], ids=["unknown", "fewer", "more", "no room"])
def test_it_writes_and_hashes_what_it_is_given(tmp_path: Path, expected: int) -> None:
    rng = np.random.default_rng(0)
    pieces = [rng.bytes(int(n)) for n in rng.integers(0, 700_000, 40)]
    with HashingFile(open(tmp_path / "x", "xb", buffering=0), expected) as sink:
        for piece in pieces:
            sink.write(piece)
    data = b"".join(pieces)
    assert (tmp_path / "x").read_bytes() == data
    assert (sink.size, sink.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_it_says_when_it_cannot_write() -> None:
    with open("/dev/full", "wb", buffering=0) as file:
        sink = HashingFile(file)
        assert sink.write(b"x" * (1 << 20)) == 1 << 20, "Arrow must not notice"
        for say in (sink.check, sink.check, sink.close):
            with pytest.raises(OSError, match="No space left"):
                say()
        assert file.closed


def test_what_is_abandoned_takes_no_more(tmp_path: Path) -> None:
    """A Parquet writer sends its footer when it is cleared away, long after the sink was left by an error."""
    with open(tmp_path / "x", "xb", buffering=0) as file:
        sink = HashingFile(file)
        sink.write(b"begun")
        sink.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
        assert file.closed
    assert sink.write(b"footer") == 6
    assert (tmp_path / "x").read_bytes() == b"begun"


WRITE = """
import os, signal, sys, threading, types
import pyarrow as pa
from imagenet_s.conversion.imagenet.base import IMAGE_TYPE
from imagenet_s.conversion.shards import executors
from imagenet_s.conversion.shards.writers import open_writer
from imagenet_s.conversion.shards.shard_job import StoppedError
from imagenet_s.conversion.shards.hashing_file import HashingFile

class Interrupting(HashingFile):
    def _take(self, view):
        if sys.argv[2] == "Ctrl-C" and self.size > 5_000_000:
            os.kill(os.getpid(), signal.SIGINT)
        super()._take(view)

images = pa.table({"image": pa.array([{"bytes": os.urandom(1_500_000), "path": "x"}] * 20, IMAGE_TYPE)})

def write_shard(job, stop):
    file = open(sys.argv[1], "wb", buffering=0)
    with Interrupting(file) as sink, open_writer("parquet", sink, images.schema) as writer:
        while sink.size < 1_000_000_000:
            if stop.is_set():
                raise StoppedError
            writer.write(images)
            sink.check()
    print("was not stopped")

workers.write_shard = write_shard
try:
    workers.run_jobs([types.SimpleNamespace(name="one")], 1, None, print)
except (KeyboardInterrupt, OSError) as error:
    print(type(error).__name__, getattr(error, "strerror", ""))
"""


@pytest.mark.parametrize(
    ("file", "what", "said"),
    [("/dev/full", "full disk", "OSError No space left on device"), ("shard", "Ctrl-C", "KeyboardInterrupt")],
)
def test_in_the_middle_of_a_column(file: str, what: str, said: str, tmp_path: Path) -> None:
    """There Arrow takes an exception for a bug of its own and aborts the process."""
    done = subprocess.run(
        [sys.executable, "-c", WRITE, str(tmp_path / file), what], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, said), done.stderr
