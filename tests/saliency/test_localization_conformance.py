"""Our scores are those that the originals gave for recorded maps.

`data/cases.npz` holds maps and masks, `data/cases.json` their scores. Those named in `by_original` were produced by
running that original (Quantus 0.6.0, TorchRay 6a198ee, Transformer-Explainability c3e578f, shared-interest 17c5d8f,
Score-CAM d312f14, scikit-learn 1.9.1; ignored pixels removed before), the others by a brute force that agrees.
Null is NaN. `counts` are the pixels at the threshold `mean`.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from imagenet_s.metrics import Localization
from imagenet_s.metrics.saliency.map_array import fit
from imagenet_s.metrics.saliency.score_formulas import score_image

DATA = Path(__file__).parent / "data"
RECORDED = json.loads((DATA / "cases.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def arrays():
    with np.load(DATA / "cases.npz") as data:
        return dict(data)


@pytest.mark.parametrize("name", RECORDED["cases"])
def test_every_score(name, arrays):
    case = RECORDED["cases"][name]
    values, mask = arrays[f"{name}/map"], arrays[f"{name}/mask"]
    metric = Localization(RECORDED["thresholds"], **case["options"])
    metric.update(values, mask, case["target"], name)
    columns = metric.per_image()
    assert set(case["scores"]) == set(metric.keys) >= set(case["by_original"])
    for key, value in case["scores"].items():
        expected = math.nan if value is None else value
        assert columns[key][0] == pytest.approx(expected, abs=1e-9, nan_ok=True), key
    one = score_image(*fit(values, mask, metric.options.resize, name), case["target"], metric.options)
    expected = case["counts"] or dict.fromkeys(("tp", "fp", "fn", "tn"), 0)
    assert one.counts.tolist() == list(expected.values())


def test_the_cases_hold_what_they_are_for():
    originals = {who for case in RECORDED["cases"].values() for who in case["by_original"].values()}
    for name in ("Quantus", "TorchRay", "Transformer-Explainability", "shared-interest", "Score-CAM", "scikit-learn"):
        assert any(name in who for who in originals), name
    options = [case["options"] for case in RECORDED["cases"].values()]
    for item in ({"relevance": "absolute"}, {"tolerance": 15}, {"resize": "map"}, {"resize": "mask"}):
        assert item in options
