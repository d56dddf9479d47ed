"""The Space of the metric, started as the Hub starts it, reached over HTTP and looked at in a browser."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagenet_s.metrics import MatchedIoU
from imagenet_s.metrics.report import TITLES

pytestmark = pytest.mark.chromium

FOLDER = Path(__file__).resolve().parents[2] / "metrics" / "matched_miou"
START = 90  # seconds; a few are usual


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """The address of the app, run from a copy of its folder alone: the package is not to be found there."""
    folder = tmp_path_factory.mktemp("space") / "app"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder.parent / "home"),
        "GRADIO_TEMP_DIR": str(folder.parent / "uploads"),
        "TMPDIR": str(folder.parent),
    }
    address = f"http://127.0.0.1:{port}"
    with open(folder.parent / "log", "wb") as log:
        app = subprocess.Popen([sys.executable, "app.py"], cwd=folder, env={**os.environ, **settings}, stderr=log)
    try:
        deadline = time.monotonic() + START
        while not answers(address):
            assert app.poll() is None, (folder.parent / "log").read_text()
            assert time.monotonic() < deadline, "the app does not answer"
            time.sleep(0.2)
        yield address
    finally:
        app.terminate()
        app.wait(30)


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="module")
def client(space):
    from gradio_client import Client

    return Client(space, verbose=False)


@pytest.fixture(scope="module")
def masks(tmp_path_factory):
    """name -> (prediction, reference): ids as arrays, and as PNGs of both kinds in two folders."""
    generator = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("masks")
    pairs = {}
    for number in range(5):
        reference = np.zeros((40, 50), np.uint16)
        for label in generator.choice(300, 3) + 1:
            top, left = generator.integers(30, size=2)
            reference[top : top + 15, left : left + 20] = label
        reference[:2] = 1000
        prediction = np.roll(reference, 3, axis=1)
        prediction[prediction == 1000] = 0
        prediction[prediction > 0] += 7  # clusters
        pairs[f"image_{number}.png"] = prediction, reference
        for side, ids in zip(("predictions", "references"), pairs[f"image_{number}.png"]):
            path = folder / side / f"image_{number}.png"
            path.parent.mkdir(exist_ok=True)
            official = np.stack([ids % 256, ids // 256, ids * 0], axis=-1).astype(np.uint8)
            Image.fromarray(official if number % 2 else ids).save(path)
    return folder, pairs


def files(folder, side, names):
    from gradio_client import handle_file

    return [handle_file(folder / side / name) for name in names]


def expected(pairs, names, num_classes, matching):
    metric = MatchedIoU(num_classes)
    for name in names:
        metric.update(*pairs[name], name)
    return metric.compute(matching), metric.per_image(matching)


def shown(fraction):
    return "–" if np.isnan(fraction) else f"{100 * fraction:.2f}"


@pytest.mark.parametrize("matching", ["hungarian", "pixel", "majority"])
@pytest.mark.parametrize("number", [1, 5])
def test_figures_over_http(client, masks, matching, number):
    folder, pairs = masks
    names = sorted(pairs)[:number]
    gallery, figures, classes, images = client.predict(
        files(folder, "predictions", names), files(folder, "references", names[::-1]), 300, matching, api_name="/score"
    )
    result, columns = expected(pairs, names, 300, matching)
    assert [(row[0].split(" (")[0], row[1]) for row in figures["data"][1:]] == [
        (TITLES[key], shown(result[key])) for key in TITLES
    ]
    occurring = sorted({0}.union(*columns["classes"], *columns["predicted_classes"]))
    assert figures["data"][0][1] == shown(np.mean([result["per_category_iou"][i] for i in occurring]))
    assert [[row[0], *row[2:]] for row in classes["data"]] == [
        [i, shown(result["per_category_iou"][i]), shown(result["per_category_boundary_iou"][i])] for i in occurring
    ]
    for row in classes["data"]:
        clusters = {cluster for cluster, label in result["matching"].items() if label == row[0]}
        assert {int(one) for one in re.findall(r"\d+", row[1])} == clusters
    assert {tuple(row) for row in images["data"]} == {
        (name, shown(iou), shown(right))
        for name, iou, right in zip(columns["name"], columns["mean_iou"], columns["pixel_accuracy"])
    }
    assert len(gallery) == number


def test_pictures_have_the_colours_of_the_classes(client, masks):
    folder, pairs = masks
    name = "image_1.png"
    gallery, *_ = client.predict(
        files(folder, "predictions", [name]), files(folder, "references", [name]), 300, "pixel", api_name="/score"
    )
    with Image.open(gallery[0]["image"]) as image:
        picture = np.asarray(image.convert("RGB")).astype(int)
    result, _ = expected(pairs, [name], 300, "pixel")
    prediction, reference = pairs[name]
    assert picture.shape == (2 * 40 + 2, 50, 3)
    colours = {}
    for label in np.unique(reference):
        (colours[label],) = {tuple(one) for one in picture[-40:][reference == label].tolist()}
    assert len(set(colours.values())) == len(colours)
    for cluster in np.unique(prediction):
        assert (picture[:40][prediction == cluster] == colours[result["matching"][cluster]]).all()


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        ([], ["image_0.png"], "Give both: predictions and references"),
        (["image_0.png", "image_1.png"], ["image_0.png", "image_2.png"], "without a partner: image_1.png, image_2.png"),
        (["image_0.png"], ["image_0.png"], "id .* in the reference of image_0.png: 2 classes have 0..2"),
    ],
)
def test_mistakes_are_explained(client, masks, predictions, references, message):
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match=message):
        client.predict(
            files(masks[0], "predictions", predictions),
            files(masks[0], "references", references),
            2,
            "hungarian",
            api_name="/score",
        )


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (400, True)], ids=["wide", "narrow"])
def test_the_page(browser, space, width, dark):
    page = browser.open(space, width=width, dark=dark)
    button = "[...document.querySelectorAll('button')].find(b => b.textContent.trim() === {!r})"
    for name in ("Score", "Try it with made-up masks"):
        page.wait_for(button.format(name))
    assert page.evaluate("document.title") == "Matched mIoU"
    page.evaluate(button.format("Try it with made-up masks") + ".click()")
    page.wait_for(
        "document.body.innerText.includes('FMeasure') && document.querySelectorAll('.grid-wrap img').length == 3"
    )
    figures = dict(page.evaluate(TABLE))
    assert [name.split(" (")[0] for name in figures][1:] == list(TITLES.values())
    assert 50 < float(figures["mIoU"]) < 90
    page.evaluate("[...document.querySelectorAll('[role=tab]')].find(tab => tab.innerText === 'Images').click()")
    page.wait_for(
        "document.body.innerText.includes('shapes_3.png') && document.body.innerText.includes('Pixel accuracy')"
    )
    assert page.overflow() <= 0
    assert page.sticks_out() == []
    assert page.errors == []
    # Nothing comes from elsewhere: no fonts, no counters.
    assert [url for url in page.requests if not url.startswith((space, "data:", "blob:"))] == []


TABLE = """
  [...document.querySelectorAll('[role=row]')]
    .map(row => [...row.querySelectorAll('[role=gridcell]')].map(cell => cell.innerText.trim()))
    .filter(row => row.length == 2)
"""
