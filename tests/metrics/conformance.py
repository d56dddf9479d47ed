"""The recorded figures of the official evaluator (LUSSeg/ImageNet-S at b2312ba) on three sets of synthetic masks.

`data/<case>.npz` holds the masks of a case, one after another: `shapes` (N x 2), and `gt` and `pred`, all pixels in one
row. `data/<case>.json` holds what the official evaluator printed for them (percent; null where a size has no class),
with and without the official match, and that match.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DATA = Path(__file__).parent / "data"
CASES = ("basic-50", "basic-919", "edge-50")
KEYS = {
    "Acc": "image_accuracy",
    "mIoU": "mean_iou",
    "mBIoU": "boundary_mean_iou",
    "S": "mean_iou_s",
    "MS": "mean_iou_ms",
    "ML": "mean_iou_ml",
    "L": "mean_iou_l",
    "BS": "boundary_mean_iou_s",
    "BMS": "boundary_mean_iou_ms",
    "BML": "boundary_mean_iou_ml",
    "BL": "boundary_mean_iou_l",
    "FMeasure": "f_measure",
}
"""The official name of each figure and ours; the thirteenth is the list of IoUs."""


@dataclass
class Case:
    num_classes: int
    names: list[str]
    predictions: list[np.ndarray]
    references: list[np.ndarray]
    expected: dict
    match: dict[str, int]


def load_case(name):
    content = json.loads((DATA / f"{name}.json").read_text())
    with np.load(DATA / f"{name}.npz") as data:
        shapes = data["shapes"]
        cuts = np.cumsum(shapes.prod(axis=1))[:-1]
        masks = {
            side: [flat.reshape(shape) for flat, shape in zip(np.split(data[side], cuts), shapes)]
            for side in ("gt", "pred")
        }
    return Case(content["num_classes"], content["names"], masks["pred"], masks["gt"], content, content["match"])


def differences(expected, result):
    """Percentage points between the official figures and ours, by official name; NaN beside a number is infinite."""
    pairs = {name: (expected[name], result[key]) for name, key in KEYS.items()}
    pairs |= {f"IoU {i}": pair for i, pair in enumerate(zip(expected["IoUs"], result["per_category_iou"], strict=True))}
    return {name: _difference(official, 100 * ours) for name, (official, ours) in pairs.items()}


def _difference(official, ours):
    if official is None or math.isnan(ours):
        return 0.0 if official is None and math.isnan(ours) else math.inf
    return abs(official - ours)
