"""The section "Where the points are lost" of the page of masks, and the tables of `evaluate --anatomy`."""

import json
import re

import numpy as np
import pytest

from imagenet_s.cli.main import main
from imagenet_s.metrics import MatchedIoU
from imagenet_s.report import html_report
from imagenet_s.report.anatomy_tables import lost_points
from imagenet_s.report.which_images import images_of_groups

LABELS = ("other", "a", "<b>", "c")


@pytest.fixture
def metric():
    metric = MatchedIoU(3)
    # Cluster 4 merges a and <b>, class c is split over 5 and 6, and 6 has no class.
    metric.update([[4, 4, 4, 4, 0, 0]], [[1, 1, 1, 2, 2, 0]], "first")
    metric.update([[5, 5, 5, 6, 6, 4]], [[3, 3, 3, 3, 3, 1000]], "second")
    return metric


def page(metric, matching):
    result = metric.compute(matching)
    per_image, anatomy = metric.per_image(result["matching"]), metric.anatomy(matching)
    return html_report(result, per_image, LABELS, title="x", anatomy=anatomy)


def test_tables(metric):
    lost = lost_points(metric.anatomy({4: 1, 5: 3}), LABELS)
    assert lost.wrong_pixels == 4
    shares = {kind.title: sum(kind.share) for kind in lost.kinds}
    assert shares == {"Background as object": 0, "Object as background": 0.25, "Wrong class": 0.25, "No class": 0.5}
    assert (lost.groups[0].title, lost.groups[0].images) == ("Right class, right place", 2)
    assert [(row.name, row.lost, row.partners) for row in lost.merged] == [
        ("cluster 0", 1, "other 50 %, <b> 50 %"),
        ("cluster 4", 1, "a 75 %, <b> 25 %"),
    ]
    assert [(row.name, row.lost, row.partners) for row in lost.split] == [
        ("c", 2, "cluster 5 60 %, cluster 6 40 %"),
        ("<b>", 1, "cluster 0 50 %, cluster 4 50 %"),
    ]
    assert lost.parts[2] == [(0.5, "missed, taken for “other”"), (0.5, "missed, taken for another class")]


def test_the_section(metric):
    text = page(metric, {4: 1, 5: 3})
    assert "Where the points are lost" in text
    assert "4 pixels are wrong" in text
    assert "<td>a 75 %, &lt;b&gt; 25 %</td>" in text
    assert "50.00 % missed, in a cluster without a class" not in text
    assert "100.00 % missed, in a cluster without a class" in text  # class c
    for part in ("Clusters that merge classes", "Homogeneity"):
        assert part in text
        assert part not in page(ids_as_classes(), "none")


def ids_as_classes():
    metric = MatchedIoU(3)
    metric.update([[1, 1, 0, 2]], [[1, 1, 2, 2]], "a")
    return metric


def test_nothing_is_wrong():
    metric = MatchedIoU(3)
    metric.update(np.eye(3, dtype=int), np.eye(3, dtype=int), "a")
    assert "No pixel is wrong." in page(metric, "none")


def test_without_anatomy_there_is_no_section(metric):
    text = html_report(metric.compute("majority"), metric.per_image("majority"), LABELS, title="x")
    assert "points are lost" not in text
    assert "what is wrong" not in text


def test_examples_are_spread_over_a_group():
    groups = ["right", "", *["wrong"] * 7]
    assert images_of_groups(groups, {"wrong": "W", "right": "R"}) == [("W", 2), ("W", 4), ("W", 6), ("R", 0)]


def test_on_the_command_line(metric, tmp_path, capsys):
    metric.save(tmp_path / "three.npz")
    fifty = MatchedIoU(50)
    fifty.update([[4, 4, 4, 4, 0, 0]], [[1, 1, 1, 2, 2, 0]], "first")
    fifty.save(tmp_path / "counts.npz")
    counts = ["evaluate", "--counts", str(tmp_path / "counts.npz"), "--matching", "majority"]
    assert main([*counts, "--anatomy"]) == 0
    printed = capsys.readouterr().out
    assert "Wrong class           boundary    50.00" in printed
    assert re.search(r"Right class, right place +1 +100.00", printed)
    assert "V-measure" in printed
    assert main([*counts, "--anatomy", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["anatomy"] == json.loads(json.dumps(fifty.anatomy("majority")))
    assert main([*counts, "--json", "-"]) == 0
    assert "anatomy" not in json.loads(capsys.readouterr().out)
