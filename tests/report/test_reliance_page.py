"""The page of `ObjectReliance`, its pictures, and `compare` of two of them."""

import base64
import io
import json
import math
import re
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.synthetic import write_annotations, write_imagenet
from imagenet_s.conversion.transforms import composite
from imagenet_s.metrics import ObjectReliance, compare
from imagenet_s.report import flipped_images, html_reliance_report, percent, points

KINDS = ("original", "object", "background", "mixed_random", "mixed_next")
HOSTILE = "<script>alert('x')</script>&"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> datasets.Dataset:
    folder = tmp_path_factory.mktemp("reliance")
    write_imagenet(folder / "imagenet", "folders")
    write_annotations(folder / "annotations", "archives")
    return imagenet_s.load_dataset(
        "50",
        data_dir=folder / "imagenet",
        annotations_dir=folder / "annotations",
        split="validation",
        verify=False,
        cache_dir=folder / "cache",
    )


def counted(rows: datasets.Dataset, seed: int) -> ObjectReliance:
    """Right on every original; else by chance. `mixed_random` is wrong for the first half."""
    metric, generator = ObjectReliance(50), np.random.default_rng(seed)
    for kind in KINDS:
        for i, row in enumerate(rows.select_columns(["image_id", "category"])):
            scores = generator.random(50)
            if kind == "original" or (kind == "mixed_random" and i >= len(rows) // 2):
                scores[row["category"] - 1] = 2
            if kind == "mixed_random" and i < len(rows) // 2:
                scores[row["category"] % 50] = 2
            metric.update(kind, scores, row["category"], row["image_id"], 0.03 * (i + 1))
    return metric


def test_the_page(rows: datasets.Dataset) -> None:
    metric = counted(rows, 0)
    result, per_image = metric.compute(samples=50), metric.per_image()
    labels = [HOSTILE if i == rows[0]["category"] else name for i, name in enumerate(imagenet_s.categories("50").names)]
    pictures = flipped_images(per_image, rows, {kind: composite(rows, kind) for kind in KINDS}, labels)
    page = html_reliance_report(result, title="A model", notes=["fill mean, seed 0"], pictures=pictures)
    assert "<script" not in page
    assert "http" not in page.split("</style>")[1]
    assert page == html_reliance_report(result, title="A model", notes=["fill mean, seed 0"], pictures=pictures)
    for key in (
        "object_only_drop",
        "flipped",
        "background_only",
        *(f"top{k}_{kind}" for k in (1, 5) for kind in KINDS),
    ):
        row = page.split("<h2>All figures</h2>")[1].split(f'data-key="{key}"')[1].split("</tr>")[0]
        shown = points if key == "object_only_drop" else percent
        assert f">{shown(result[key])}<" in row
        low, high = result["intervals"][key]
        assert f"{shown(low)} to {shown(high)}" in row
        assert f">{result['images'][key]}<" in row
    gap = page.split('data-key="background_gap"')[1].split("</div>")[0]
    assert "–" in gap, "mixed_same was not counted"
    assert math.isnan(result["background_gap"])
    assert "By size of the object" in page
    flipped = [name for name, value in zip(per_image["name"], per_image["flipped"]) if value == 1]
    assert [image.name for image in pictures] == flipped
    assert len(flipped) == len(rows) // 2
    for image in pictures:
        assert [shown.kind for shown in image.kinds] == list(KINDS)
        assert [shown.right for shown in image.kinds if shown.kind in ("original", "mixed_random")] == [True, False]
        row = rows[rows["image_id"].index(image.name)]
        assert image.category == labels[row["category"]]
        assert image.kinds[3].answer == labels[row["category"] % 50 + 1]
        with Image.open(io.BytesIO(base64.b64decode(image.kinds[1].picture.partition(",")[2]))) as picture:
            corner = np.asarray(picture, int)[0, 0]
        assert np.abs(corner - (124, 116, 104)).max() < 12, "the object alone, on the mean colour"
    assert page.count("<figure>") == len(flipped) * len(KINDS)


def test_few_pictures_and_none(rows: datasets.Dataset) -> None:
    metric = counted(rows, 0)
    functions = {"original": composite(rows, "original")}
    labels = imagenet_s.categories("50").names
    assert len(flipped_images(metric.per_image(), rows, functions, labels, shown=2)) == 2
    assert flipped_images(metric.per_image(), rows, functions, labels, shown=0) == []
    alone = ObjectReliance(50)
    alone.update("object", [1], 1, "a")
    assert flipped_images(alone.per_image(), rows, functions, labels) == []
    page = html_reliance_report(alone.compute(), title="One picture")
    assert "Images that flip" not in page
    assert "By size of the object" not in page


def test_compare_command(rows: datasets.Dataset, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    paths = []
    for seed in (1, 2):
        paths.append(str(tmp_path / f"{seed}.npz"))
        counted(rows, seed).save(paths[-1])
    report, out = tmp_path / "r.html", tmp_path / "r.json"
    assert main(["compare", *paths, "--report", str(report), "--json", str(out), "--resamples", "50"]) == 0
    printed = capsys.readouterr().out
    expected = compare(*map(ObjectReliance.load, paths), resamples=50)
    assert json.loads(out.read_text())["differences"] == expected
    assert "higher: images in which 1 is" in printed
    assert re.search(
        rf"^object_only_drop +{re.escape(points(expected['object_only_drop']['difference']))} ", printed, re.M
    )
    page = report.read_text()
    assert f"<b>{points(expected['top1_object']['difference'])}</b>" in page
    assert "; 1 is better in" in page.split('data-key="top1_object"')[1].split("</div>\n<div")[0]
    assert "; 1 is higher in" in page.split('data-key="flipped"')[1].split("</div>\n<div")[0]
    assert main(["compare", *paths, "--config", "50", "--report", str(report)]) == 1
    assert "--config is for runs of masks or maps: these are answers of classifiers" in capsys.readouterr().err
