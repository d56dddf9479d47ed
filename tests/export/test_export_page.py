"""The code of docs/export.md gives the mask again."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imagenet_s.cli.main import main
from imagenet_s.conversion.synthetic import expected_rows


def test_reading_coco(
    miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pycocotools")
    monkeypatch.chdir(tmp_path)
    source = ["--annotations-dir", str(annotations), "--no-verify"]
    assert main(["export", str(miniature("folders")), "OUT", "--format", "coco", *source]) == 0
    page = (Path(__file__).resolve().parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    row = next(one for one in expected_rows("919", "validation") if one.image_id == names["image"]["image_id"])
    assert row.ids is not None
    np.testing.assert_array_equal(names["ids"], row.ids)
