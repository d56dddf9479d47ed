"""The table of `make bench`: directions, targets, and what could not be measured."""

import importlib.util
import json
import time
from pathlib import Path

import pytest

import imagenet_s

BENCHMARKS = Path(imagenet_s.__file__).with_name("benchmarks")


@pytest.fixture(scope="module")
def table():
    spec = importlib.util.spec_from_file_location("table", BENCHMARKS / "table.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "table", module)  # dataclasses look their module up
        spec.loader.exec_module(module)
        yield module


@pytest.mark.parametrize(("better", "met"), [("lower", "yes"), ("higher", "no")])
def test_directions(table, better, met):
    """Ours does not sleep, the peer does: far below 1 as a ratio of times, far above 1 as a ratio of speeds."""
    target = 0.5 if better == "lower" else 1e9
    row = table.compare("a", "b", lambda: None, lambda: time.sleep(0.02), better=better, target=target, rounds=3)
    assert (row.ratio < 0.5) == (better == "lower")
    assert row.met == met


def test_what_is_written(table, tmp_path):
    rows = [table.Row("a", "b", 1.234, "lower", 1.3), table.Row("c", "d", note="no GPU here")]
    table.write(rows, {"date": "today"}, tmp_path)
    text = (tmp_path / "bench.md").read_text()
    assert "| a | b | 1.23 | lower | 1.30 | yes |  |" in text
    assert "| c | d | not measured | lower |  |  | no GPU here |" in text
    content = json.loads((tmp_path / "bench.json").read_text())
    assert [row["met"] for row in content["rows"]] == ["yes", ""]


def test_sections_exist():
    text = (BENCHMARKS / "bench.py").read_text(encoding="utf-8")
    for name in ("masks", "torch", "readers"):
        assert f'"{name}"' in text
        assert (BENCHMARKS / f"rows_{name}.py").is_file()
