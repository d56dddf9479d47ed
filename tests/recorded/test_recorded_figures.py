"""Every figure of the metrics, to the last bit: of the official evaluator's cases, and of maps made by a formula."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recording import made_map, recorded, sha256

from imagenet_s.metrics import Localization, MatchedIoU

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))

from conformance import CASES, load_case

MATCHINGS = ("hungarian", "hungarian_pixel", "pixel", "majority")
MAP_OPTIONS: dict[str, dict[str, Any]] = {
    "as they are": {},
    "absolute": {"relevance": "absolute", "tolerance": 3, "thresholds": (0, 0.25, "mean_std")},
    "small maps": {"relevance": "positive", "resize": "map"},
    "large masks": {"resize": "mask"},
}


def figures(name: str) -> dict[str, Any]:
    """Every figure of a recorded case, with the official match and under each matching; NaN as null."""
    case = load_case(name)
    metric = MatchedIoU(case.num_classes)
    for image, prediction, reference in zip(case.names, case.predictions, case.references):
        metric.update(prediction, reference, image)

    def plain(result: dict[str, Any]) -> dict[str, Any]:
        ties = [result.pop("matching_open_pairs"), *result.pop("mean_iou_tie_range")]
        single = {key: value for key, value in result.items() if isinstance(value, (int, float))}
        rest = json.dumps({key: value for key, value in result.items() if key not in single}, sort_keys=True)
        numbers = {key: None if math.isnan(value) else value for key, value in single.items()}
        return {**numbers, "classes and match": sha256(rest), "ties": ties}

    return {
        "official match": plain(metric.compute(case.match)),
        **{matching: plain(metric.compute(matching)) for matching in MATCHINGS},
        "images": sha256(json.dumps(metric.per_image("hungarian"), sort_keys=True)),
        "intervals": sha256(json.dumps(metric.bootstrap("hungarian", samples=20), sort_keys=True)),
    }


def figures_of_maps(name: str) -> dict[str, Any]:
    """Every figure of twelve maps under some options; without a resize, all maps are as large as their masks.

    Some maps are constant, some masks lack the class that the map should find, one holds nothing else.
    """
    options = MAP_OPTIONS[name]
    metric, step = Localization(**options), 2 if "resize" in options else 1
    for number in range(12):
        y, x = np.indices((24 + number, 31))
        mask = np.select([(x - 15) ** 2 + (y - 12) ** 2 < 40 + 9 * number, x + y < 8], [3 + number % 2, 1000], 0)
        if number % 5 == 3:
            mask[:] = 4 if number == 3 else 0
        values = made_map(number, (mask > 0)[::step, ::step])
        metric.update(values, mask, 3 + number % 2, f"image {number}")
    return {
        **metric.compute(),
        "means over classes": sha256(json.dumps(metric.compute("category"))),
        "images": sha256(json.dumps(metric.per_image())),
        "intervals": sha256(json.dumps(metric.bootstrap(samples=20))),
        "curve": sha256(json.dumps(metric.iou_curve())),
    }


@pytest.mark.parametrize("name", CASES)
def test_figures(name: str) -> None:
    assert recorded("figures")[name] == figures(name)


@pytest.mark.parametrize("name", MAP_OPTIONS)
def test_figures_of_maps(name: str) -> None:
    assert recorded("figures of maps")[name] == figures_of_maps(name)
