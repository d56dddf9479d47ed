"""The stream that a shard is written to: bytes, digest, errors."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from imagenet_s.conversion.shards.hashing_file import HashingFile


def test_bytes_and_digest(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pieces = [rng.bytes(int(n)) for n in rng.integers(0, 2_000_000, 70)]
    with open(tmp_path / "x", "xb") as file, HashingFile(file) as sink:
        for piece in pieces:
            sink.write(piece)
    data = b"".join(pieces)
    assert (tmp_path / "x").read_bytes() == data
    assert (sink.size, sink.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_full_disk_is_reported_by_check_and_close() -> None:
    with open("/dev/full", "wb", buffering=0) as file:
        sink = HashingFile(file)
        assert sink.write(b"x" * (1 << 20)) == 1 << 20, "Arrow must not notice"
        for report in (sink.check, sink.check, sink.close):
            with pytest.raises(OSError, match="No space left"):
                report()


def test_nothing_is_written_after_an_error(tmp_path: Path) -> None:
    """A Parquet writer sends its footer when it is garbage-collected, long after the error."""
    with open(tmp_path / "x", "xb") as file:
        sink = HashingFile(file)
        sink.write(b"data")
        sink.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    assert sink.write(b"footer") == 6
    assert (tmp_path / "x").read_bytes() == b"data"
