"""The code of docs/export.md: it gives the mask again, and pictures that other programs show like their masks."""

from pathlib import Path

import numpy as np
import pytest
from page_code import run_page
from PIL import Image, ImageOps

from imagenet_s.conversion.synthetic import expected_rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "export.md"


def test_the_code(tmp_path: Path) -> None:
    pytest.importorskip("pycocotools")
    ran, names = run_page(PAGE, tmp_path)
    assert ran == 4

    # coco: the ids of a mask are those of the row.
    row = next(row for row in expected_rows("919", "validation") if row.image_id == names["image"]["image_id"])
    assert row.ids is not None
    np.testing.assert_array_equal(names["ids"], row.ids)

    # FiftyOne: images are as large as their masks when a browser has turned them, which one of the miniature would be.
    assert len(names["regions"]) == 9
    for path, ids, row in names["regions"]:
        with Image.open(path) as image:
            assert ImageOps.exif_transpose(image).size == ids.shape[::-1], row["image_id"]
    assert {ids.dtype for _, ids, _ in names["regions"]} == {np.dtype(np.uint16)}
    assert any(names["folder"].iterdir())
