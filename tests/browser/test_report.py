"""The page of an evaluation, as a browser shows it: right, readable, and sufficient in itself."""

import http.server
import re
import threading
from collections import Counter
from functools import partial

import numpy as np
import pytest

from imagenet_s.conversion.facts import categories
from imagenet_s.metrics import MatchedIoU
from imagenet_s.report import TITLES, html_report, percent

pytestmark = pytest.mark.chromium

LABELS = categories("300").names
HOSTILE = "<script>document.title = 'run'</script>&amp;"
OPEN = "document.querySelectorAll('details').forEach(details => details.open = true)"
LONG = "a_name_without_a_single_space_" * 8


@pytest.fixture(scope="module")
def run(pairs, tmp_path_factory):
    """A page of 300 classes, half of them absent, and what it is about: figures, intervals, references by image."""
    metric = MatchedIoU(300)
    for name, pair in pairs.items():
        metric.update(*pair, name)
    result, intervals = metric.compute("hungarian"), metric.bootstrap("hungarian", samples=100)
    page = html_report(result, metric.per_image("hungarian"), LABELS, title="Made up", intervals=intervals)
    path = tmp_path_factory.mktemp("run") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path, result, intervals, {name: reference for name, (_, reference) in pairs.items()}


def test_figures_and_bars(visit, run):
    _, result, intervals, _ = run
    report = visit(run[0].as_uri())
    spans = {key: " to ".join(map(percent, intervals[key])) for key in TITLES}
    rows = report.locator(".figures tbody tr").evaluate_all(
        "rows => rows.map(r => [r.dataset.key, ...[...r.querySelectorAll('.value, .span')].map(e => e.innerText)])"
    )
    assert rows == [[key, percent(result[key]), spans[key]] for key in TITLES]
    for key in TITLES:  # in large, or by size
        place = report.locator(f".tiles [data-key={key}], .sizes [data-key={key}]")
        assert percent(result[key]) in place.inner_text()
        assert spans[key] in place.inner_text()
        (left, right), (_, end), interval = place.locator(".bar").evaluate(
            "bar => [bar, ...bar.children].map(e => e.getBoundingClientRect()).map(r => [r.left, r.right])"
        )
        drawn = [(x - left) / (right - left) for x in (end, *interval)]
        assert drawn == pytest.approx([result[key], *intervals[key]], abs=0.01), key


@pytest.mark.parametrize("case", ["run", "hostile", "some intervals"])
@pytest.mark.parametrize("width", [320, 400, 700, 1280])
def test_bars_have_one_width_with_and_without_figures(visit, request, tmp_path, case, width):
    if case == "some intervals":
        metric = MatchedIoU(3)
        for number in range(4):
            metric.update([[1, 2, 2, 2]], [[1, 1, 2, number % 3]])
        result, intervals = metric.compute(), metric.bootstrap(samples=20)
        assert {value == value for value in result.values() if isinstance(value, float)} == {True, False}
        page = html_report(result, metric.per_image(), list("abcd"), title="x", intervals=intervals)
        path = tmp_path / "report.html"
        path.write_text(page, encoding="utf-8")
    else:
        path = request.getfixturevalue(case)[0]
    bars = visit(path.as_uri(), width=width).locator(".sizes .bar")
    edges = bars.evaluate_all("all => all.map(e => e.getBoundingClientRect()).map(r => [r.left, r.right])")
    assert len(edges) == 8
    assert {tuple(pair) for pair in edges} == {tuple(edges[0])}
    assert edges[0][1] - edges[0][0] > 60


def test_classes(visit, run):
    _, result, _, truth = run
    report = visit(run[0].as_uri())
    report.evaluate(OPEN)
    images = Counter(i for ids in truth.values() for i in np.unique(ids).tolist() if 0 < i <= 300)
    rows = report.locator(".classes.all li").evaluate_all(
        "rows => rows.map(li => [+li.dataset.id, ...[...li.querySelectorAll('.name, .value')].map(e => e.innerText),"
        "...[...li.querySelectorAll('.bar')].map(bar => (bar.querySelector('i')?.offsetWidth ?? 0) / bar.offsetWidth)])"
    )
    assert {row[0] for row in rows} == {0, *images}
    for number, name, area, boundary, *bars in rows:
        ious = result["per_category_iou"][number], result["per_category_boundary_iou"][number]
        assert name == LABELS[number] + (f" {images[number]} image{'s' * (images[number] > 1)}" if number else "")
        assert (area, boundary) == tuple(map(percent, ious))
        assert bars == pytest.approx(ious, abs=0.01)
    assert rows == sorted(rows, key=lambda row: -result["per_category_iou"][row[0]])
    for end, ranked in (("best", rows[:20]), ("worst", rows[:-21:-1])):
        assert report.locator(f".{end} .name").all_inner_texts() == [row[1] for row in ranked]
    absent = [LABELS[i] for i in range(1, 301) if i not in images]
    assert report.locator(".absent").text_content() == ", ".join(absent)
    expected = np.bincount([min(int(float(row[2])) // 10, 9) for row in rows], minlength=10)
    columns = report.locator(".histogram li").evaluate_all(
        "all => all.map(li => [+li.querySelector('b').innerText, li.querySelector('i').offsetHeight])"
    )
    numbers, heights = np.array(columns).T
    assert numbers.tolist() == expected.tolist()
    assert heights / heights.max() == pytest.approx(expected / expected.max(), abs=0.01)


def test_images_worst_first(visit, run):
    report = visit(run[0].as_uri())
    truth = run[3]
    rows = [line.split("\t") for line in report.locator(".images tbody").inner_text().splitlines()]
    assert rows == sorted(rows, key=lambda row: float(row[1]))
    assert {row[0] for row in rows} == {*truth}
    for name, *_, reference, _ in rows:
        ids = truth[name]
        present = sorted((i for i in np.unique(ids).tolist() if 0 < i <= 300), key=lambda i: (-(ids == i).sum(), i))
        more = [f"{len(present) - 3} more"] * (len(present) > 3)
        assert reference == ", ".join([LABELS[i] for i in present[:3]] + more)


def test_a_server_is_asked_for_the_page_alone(visit, run):
    """From a server, browsers ask for an icon, too; the policy of the page forbids even that."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=run[0].parent)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = visit(f"http://127.0.0.1:{server.server_port}/report.html")
        page.wait_for_load_state("networkidle")
        assert page.title() == "Made up"
        server.shutdown()
    assert asked == ["/report.html"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A page of two classes with impossible names, an absent size, no interval."""
    metric = MatchedIoU(3)
    metric.update([[1, 2, 2, 2]], [[1, 1, 2, 1000]], f"{LONG}/{HOSTILE}.png")
    about = metric.compute(), metric.per_image(), ["other", HOSTILE, LONG, "absent"]
    page = html_report(*about, title=HOSTILE, notes=[f"A note: {HOSTILE}", LONG])
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    path.write_text(page, encoding="utf-8")
    return [path]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 400, 700, 1280])
@pytest.mark.parametrize("case", ["run", "hostile"])
def test_it_fits_and_can_be_read(visit, too_wide, request, case, width, dark):
    """Every text is at least 12 pixels high and has the contrast of WCAG 2.2 level AA, 4.5 to 1."""
    page = visit(request.getfixturevalue(case)[0].as_uri(), width=width, dark=dark)
    assert too_wide(page) == []
    page.evaluate(OPEN)
    assert too_wide(page) == []
    assert page.evaluate("innerWidth") == width
    texts = page.locator("body *").evaluate_all("""all => all
      .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
      .map(e => getComputedStyle(e)).map(style => [style.color, parseFloat(style.fontSize)])""")
    paper = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (paper < 0.05) is dark
    assert min(size for _, size in texts) >= 12
    for colour in {colour for colour, _ in texts}:
        dim, light = sorted((luminance(colour), paper))
        assert (light + 0.05) / (dim + 0.05) >= 4.5, colour


def luminance(colour):
    """Relative luminance of `rgb(r, g, b)`, as WCAG 2.2 defines it."""
    parts = np.array([int(part) for part in re.findall(r"\d+", colour)]) / 255
    return float(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


def test_names_are_text_whatever_they_are(visit, hostile):
    page = visit(hostile[0].as_uri())
    assert page.title() == HOSTILE
    assert page.locator("h1").text_content() == HOSTILE
    assert page.locator("header p").first.text_content() == f"A note: {HOSTILE}"
    assert page.locator(".images th[scope]").text_content() == f"{LONG}/{HOSTILE}.png"
    assert HOSTILE in page.locator(".classes").text_content()


def test_the_checks_would_notice(visit, too_wide, tmp_path):
    """A page with every fault that the tests of this folder look for."""
    image, page = tmp_path / "nowhere.png", tmp_path / "faulty.html"
    page.write_text("""<!doctype html><div style="width:2000px">wide</div><img src="nowhere.png">
        <div style="overflow-x:auto"><p style="width:3000px">scrolls by itself</p></div>
        <script>console.error("complaint"); setTimeout(() => { throw new Error("broken") })</script>""")
    shown = visit(page.as_uri())
    shown.wait_for_load_state("networkidle")
    not_found = "Failed to load resource: net::ERR_FILE_NOT_FOUND"
    assert sorted(visit.faults) == [not_found, "broken", "complaint", image.as_uri()]
    visit.faults.clear()
    assert too_wide(shown) == ["DIV : wide", "the page: 2008 > 1280"]
