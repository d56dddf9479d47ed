"""The page of an evaluation fits and can be read: on wide and narrow screens, light and dark, few or many classes."""

import numpy as np
import pytest

from imagenet_s.conversion.facts import categories
from imagenet_s.metrics import MatchedIoU
from imagenet_s.metrics.report import html_report

pytestmark = pytest.mark.chromium

HOSTILE = "<script>document.title = 'run'</script>&amp;"
LONG = "a_name_without_a_single_space_" * 8


def few():
    """Two classes with impossible names, an absent size, no interval."""
    metric = MatchedIoU(3)
    metric.update([[1, 2, 2, 2]], [[1, 1, 2, 1000]], f"{LONG}/{HOSTILE}.png")
    labels = ["other", HOSTILE, LONG, "absent"]
    return metric, labels, {}, [f"A note: {HOSTILE}", LONG]


def many():
    """919 classes of which a third are hit, some are missed and some are absent, with intervals."""
    generator = np.random.default_rng(3)
    metric = MatchedIoU(919)
    for number in range(1000):
        label = number % 900 + 1
        gt = np.zeros((20, 24), np.uint16)
        gt[: generator.integers(2, 20), : generator.integers(2, 24)] = label
        metric.update(np.roll(gt, int(generator.integers(5)), axis=1) * (label % 4 > 0), gt, f"n/{number:04}.png")
    return metric, categories("919").names, metric.bootstrap(samples=20), []


@pytest.fixture(scope="module", params=[few, many], ids=lambda case: case.__name__)
def address(request, tmp_path_factory):
    metric, labels, intervals, notes = request.param()
    page = html_report(
        metric.compute(), metric.per_image(), labels, title=f"A title, {request.param.__name__}", notes=notes,
        intervals=intervals,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("layout") / f"{request.param.__name__}.html"
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 400, 700, 1280])
def test_it_fits(browser, address, width, dark):
    page = browser.open(address, width=width, dark=dark)
    for _ in ("closed", "open"):
        assert page.overflow() <= 0
        assert page.sticks_out() == []
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("innerWidth") == width
    assert page.errors == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_can_be_read(browser, address, dark):
    """Every text is at least 12 pixels high and has the contrast of WCAG 2.2 level AA, 4.5 to 1."""
    page = browser.open(address, width=400, dark=dark)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    texts = page.evaluate("""
      [...new Set([...document.body.querySelectorAll('*')]
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
        .map(e => getComputedStyle(e))
        .map(style => JSON.stringify([style.color, parseFloat(style.fontSize)])))].map(JSON.parse)
    """)
    paper = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (paper < 0.05) is dark
    assert len(texts) > 3
    for colour, size in texts:
        light, dim = sorted((luminance(colour), paper), reverse=True)
        assert (light + 0.05) / (dim + 0.05) >= 4.5, colour
        assert size >= 12


def luminance(colour):
    """Relative luminance of `rgb(r, g, b)`, as WCAG 2.2 defines it."""
    parts = np.array([int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_names_are_text_whatever_they_are(browser, tmp_path):
    metric, labels, _, notes = few()
    path = tmp_path / "hostile.html"
    path.write_text(html_report(metric.compute(), metric.per_image(), labels, title=HOSTILE, notes=notes), "utf-8")
    page = browser.open(path.as_uri())
    assert page.evaluate("document.title") == HOSTILE
    assert page.evaluate("document.querySelector('h1').textContent") == HOSTILE
    assert page.evaluate("document.querySelector('.images th[scope]').textContent") == f"{LONG}/{HOSTILE}.png"
    assert HOSTILE in page.evaluate("document.querySelector('.classes').textContent")
    assert page.evaluate("document.scripts.length") == 0


def test_both_ends_of_many_classes(browser, tmp_path):
    metric, labels, intervals, _ = many()
    result, images = metric.compute(), metric.per_image()
    path = tmp_path / "many.html"
    path.write_text(html_report(result, images, labels, title="Many", intervals=intervals), encoding="utf-8")
    page = browser.open(path.as_uri())

    def ids(name):
        return page.evaluate(f"[...document.querySelectorAll('.{name} li')].map(li => +li.dataset.id)")

    held = sorted({0}.union(*images["classes"]), key=lambda i: result["per_category_iou"][i])
    values = [result["per_category_iou"][i] for i in held]
    assert [result["per_category_iou"][i] for i in ids("worst")] == values[:20]
    assert [result["per_category_iou"][i] for i in ids("best")] == values[:-21:-1]
    assert sorted(ids("all")) == sorted(held)
    assert ids("best") == ids("all")[:20]
    assert ids("worst") == ids("all")[:-21:-1]
    # Of those that were missed, the ones in two images (1..100) say more than those in one.
    assert set(ids("worst")) < set(range(1, 101))
    assert page.evaluate("document.querySelector('details').open") is False
    assert page.evaluate("document.querySelectorAll('.images tbody tr').length") == 20
    assert "19 classes are in none" in page.evaluate("document.body.innerText")
