"""A report as large as they get: 919 classes, 12,419 images, pictures, hostile names; searched, sorted, read."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion.facts import categories, class_groups
from imagenet_s.metrics import MatchedIoU
from imagenet_s.metrics.matched_miou.counts import count_pair
from imagenet_s.report import Picture, chosen_images, html_report
from imagenet_s.report.comparison_page import html_comparison_page
from imagenet_s.report.comparison_tables import PictureOfBoth
from imagenet_s.report.pictures_page import html_picture_page
from imagenet_s.report.which_images import ValuesOfBoth

pytestmark = pytest.mark.chromium

HOSTILE = "<img src=x onerror=\"document.title='run'\">'&amp;"
IMAGES = 12_419


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The path of the page, its result, and the labels, of which one is hostile."""
    generator = np.random.default_rng(0)
    metric = MatchedIoU(919)
    reference, prediction = np.zeros((2, 40, 50), np.uint16)
    for number in range(IMAGES):
        one, other = number % 919 + 1, int(generator.integers(1, 920))
        height = int(generator.integers(5, 35))
        reference[:], prediction[:] = 0, 0
        reference[:height], reference[height : height + 4, :20], reference[0] = one, other, 1000
        prediction[2 : height + 2] = one if generator.random() < 0.5 + 0.4 * np.sin(one) else other
        name = f"n{one:08d}/{HOSTILE if number == 7 else number:>08}.png"
        metric.update_counts(count_pair(prediction, reference, name), name)
    labels = [HOSTILE if i == 400 else name for i, name in enumerate(categories("919").names)]
    result, per_image = metric.compute(), metric.per_image()
    noise = Image.fromarray(generator.integers(0, 255, (150, 200, 3), np.uint8))  # larger than any photo as JPEG
    buffer = io.BytesIO()
    noise.save(buffer, "JPEG", quality=80)
    address = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
    page = html_report(
        result,
        per_image,
        labels,
        title=f"All of it {HOSTILE}",
        intervals=metric.bootstrap(samples=20),
        groups=class_groups("919"),
        confusions=metric.confusions(limit=20),
        pictures=[
            Picture(rank, per_image["name"][i], per_image["mean_iou"][i], *[address] * 4, [("#336699", HOSTILE)])
            for rank, i in chosen_images(per_image)
        ],
        anatomy=metric.anatomy(),
    )
    path = tmp_path_factory.mktemp("full") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path, result, labels


def test_it_is_small_and_opens_at_once(visit, report):
    page = visit(report[0].as_uri())
    took = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    print(f"{report[0].stat().st_size:,} bytes, DOMContentLoaded after {took:.0f} ms")  # noqa: T201
    assert report[0].stat().st_size < 3_000_000


@pytest.mark.parametrize("width", [1200, 375])
def test_a_class_opens_to_what_it_loses(visit, report, width):
    page = visit(report[0].as_uri())
    page.set_viewport_size({"width": width, "height": 800})
    section = page.locator(".lost")
    assert section.get_by_text("Wrong class, right place").is_visible()
    opened = page.locator(".classes.best li:visible").filter(has=page.locator("summary")).first
    opened.locator("summary").click()
    assert opened.locator("details span").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_search_by_name_and_id(visit, report):
    page = visit(report[0].as_uri())
    search = page.get_by_label("Find a class")
    search.press_sequentially("spaniel")
    rows = page.locator(".classes.all li:visible")
    names = [name for name in report[2] if "spaniel" in name.lower()]
    assert rows.count() == len(names) > 3
    assert all(any(name in text for name in names) for text in rows.locator(".name").all_inner_texts())
    assert page.locator("output").inner_text() == f"{len(names)} of 920"
    search.fill("onerror")
    assert rows.count() == 1
    search.fill("no such class")
    assert rows.count() == 0
    search.fill("")
    assert rows.count() == 920


def test_sort_in_every_order(visit, report):
    page, result = visit(report[0].as_uri()), report[1]
    ious, boundary = result["per_category_iou"], result["per_category_boundary_iou"]
    key = {
        "best": lambda i: -round(ious[i], 6),
        "worst": lambda i: round(ious[i], 6),
        "boundary": lambda i: -round(boundary[i], 6),
        "id": lambda i: i,
    }
    for order, by in key.items():
        page.get_by_label("Sort by").select_option(order)
        ids = [int(i) for i in page.locator(".classes.all li").evaluate_all("all => all.map(li => li.dataset.id)")]
        assert sorted(ids) == list(range(920))
        assert [by(i) for i in ids] == sorted(map(by, ids)), order
    page.get_by_label("Sort by").select_option("name")
    names = page.locator(".classes.all li").evaluate_all("all => all.map(li => li.dataset.name)")
    assert names == page.evaluate("names => [...names].sort((a, b) => a.localeCompare(b))", names)


def test_by_keyboard(visit, report):
    page = visit(report[0].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("goldfish")
    assert page.locator(".classes.all li:visible").count() == 1
    page.keyboard.press("Tab")
    page.keyboard.press("w")  # "worst" or "IoU": whatever the platform does, focus is on the list of orders
    assert page.evaluate("document.activeElement.tagName") == "SELECT"


def test_read_without_javascript(new_context, report):
    page = new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900}).new_page()
    page.goto(report[0].as_uri())
    assert page.locator(".classes.all li").count() == 920
    assert not page.locator(".find").is_visible(), "what does nothing is not shown"
    page.locator("summary", has_text="All 920 classes").click()
    assert page.locator(".classes.all li").first.is_visible()
    assert page.locator(".pictures img").count() == 36
    assert page.locator(".confused tbody tr").count() == 20


def test_every_name_is_text(visit, report):
    page = visit(report[0].as_uri())
    assert page.title() == f"All of it {HOSTILE}"
    assert page.locator("img:not([src^='data:'])").count() == 0
    assert page.locator(".pictures .names").first.inner_text().strip() == HOSTILE
    assert page.locator(".classes.all li[data-id='400']").get_attribute("data-name") == HOSTILE
    assert page.locator("script").count() == 1


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True), (320, False)])
def test_on_every_screen(visit, too_wide, report, width, dark, tmp_path):
    """Nothing is wider than the screen; a picture of it is kept for whoever wants to look."""
    page = visit(report[0].as_uri(), width=width, dark=dark)
    assert too_wide(page) == []
    assert page.evaluate("innerWidth") == width
    page.screenshot(path=tmp_path / f"{width}-{'dark' if dark else 'light'}.png", full_page=True)
    columns = (
        page.locator(".pictures li > div")
        .first.locator("figure")
        .evaluate_all("all => new Set(all.map(e => e.getBoundingClientRect().left)).size")
    )
    assert columns == (4 if width > 700 else 2)


def test_pictures_have_a_text(visit, report):
    page = visit(report[0].as_uri())
    texts = page.locator(".pictures img").evaluate_all("all => all.map(one => one.alt)")
    assert all(text.split(" of ")[0] in ("image", "reference", "prediction", "difference") for text in texts)
    assert len(set(texts)) == 36


def test_barriers_are_found(new_context, barriers):
    page = new_context().new_page()
    page.set_content("<p style='color: #ccc; background: #fff'>pale</p><img src='data:image/gif;base64,R0lGODlh'>")
    assert {barrier.split()[0] for barrier in barriers(page)} >= {"image-alt", "color-contrast", "html-has-lang"}


@pytest.mark.parametrize("dark", [False, True])
def test_no_barriers(visit, barriers, report, dark):
    assert barriers(visit(report[0].as_uri(), dark=dark)) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("kind", ["pictures", "comparison"])
def test_other_pages_fit_and_show_names_as_text(visit, too_wide, barriers, tmp_path, kind, width):
    path = tmp_path / "page.html"
    buffer = io.BytesIO()
    Image.new("RGB", (224, 150), "#336699").save(buffer, "PNG")
    address = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    if kind == "pictures":
        both = [Picture(HOSTILE, f"{HOSTILE}{i}", float("nan"), *[address] * 4, [("", HOSTILE)]) for i in range(2)]
        path.write_text(html_picture_page(both, title=HOSTILE, notes=[HOSTILE]), encoding="utf-8")
    else:
        run = {"name": [HOSTILE, "x" * 300], "mean_iou": [0.25, 0.5]}
        other = {"name": run["name"][::-1], "mean_iou": [0.75, 0.125]}
        one = {"difference": -0.0625, "low": -0.25, "high": 0.125, "wins": 1, "ties": 0, "losses": 1}
        more = {
            "classes": [ValuesOfBoth(HOSTILE, 0.25, 0.5), ValuesOfBoth("x" * 100, 0.5, 0.25)],
            "pictures": [PictureOfBoth(HOSTILE, HOSTILE, 0.25, 0.5, *[address] * 4, [("#336699", HOSTILE)])],
        }
        page = html_comparison_page(run, other, {"mean_iou": one}, title=HOSTILE, notes=[HOSTILE], **more)
        path.write_text(page, encoding="utf-8")
    page = visit(path.as_uri(), width=width, dark=width == 390)
    assert barriers(page) == []
    assert page.title() == HOSTILE
    assert too_wide(page) == []
    assert page.evaluate("innerWidth") == width
    assert page.locator("script").count() == 0
    assert page.locator("main").inner_text().count(HOSTILE) >= 1
