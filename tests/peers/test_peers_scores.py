"""Our scores beside those of scikit-learn and Quantus where definitions agree, and what the docs say of the rest."""

import numpy as np
import pytest
from peer_maps import made

from imagenet_s.metrics import Localization

quantus = pytest.importorskip("quantus")
sklearn_metrics = pytest.importorskip("sklearn.metrics")
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

OFF = {"abs": False, "normalise": False, "disable_warnings": True}


def scores(values, mask, target=7, **options):
    metric = Localization((0.5, "mean", "mean_std"), **options)
    metric.update(values, mask, target)
    return {key: column[0] for key, column in metric.per_image().items()}


def from_quantus(name, values, masks, **options):
    scorer = getattr(quantus, name)(**{**OFF, **options})
    maps, masks = np.array(values)[:, None], (np.array(masks) == 7)[:, None]
    return scorer.evaluate_batch(a_batch=maps, s_batch=masks)


@pytest.mark.parametrize("kind", ["no ties", "ties", "signed", "ignored", "constant"])
def test_scikit_learn(kind):
    for number in range(5):
        values, mask = made(number, signed=kind == "signed")
        if kind == "ties":
            values = np.round(values * 6)
        elif kind == "constant":
            values = np.full_like(values, 0.3)
        elif kind == "ignored":
            mask[5:7] = 1000
        valid = mask != 1000
        x, truth = values[valid], mask[valid] == 7
        s = (x - x.min()) / (np.ptp(x) or 1)
        actual = scores(values, mask)
        expected = {
            "average_precision": sklearn_metrics.average_precision_score(truth, x),
            "auroc": sklearn_metrics.roc_auc_score(truth, x),
            "image_max_iou": max(
                sklearn_metrics.jaccard_score(truth, x >= v) for v in np.unique(x)[:: len(x) // 50 + 1]
            ),
        }
        if kind != "constant":
            both = np.concatenate([truth, ~truth]), np.concatenate([s, 1 - s])
            expected["mean_average_precision"] = sklearn_metrics.average_precision_score(*both)
        for name, picked in (("0.5", s >= 0.5), ("mean", x > x.mean() + 1e-12)):
            expected |= {
                f"iou_at_{name}": sklearn_metrics.jaccard_score(truth, picked),
                f"pixel_accuracy_at_{name}": sklearn_metrics.accuracy_score(truth, picked),
                f"ground_truth_coverage_at_{name}": sklearn_metrics.recall_score(truth, picked),
                f"saliency_coverage_at_{name}": sklearn_metrics.precision_score(truth, picked, zero_division=0),
            }
        some_levels = expected.pop("image_max_iou")
        assert actual["image_max_iou"] >= some_levels - 1e-12
        assert {key: actual[key] for key in expected} == pytest.approx(expected, abs=1e-9)


def test_scikit_learn_every_level():
    values, mask = made(3, (6, 7))
    mask[1:3, 2:5] = 7
    truth = (mask == 7).ravel()
    every = [sklearn_metrics.jaccard_score(truth, values.ravel() >= v) for v in np.unique(values)]
    assert scores(values, mask)["image_max_iou"] == pytest.approx(max(every), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "key", "options"),
    [
        ("PointingGame", "pointing_game", {}),
        ("RelevanceMassAccuracy", "energy_pointing_game", {}),
        ("RelevanceRankAccuracy", "relevance_rank_accuracy", {}),
        ("AUC", "auroc", {}),
    ],
)
def test_quantus(name, key, options):
    images = [made(number) for number in range(8)]
    actual = from_quantus(name, *zip(*images), **options)
    assert list(actual) == pytest.approx([scores(*image)[key] for image in images], abs=1e-9)


def test_quantus_on_absolute_values():
    images = [made(number, signed=True) for number in range(8)]
    actual = from_quantus(
        "RelevanceMassAccuracy", [np.abs(values) for values, _ in images], [mask for _, mask in images]
    )
    expected = [scores(*image, relevance="absolute")["energy_pointing_game"] for image in images]
    assert list(actual) == pytest.approx(expected, abs=1e-9)


def test_what_the_docs_say_of_quantus():
    flat, (values, mask) = np.ones((24, 18)), made(1)
    assert from_quantus("PointingGame", [flat], [mask])[0] == 1
    assert scores(flat, mask)["pointing_game"] == (mask == 7).mean()
    signed = [made(number, signed=True) for number in range(8)]
    mass = np.array(from_quantus("RelevanceMassAccuracy", *zip(*signed)))
    assert ((mass < 0) | (mass > 1)).any()
    tied = np.floor(values * 4)
    turned = [from_quantus("RelevanceRankAccuracy", [f(tied)], [f(mask)])[0] for f in (np.array, np.flipud, np.fliplr)]
    assert len(set(turned)) > 1
    assert scores(tied, mask) == scores(tied[::-1], mask[::-1])
