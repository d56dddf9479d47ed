"""The page of maps as text, and its pictures; tests/browser looks at it in a browser."""

import base64
import io
import math
import re

import numpy as np
import pytest
from made_maps import made
from PIL import Image
from saved_files import without_record

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.synthetic import write_official_tree
from imagenet_s.metrics import Localization
from imagenet_s.report import html_map_report, overlay

HOSTILE = "<script>alert('x')</script>&amp;\""
LABELS = [f"class {i}" for i in range(13)]


def page(images, labels=LABELS, **words):
    metric = Localization()
    metric.update_batch(*zip(*images))
    intervals = metric.bootstrap(samples=10)
    return html_map_report(
        metric.compute(), metric.per_image(), metric.iou_curve(), labels, title="Maps", intervals=intervals, **words
    ), metric


def decoded(uri):
    assert uri.startswith("data:image/jpeg;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))), np.float64)


def test_best_and_worst_by_average_precision():
    text, metric = page(made(30), shown=4)
    rows = metric.per_image()
    ranked = sorted(
        (-value, name) for name, value in zip(rows["name"], rows["average_precision"]) if not math.isnan(value)
    )
    shown = re.findall(r'<li data-name="(\w+)">', text)
    assert shown[:4] == [name for _, name in ranked[:4]]
    assert shown[4:] == [name for _, name in ranked[:-5:-1]]
    assert text == page(made(30), shown=4)[0]
    for key, value in metric.compute().items():
        if not key.startswith("num_") and key != "dataset_max_iou_threshold":
            assert re.search(rf'data-key="{key}">.*?{100 * value:.2f}', text, re.DOTALL), key


def test_names_are_escaped_and_nothing_is_fetched():
    values, mask, target, _ = made(1)[0]
    text, _ = page([(values, mask, target, HOSTILE)], [HOSTILE] * 13, notes=[HOSTILE])
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == text.count("alert") > 3
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)=\"(?!data:)", text)


def test_one_image_and_none():
    text, _ = page(made(1))
    assert text.count("data-name=") == 1
    nothing, _ = page([([[1.0, 2.0]], [[5, 5]], 3, "absent")])
    assert "<polyline" not in nothing
    assert "data-name=" not in nothing
    with pytest.raises(ValueError, match="3 labels, but maps of class"):
        page(made(2), LABELS[:3])


def test_an_overlay_is_bright_where_the_map_is_and_outlines_the_object():
    values, inside = np.zeros((60, 80)), np.zeros((60, 80), bool)
    values[:, 60:] = 5.0
    inside[10:30, 10:40] = True
    heat = decoded(overlay(None, values, inside))
    assert heat.shape == (240, 320, 3)
    assert heat[200, 300].sum() > heat[200, 20].sum() + 200
    edge, middle = heat[40:48, 80:160].sum(axis=2), heat[60:100, 60:140].sum(axis=2)
    assert edge.max() > 600 > middle.max()
    image = Image.new("RGB", (80, 60), (0, 200, 0))
    over = decoded(overlay(image, values, inside))
    assert over[200, 20, 1] > heat[200, 20, 1] + 50
    assert overlay(image, np.ones((7, 7)), inside).startswith("data:")  # a constant map of another size


@pytest.mark.parametrize("place", [None, "tree", "folders"])
def test_the_command_draws_over_the_images(place, miniature, tmp_path, capsys):
    write_official_tree(tmp_path / "tree", "50")
    masks = tmp_path / "tree" / "ImageNetS50" / "validation-segmentation"
    (tmp_path / "maps").mkdir()
    for path in masks.glob("*/*.png"):
        np.save(tmp_path / "maps" / f"{path.stem}.npy", imagenet_s.decode_mask(path) > 0)
    report = tmp_path / "report.html"
    arguments = ["evaluate-maps", "--maps-dir", str(tmp_path / "maps"), "--gt-dir", str(masks), "--config", "50"]
    images = {None: [], "tree": ["--images", str(tmp_path / "tree")]}.get(
        place, ["--images", str(miniature("folders"))]
    )
    assert main([*arguments, "--report", str(report), *images, "--no-verify"]) == 0
    text = report.read_text(encoding="utf-8")
    pictures = {name: decoded(uri) for name, uri in re.findall(r'data-name="(\w+)">\s*<img src="([^"]+)"', text)}
    assert len(pictures) == len(list(masks.glob("*/*.png")))
    table = imagenet_s.categories("50")
    for path in masks.glob("*/*.png"):
        ids = imagenet_s.decode_mask(path)
        bare = decoded(overlay(None, ids > 0, ids == table.id_of(path.parent.name)))
        assert np.array_equal(pictures[path.stem], bare) == (place is None)
    saved = tmp_path / "scores.npz"
    assert main([*arguments, "--save-counts", str(saved)]) == 0
    assert main(["evaluate-maps", "--counts", str(saved), "--config", "50", "--report", str(report)]) == 0
    assert "<img" not in report.read_text(encoding="utf-8")
    without_record(saved)
    capsys.readouterr()
    assert main(["evaluate-maps", "--counts", str(saved), "--report", str(report)]) == 1
    assert f"{saved} has no record of its --config" in capsys.readouterr().err
