"""Published results beside a run: of the same images, with the reason where they do not compare."""

from imagenet_s.conversion.facts.baselines import baselines
from imagenet_s.metrics import MatchedIoU
from imagenet_s.report import html_report
from imagenet_s.report.published_figures import published_figures


def record(**changed):
    return {"config": "919", "split": "validation", "matching": "hungarian", **changed}


def test_those_of_the_same_images():
    figures = published_figures(record())
    rows = [row for row in baselines("919", "validation") if row.metric == "mean_iou"]
    assert sorted(figure.value for figure in figures) == sorted(row.value / 100 for row in rows)
    assert [figure.value for figure in figures] == sorted((figure.value for figure in figures), reverse=True)
    assert len(published_figures(record(), "unsupervised")) < len(figures)
    assert published_figures(record(split=None)) == []
    assert published_figures(record(config=None)) == []


def test_why_they_do_not_compare():
    for matching, protocol, compares in (
        ("hungarian", "unsupervised", True),
        ("munkres", "unsupervised", True),
        ("none", "unsupervised", False),
        ("majority", "unsupervised", False),
        ("none", "semi", True),
        ("hungarian", "semi", False),
    ):
        figures = published_figures(record(matching=matching), protocol)
        assert figures
        assert {not figure.differs for figure in figures} == {compares}


def test_on_the_page():
    metric = MatchedIoU(2)
    metric.update([[1, 2, 2]], [[1, 2, 1]], "a")
    page = {
        bool(published): html_report(
            metric.compute(), metric.per_image(), ("other", "a", "b"), title="x", published=published
        )
        for published in ([], published_figures(record(), "unsupervised"))
    }
    assert "Among published results" in page[True]
    assert "PASS ResNet-50" in page[True]
    assert 'href="https://github.com/LUSSeg/PASS' in page[True]
    assert "Among published results" not in page[False]
