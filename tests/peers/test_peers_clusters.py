"""The clustering scores of `MatchedIoU.anatomy` beside scikit-learn's of the two labelings of all pixels."""

import numpy as np
import pytest

from imagenet_s.metrics import MatchedIoU

sklearn_metrics = pytest.importorskip("sklearn.metrics")
pytestmark = pytest.mark.peers

SCORES = {
    "homogeneity": sklearn_metrics.homogeneity_score,
    "completeness": sklearn_metrics.completeness_score,
    "v_measure": sklearn_metrics.v_measure_score,
    "adjusted_rand_index": sklearn_metrics.adjusted_rand_score,
    "normalized_mutual_information": sklearn_metrics.normalized_mutual_info_score,
}


@pytest.mark.parametrize("clusters", [1, 2, 9, 60])
@pytest.mark.parametrize("agree", [0.0, 0.7, 1.0])
def test_clusters(clusters, agree):
    for seed in range(4):
        generator = np.random.default_rng([seed, clusters])
        metric, true, predicted = MatchedIoU(9), [], []
        for height, width in ((30, 41), (12, 12), (1, 7)):
            reference = generator.choice([0, 0, 0, 1, 2, 3, 9, 1000], (height, width))
            noise = generator.integers(0, clusters, (height, width))
            prediction = np.where(generator.random((height, width)) < agree, reference % 1000, noise)
            metric.update(prediction, reference)
            scored = reference != 1000
            true.append(reference[scored])
            predicted.append(prediction[scored])
        result = metric.anatomy("majority")["clusters"]
        labelings = np.concatenate(true), np.concatenate(predicted)
        for name, score in SCORES.items():
            assert result[name] == pytest.approx(score(*labelings), abs=1e-12), name


def test_one_id():
    metric = MatchedIoU(3)
    metric.update(np.full((4, 4), 2), np.full((4, 4), 1))
    result = metric.anatomy("hungarian")["clusters"]
    for name, score in SCORES.items():
        assert result[name] == score([1] * 16, [2] * 16), name
