"""docs/training-loops.md: its code runs."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
PAGE = Path(__file__).resolve().parents[2] / "docs" / "training-loops.md"


def test_the_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    exec("\n".join(blocks), names)
    assert names["ids"].shape == (2, 375, 500)
    assert names["scalars"]["mean_iou"].item() == pytest.approx(names["metric"].figures()["mean_iou"])
    assert (tmp_path / "counts.npz").is_file()
