"""The page of `imagenet-s evaluate --report`, of the miniature, as a browser shows it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from imagenet_s.cli.demo_evaluate import disturbed
from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.mask_codec import decode_mask, encode_official_png

pytestmark = pytest.mark.chromium

SIZES = ("s", "ms", "ml", "l")
KEYS = [
    *("image_accuracy", "mean_iou", "boundary_mean_iou"),
    *(f"mean_iou_{size}" for size in SIZES),
    *(f"boundary_mean_iou_{size}" for size in SIZES),
    "f_measure",
]


def shown(fraction):
    return "–" if fraction is None else f"{100 * fraction:.2f}"


@pytest.fixture(scope="module")
def run(miniature, tmp_path_factory):
    """A run of the command: its page, its JSON, and the references that it read."""
    folder = tmp_path_factory.mktemp("run")
    references = miniature("tree-50") / "ImageNetS50" / "validation-segmentation"
    truth = {}
    for number, path in enumerate(sorted(references.rglob("*.png"))):
        with Image.open(path) as image:
            truth[path.relative_to(references).as_posix()] = ids = decode_mask(image)
        target = folder / "predictions" / path.relative_to(references)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(encode_official_png(disturbed(ids, number, 50)))
    command = [sys.executable, "-m", "imagenet_s.cli.main", "evaluate", "--config", "50", "--matching", "hungarian"]
    command += ["--predict-dir", folder / "predictions", "--gt-dir", references, "--workers", "1", "--bootstrap", "100"]
    command += ["--json", folder / "figures.json", "--report", folder / "report.html"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "report.html", json.loads((folder / "figures.json").read_text()), truth


@pytest.fixture(scope="module")
def page(browser, run):
    return browser.open(run[0].as_uri(), width=1280)


def test_figures_are_those_of_the_json(page, run):
    result = run[1]
    rows = page.evaluate(
        "[...document.querySelectorAll('.figures tbody tr')].map(r => [r.dataset.key, "
        "r.querySelector('.value').innerText, r.querySelector('.span')?.innerText ?? '–'])"
    )
    spans = {key: " to ".join(map(shown, result["intervals"][key])) for key in KEYS}
    assert rows == [[key, shown(result[key]), spans[key]] for key in KEYS]
    for key in KEYS:  # in large, or by size
        text = page.evaluate(f"document.querySelector('.tiles [data-key={key}], .sizes [data-key={key}]').innerText")
        assert shown(result[key]) in text
        assert spans[key] in text


def test_bars_are_as_long_as_their_figures(page, run):
    result = run[1]
    for key in KEYS:
        bar = f"document.querySelector('.tiles [data-key={key}] .bar, .sizes [data-key={key}] .bar')"
        left, width, value, low, high = page.evaluate(
            f"(b => [b, b.querySelector('i'), b.querySelector('b')].map(e => e.getBoundingClientRect()))({bar})"
            ".flatMap((r, n) => n == 0 ? [r.left, r.width] : n == 1 ? [r.right] : [r.left, r.right])"
        )
        drawn = [(end - left) / width for end in (value, low, high)]
        assert drawn == pytest.approx([result[key], *result["intervals"][key]], abs=0.01), key


def test_classes(page, run):
    _, result, truth = run
    held = {i for ids in truth.values() for i in np.unique(ids).tolist() if i <= 50}
    rows = page.evaluate(
        "[...document.querySelectorAll('.classes.all li')].map(li => ["
        "+li.dataset.id, li.querySelector('.name').innerText,"
        "...[...li.querySelectorAll('.value')].map(v => v.innerText),"
        "...[...li.querySelectorAll('.bar')].map(b => (b.firstChild?.getBoundingClientRect().width ?? 0) "
        "/ b.getBoundingClientRect().width)])"
    )
    assert {row[0] for row in rows} == held
    labels = categories("50").names
    for number, name, area, boundary, area_bar, boundary_bar in rows:
        ious = result["per_category_iou"][number], result["per_category_boundary_iou"][number]
        images = sum(bool((ids == number).any()) for ids in truth.values())
        assert name.startswith(labels[number])
        assert number == 0 or name.endswith(f" {images} image" + "s" * (images != 1))
        assert (area, boundary) == tuple(map(shown, ious))
        assert (area_bar, boundary_bar) == pytest.approx(ious, abs=0.01)
    values = [result["per_category_iou"][row[0]] for row in rows]
    assert values == sorted(values, reverse=True)
    absent = page.evaluate("document.querySelector('.absent').textContent")
    assert absent == ", ".join(labels[i] for i in range(51) if i not in held)


def test_histogram(page, run):
    _, result, truth = run
    held = {i for ids in truth.values() for i in np.unique(ids).tolist() if i <= 50}
    expected = np.histogram([result["per_category_iou"][i] for i in held], bins=10, range=(0, 1))[0]
    columns = page.evaluate(
        "[...document.querySelectorAll('.histogram li')].map(li => "
        "[li.querySelector('b').innerText, li.querySelector('i').getBoundingClientRect().height])"
    )
    assert [int(number or 0) for number, _ in columns] == expected.tolist()
    heights = np.array([height for _, height in columns])
    assert heights / heights.max() == pytest.approx(expected / expected.max(), abs=0.01)


def test_images_worst_first(page, run):
    truth = run[2]
    rows = page.evaluate(
        "[...document.querySelectorAll('.images tbody tr')].map(r => [...r.children].map(c => c.innerText.trim()))"
    )
    values = [float(row[1]) for row in rows]
    assert values == sorted(values)
    labels = categories("50").names
    assert {row[0] for row in rows} == set(truth)
    for name, *_, reference, _ in rows:
        ids = truth[name]
        present = sorted((i for i in np.unique(ids).tolist() if 0 < i <= 50), key=lambda i: (-(ids == i).sum(), i))
        assert reference == ", ".join(labels[i] for i in present)


def test_nothing_goes_wrong_and_nothing_is_fetched(browser, run, serve):
    file = browser.open(run[0].as_uri())
    assert (file.errors, file.requests) == ([], [run[0].as_uri()])
    address, asked = serve({"report.html": run[0].read_text(encoding="utf-8")})
    served = browser.open(f"{address}/report.html")
    served.wait_for("document.title === 'ImageNet-S-50'")
    # From a server, browsers ask for an icon, too; the policy of the page forbids even that.
    assert served.requests == [f"{address}/report.html"]
    assert asked == ["/report.html"]
    assert served.errors == []
