"""The page of maps, as a browser shows it: right, readable, and sufficient in itself."""

import numpy as np
import pytest

from imagenet_s.conversion.facts import categories
from imagenet_s.metrics import Localization
from imagenet_s.report import html_map_report, overlay, percent

pytestmark = pytest.mark.chromium

LABELS = categories("300").names
LONG = "a_name_without_a_single_space_" * 4


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A page of 90 maps of 75 classes with pictures, and what it is about."""
    generator = np.random.default_rng(0)
    metric, drawn = Localization(), {}
    for number in range(90):
        mask = np.zeros((40, 50), int)
        mask[5 : generator.integers(10, 38), 5 : generator.integers(10, 45)] = number % 75 + 1
        values = generator.random(mask.shape) + (mask > 0) * generator.random()
        name = LONG if number == 3 else f"image_{number:02}"
        metric.update(values, mask, number % 75 + 1, name)
        drawn[name] = overlay(None, values, mask > 0)
    intervals = metric.bootstrap(samples=50)
    page = html_map_report(
        metric.compute(),
        metric.per_image(),
        metric.iou_curve(),
        LABELS,
        title="Made up",
        intervals=intervals,
        picture=drawn.__getitem__,
    )
    path = tmp_path_factory.mktemp("maps") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path, metric


def test_figures_curve_and_pictures(visit, run):
    path, metric = run
    result = metric.compute()
    report = visit(path.as_uri())
    for key in ("average_precision", "pointing_game", "iou_at_0.5"):
        place = report.locator(f".tiles [data-key='{key}']")
        assert percent(result[key]) in place.inner_text()
        box, drawn = place.locator(".bar, .bar i").evaluate_all("all => all.map(e => e.getBoundingClientRect().width)")
        assert drawn / box == pytest.approx(result[key], abs=0.01)
    dot, line = report.locator("circle, polyline").evaluate_all(
        "all => [...all].sort((a, b) => a.tagName < b.tagName ? -1 : 1).map(e => {"
        "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2, r.y];})"
    )
    assert dot[1] == pytest.approx(line[2], abs=4), "the dot is on the top of the curve"
    shown = report.locator(".maps img").evaluate_all("all => all.map(e => [e.complete, e.naturalWidth])")
    assert shown == [[True, 320]] * 12
    rows = report.locator(".classes.all li").evaluate_all("all => all.map(e => +e.dataset.id)")
    assert sorted(rows) == list(range(1, 76))


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_fits_every_screen(visit, run, too_wide, barriers, width, dark):
    report = visit(run[0].as_uri(), width=width, dark=dark)
    assert barriers(report) == []  # and opens what is folded
    assert too_wide(report) == []
    paper, ink = report.evaluate(
        "(({backgroundColor, color}) => [backgroundColor, color])(getComputedStyle(document.body))"
    )
    assert (sum(map(int, paper[4:-1].split(","))) < 200) == dark
    assert paper != ink
