"""The harness of `make bench`: directions, equal results, targets, what is written; and that every subject runs."""

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import imagenet_s

BENCHMARKS = Path(imagenet_s.__file__).with_name("benchmarks")


@pytest.fixture
def harness(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("harness")
    sys.modules.pop("harness")


def sleepy():
    yield 1
    time.sleep(0.02)


@pytest.mark.parametrize(("better", "met"), [("lower", "yes"), ("higher", "no")])
def test_directions(harness, better, met):
    """Ours does not sleep, the peer does: far below 1 as a ratio of times, far above 1 as a ratio of speeds."""
    target = 0.5 if better == "lower" else 1e9
    row = harness.compare("a", "b", lambda: [1], sleepy, better=better, target=target, rounds=3)
    assert (row.ratio < 0.5) == (better == "lower")
    assert row.spread[0] <= row.ratio <= row.spread[1]
    assert row.met == met


@pytest.mark.parametrize("theirs", [[(np.ones(2), 1)], [(np.zeros(2), 1), (np.zeros(2), 1)], []])
def test_work_that_differs_is_no_benchmark(harness, theirs):
    with pytest.raises(RuntimeError, match=r"a: result \d is not that of b"):
        harness.compare("a", "b", lambda: [(np.zeros(2), 1)], lambda: theirs, rounds=1)
    assert harness.compare("a", "b", lambda: [(np.zeros(2), 1)], lambda: theirs, rounds=1, same=None).ratio


def test_what_is_written(harness, tmp_path):
    rows = [harness.Row("a", "b", 1.234, (1.2, 1.3), "lower", 1.3), harness.Row("c", "d", note="no GPU here")]
    harness.write(rows, {"date": "today"}, tmp_path)
    text = (tmp_path / "bench.md").read_text()
    assert "| a | b | 1.23 | 1.20 - 1.30 | lower | 1.30 | yes |  |" in text
    assert "| c | d |  |  |  |  |  | no GPU here |" in text
    content = json.loads((tmp_path / "bench.json").read_text())
    assert [row["met"] for row in content["rows"]] == ["yes", ""]


@pytest.mark.slow
def test_every_subject_runs(tmp_path):
    """On few images, without the peers that are not installed: those that are part of the package's needs suffice."""
    command = [sys.executable, BENCHMARKS / "bench.py", "--images", "4", "--rounds", "1", "--output", tmp_path]
    subprocess.run(command, check=True)
    rows = json.loads((tmp_path / "bench.json").read_text())["rows"]
    assert [row["work"] + row["note"] for row in rows if row["work"].startswith("the rest of")] == []
    measured = {row["peer"] for row in rows if row["ratio"] is not None}
    assert measured >= {
        "Pillow on the same files",
        "official RGB PNGs, Pillow, R + 256 G in NumPy",
        "Pillow merely decoding them",
        "imagefolder of datasets, images alone",
        "download_and_prepare(file_format='parquet') of datasets",
    }
    assert "no peer" in {row["peer"] for row in rows}
