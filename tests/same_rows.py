"""Rows against the formula that the miniature is made by."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from imagenet_s.conversion.synthetic import expected_rows


def assert_rows(rows: Iterable[dict[str, Any]], config: str, split: str, labels: bool = True) -> list[str]:
    """Compare with the formula, pixel by pixel; gives the ids in the order they came.

    `labels` is False where nothing says ImageNet's own label of an image that is not named after it.
    """
    expected = {row.image_id: row for row in expected_rows(config, split)}
    order = []
    for row in rows:
        order.append(row["image_id"])
        want = expected[row["image_id"]]
        assert row["category"] == want.category
        assert row["wnid"] == want.wnid
        label = want.imagenet_label if labels or split.startswith("train") else None
        assert row["imagenet_label"] == label
        assert row["image"].mode == "RGB"
        np.testing.assert_array_equal(np.asarray(row["image"]), want.pixels)
        if want.ids is None:
            assert row["annotation"] is None
        else:
            assert row["annotation"].mode == "I;16"
            np.testing.assert_array_equal(np.asarray(row["annotation"]), want.ids)
    assert sorted(order) == sorted(expected), "each image once"
    return order
