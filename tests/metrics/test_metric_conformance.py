"""Our figures are the official evaluator's."""

import pytest
from conformance import CASES, differences, load_case

from imagenet_s.metrics import MatchedIoU


@pytest.fixture(params=CASES)
def case(request):
    return load_case(request.param)


@pytest.fixture
def counted(case):
    metric = MatchedIoU(case.num_classes)
    for name, prediction, reference in zip(case.names, case.predictions, case.references):
        metric.update(prediction, reference, name)
    return metric


@pytest.mark.parametrize("which", ["with_match", "without_match"])
def test_every_figure_and_class(case, counted, which):
    result = counted.compute(case.match if which == "with_match" else "none")
    far = {name: d for name, d in differences(case.expected[which], result).items() if d > 1e-5}  # docs/metric.md
    assert not far
    assert len(result["per_category_iou"]) == case.num_classes + 1


@pytest.mark.parametrize("matching", ["hungarian", "hungarian_pixel"])
def test_the_match_reaches_the_official_sum(case, counted, matching):
    def images_in_common(match):
        total = 0
        for prediction, reference in zip(case.predictions, case.references):
            scored = reference != 1000
            clusters, classes = set(prediction[scored].tolist()) - {0}, set(reference[scored].tolist()) - {0}
            total += sum(match.get(k) in classes for k in clusters)
        return total

    official = {int(k): v for k, v in case.match.items()}
    ours = counted.match(matching)
    assert images_in_common(ours) == images_in_common(official)
    assert sorted(ours.values()) == list(range(case.num_classes + 1))


def test_the_official_match_lies_in_the_range_of_ties(case, counted):
    # Which of the equally good matches the official tool takes is its solver's affair.
    low, high = counted.compute("hungarian")["mean_iou_tie_range"]
    assert low < counted.compute(case.match)["mean_iou"] < high
    assert counted.compute("hungarian_pixel")["mean_iou"] == high


def test_munkres_gives_the_recorded_match(case, counted):
    # Recorded with munkres 3; other versions give other matches of the same sum.
    munkres = pytest.importorskip("munkres")
    if not hasattr(munkres, "solve"):
        pytest.skip("munkres before 2")
    assert counted.match("munkres") == {int(k): v for k, v in case.match.items()}


def test_the_cases_hold_what_they_are_for():
    edge = load_case("edge-50")
    assert {(1, 1)} < {mask.shape for mask in edge.references}
    assert any(len(set(mask.ravel().tolist())) == 1 and not mask.any() for mask in edge.predictions)
    assert edge.expected["with_match"]["S"] is None
