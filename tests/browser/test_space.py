"""The Space of the metric, started as the Hub starts it, reached over HTTP and looked at in a browser."""

import re

import numpy as np
import pytest
from PIL import Image

from imagenet_s.metrics import MatchedIoU
from imagenet_s.report import TITLES, percent

pytestmark = pytest.mark.chromium
SPACE = "matched_miou"


@pytest.fixture(scope="module")
def score(space, pairs, tmp_path_factory):
    """`score(predictions, references, classes, matching)`: what the app answers to files of these names."""
    from gradio_client import Client, handle_file

    client = Client(space, verbose=False)
    folders = [tmp_path_factory.mktemp(side) for side in ("predictions", "references")]
    for number, (name, both) in enumerate(pairs.items()):
        for folder, ids in zip(folders, both):
            official = np.stack([ids % 256, ids // 256, ids * 0], axis=-1).astype(np.uint8)
            Image.fromarray(official if number % 2 else ids).save(folder / name)

    def answer(predictions, references, *settings):
        sides = zip(folders, (predictions, references))
        files = ([handle_file(folder / name) for name in names] for folder, names in sides)
        return client.predict(*files, *settings, api_name="/score")

    return answer


def expected(pairs, names, matching):
    metric = MatchedIoU(300)
    for name in names:
        metric.update(*pairs[name], name)
    return metric.compute(matching), metric.per_image(matching)


@pytest.mark.parametrize("matching", ["hungarian", "hungarian_pixel", "pixel", "majority"])
@pytest.mark.parametrize("number", [1, 5])
def test_answers_over_http(score, pairs, matching, number):
    names = sorted(pairs)[1 : number + 1]
    gallery, figures, classes, images = score(names, names[::-1], 300, matching)
    metric = MatchedIoU(300)
    for name in names:
        metric.update(*pairs[name], name)
    result, columns = metric.compute(matching), metric.per_image(matching)
    occurring = sorted({0}.union(*columns["classes"], *columns["predicted_classes"]))
    assert figures["data"][0][1] == percent(np.mean([result["per_category_iou"][i] for i in occurring]))
    rows = [[row[0].split(" (")[0], row[1]] for row in figures["data"][1:]]
    assert rows[: len(TITLES)] == [[title, percent(result[key])] for key, title in TITLES.items()]
    told = [value for _, value in rows[len(TITLES) :]]
    span = " to ".join(map(percent, result["mean_iou_tie_range"]))
    assert told == ([span, str(result["matching_open_pairs"])] if result["matching_open_pairs"] else [])
    assert [row[0] for row in classes["data"]] == occurring
    for label, clusters, iou, boundary in classes["data"]:
        assert iou == percent(result["per_category_iou"][label])
        assert boundary == percent(result["per_category_boundary_iou"][label])
        matched = {cluster for cluster, its in result["matching"].items() if its == label}
        assert {int(match) for match in re.findall(r"\d+", clusters)} == matched
    scores = zip(columns["name"], columns["mean_iou"], columns["pixel_accuracy"])
    assert {tuple(row) for row in images["data"]} == {
        (name, percent(iou), percent(right)) for name, iou, right in scores
    }
    for name, picture in zip(names, gallery, strict=True):
        check_colours(picture["image"], *pairs[name], result["matching"])


def check_colours(file, prediction, reference, matching):
    """The prediction stands above the reference; a cluster has the colour of its class, and no class another's."""
    with Image.open(file) as image:
        picture = np.asarray(image.convert("RGB")).astype(int)
    assert picture.shape == (2 * 40 + 2, 50, 3)
    colours = {}
    for label in np.unique(reference):
        (colours[label],) = {tuple(item) for item in picture[-40:][reference == label].tolist()}
    assert len(set(colours.values())) == len(colours)
    for cluster in np.unique(prediction):
        if (label := matching[cluster]) in colours:
            assert (picture[:40][prediction == cluster] == colours[label]).all()


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        ([], ["mask_00.png"], "Give both: predictions and references"),
        (["mask_00.png", "mask_01.png"], ["mask_00.png", "mask_02.png"], "without a partner: mask_01.png, mask_02.png"),
        (["mask_00.png"], ["mask_00.png"], "id .* in the reference of mask_00.png: 2 classes have 0..2"),
    ],
)
def test_mistakes_are_explained(score, predictions, references, message):
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match=message):
        score(predictions, references, 2, "hungarian")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (400, True)], ids=["wide", "narrow"])
def test_the_page(visit, too_wide, space, width, dark):
    page = visit(space, width=width, dark=dark)
    page.get_by_role("button", name="Score", exact=True).wait_for()
    assert page.title() == "Matched mIoU"
    page.get_by_role("button", name="Try it with made-up masks").click()
    page.get_by_role("gridcell", name="FMeasure").wait_for()
    page.wait_for_function("document.querySelectorAll('.grid-wrap img').length == 3")
    rows = [row.get_by_role("gridcell").all_inner_texts() for row in page.get_by_role("row").all()]
    figures = {row[0].strip(): row[1] for row in rows if len(row) == 2}
    assert [name.split(" (")[0] for name in figures][1 : len(TITLES) + 1] == list(TITLES.values())
    assert 50 < float(figures["mIoU"]) < 90
    page.get_by_role("tab", name="Images").click()
    page.get_by_text("shapes_3.png").first.wait_for()
    page.get_by_text("Pixel accuracy").first.wait_for()
    assert too_wide(page) == []
