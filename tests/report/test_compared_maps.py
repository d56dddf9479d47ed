"""`compare --report` of two runs of maps: the classes, and the images that differ most, with either map as heat."""

import base64
import io
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from saved_files import without_record

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.synthetic import write_official_tree
from imagenet_s.metrics import Localization
from imagenet_s.report import overlay, percent

FIGURE = re.compile(r'<img src="([^"]+)" alt="([ab]) of (\w+)"')
TABLE = imagenet_s.categories("50")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A tree, maps that find the object, a, and maps that find the rest, b; and the scores of both."""
    root = tmp_path_factory.mktemp("compared")
    write_official_tree(root, "50")
    masks = root / "ImageNetS50" / "validation-segmentation"
    for name in "ab":
        (root / name).mkdir()
    for number, path in enumerate(sorted(masks.glob("*/*.png"))):
        inside = imagenet_s.decode_mask(path) == TABLE.id_of(path.parent.name)
        noise = np.random.default_rng(number).random(inside.shape)
        np.save(root / "a" / f"{path.stem}.npy", noise + inside)
        np.save(root / "b" / f"{path.stem}.npy", noise - inside)
    for name in "ab":
        scores = ["--save-counts", str(root / f"{name}.npz"), "--relevance", "positive", "--workers", "1"]
        assert main(["evaluate-maps", "--maps-dir", str(root / name), *where(root), *scores]) == 0
    return root


def where(root):
    return ["--gt-dir", str(root), "--config", "50"]


def compared(root, *more, names="ab"):
    runs = [str(root / f"{name}.npz") for name in names]
    return main(["compare", *runs, "--resamples", "20", *more])


def decoded(address):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))).astype(int)


@pytest.mark.parametrize("over_images", [False, True])
def test_both_maps_are_drawn_as_they_were_scored(root, over_images, tmp_path):
    page = tmp_path / "both.html"
    images = ["--images", str(root)] if over_images else []
    places = ["--maps-dir", str(root / "a"), str(root / "b"), *where(root), *images]
    assert compared(root, "--report", str(page), *places) == 0
    text = page.read_text(encoding="utf-8")
    drawn = {(name, run): decoded(address) for address, run, name in FIGURE.findall(text)}
    assert len(drawn) == 8, "A is better everywhere: four images"
    for (image_id, run), picture in drawn.items():
        path = next((root / "ImageNetS50" / "validation-segmentation").glob(f"*/{image_id}.png"))
        values = np.maximum(np.load(root / run / f"{image_id}.npy"), 0)
        inside = imagenet_s.decode_mask(path) == TABLE.id_of(path.parent.name)
        image = Image.open(root / "ImageNetS50" / "validation" / path.parent.name / f"{image_id}.JPEG")
        expected = decoded(overlay(image if over_images else None, values, inside))
        assert np.array_equal(picture, expected)
    assert "as heat" in text
    assert "clusters" not in text


def test_classes_by_the_mean_over_their_images(root, tmp_path):
    page = tmp_path / "both.html"
    assert compared(root, "--report", str(page), "--config", "50") == 0
    rows = re.findall(
        r'<th scope="row">([^<]+)</th>\s*<td class="value">([^<]+)</td>\s*<td class="value">([^<]+)',
        page.read_text(encoding="utf-8"),
    )
    runs = [Localization.load(root / f"{name}.npz").per_image() for name in "ab"]
    expected = []
    for target in sorted(set(runs[0]["target"])):
        means = [np.mean([v for t, v in zip(run["target"], run["average_precision"]) if t == target]) for run in runs]
        expected.append((TABLE.names[target], *map(percent, means)))
    assert rows[-len(expected) :] == expected


@pytest.mark.parametrize("left_out", ["--report", "--gt-dir", "--maps-dir", "--config"])
def test_pictures_need_page_maps_and_configuration(root, tmp_path, left_out, capsys):
    """Of runs without a record, that is; others tell their configuration."""
    given = {"--report": [str(tmp_path / "p.html")], "--gt-dir": [str(root)], "--config": ["50"], "--images": ["x"]}
    given["--maps-dir"] = [str(root / "a"), str(root / "b")]
    for name in "ab":
        shutil.copy(root / f"{name}.npz", root / f"old-{name}.npz")
        without_record(root / f"old-{name}.npz")
    arguments = [value for name, values in given.items() if name != left_out for value in (name, *values)]
    assert compared(root, *arguments, names=("old-a", "old-b")) == 1
    assert "--report FILE.html --gt-dir G --maps-dir A B --config 50|300|919" in capsys.readouterr().err
    assert not (tmp_path / "p.html").exists()


def test_places_in_the_wrong_order_are_not_drawn(root, tmp_path, capsys):
    """The scores of the drawn maps are computed again: they must be those of the run."""
    page = tmp_path / "both.html"
    turned = ["--maps-dir", str(root / "b"), str(root / "a"), *where(root)]
    assert compared(root, "--report", str(page), *turned) == 1
    error = capsys.readouterr().err
    assert re.search(r"--maps-dir \S+/b has average_precision [\d.]+ on ILSVRC\S+, \S+a.npz says [\d.]+", error)
    assert not page.exists()


def test_a_picture_says_what_it_shows(root, tmp_path):
    """The class, and of which figure the numbers are; the classes need no --config, which the runs tell."""
    page = tmp_path / "both.html"
    places = ["--maps-dir", str(root / "a"), str(root / "b"), "--gt-dir", str(root)]
    assert compared(root, "--report", str(page), *places, "--title", "Both & more") == 0
    text = page.read_text(encoding="utf-8")
    assert "<h1>Both &amp; more</h1>" in text
    lines = re.findall(
        r"<p><span><code>(\w+)</code> ([^<]+)</span> <b>average precision: a [\d.]+, b [\d.]+</b></p>", text
    )
    folders = {path.stem: path.parent.name for path in root.glob("ImageNetS50/validation-segmentation/*/*.png")}
    assert [TABLE.names[TABLE.id_of(folders[name])] for name, _ in lines] == [category for _, category in lines]
    assert len(lines) == 4
    assert "All " in text.partition("Classes that differ most")[2]


def test_runs_for_the_labels_of_imagenet_over_masks_without_class_folders(root, annotations, tmp_path):
    """What can be scored can be drawn."""
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in (root / "ImageNetS50" / "validation-segmentation").glob("*/*.png"):
        shutil.copy(path, flat)
    lists = ["--target", "imagenet", "--annotations-dir", str(annotations), "--no-verify"]
    for name in "ab":
        maps = ["--maps-dir", str(root / name), "--gt-dir", str(flat), "--config", "50", *lists]
        assert main(["evaluate-maps", *maps, "--save-counts", str(tmp_path / f"{name}.npz")]) == 0
    places = ["--gt-dir", str(flat), "--maps-dir", str(root / "a"), str(root / "b")]
    page = tmp_path / "both.html"
    assert main(["compare", str(tmp_path / "a.npz"), str(tmp_path / "b.npz"), "--report", str(page), *places]) == 0
    assert FIGURE.search(page.read_text(encoding="utf-8"))


def test_what_does_not_fit_the_runs_is_refused(root, tmp_path, capsys):
    page = ["--report", str(tmp_path / "p.html")]
    maps = ["--maps-dir", str(root / "a"), str(root / "b")]
    assert compared(root, *page, "--gt-dir", str(root), "--predict-dir", "x", "y") == 1
    assert "--predict-dir is for runs of masks: these are of maps." in capsys.readouterr().err
    assert compared(root, "--config", "50") == 1
    assert "it needs --report FILE.html" in capsys.readouterr().err
    assert compared(root, *page, "--config", "919") == 1
    assert "the runs are of ImageNet-S-50, not of --config 919" in capsys.readouterr().err
    assert compared(root, *page, *maps, *where(root), "--split", "train_semi") == 1
    assert "which the runs scored" in capsys.readouterr().err
    empty = tmp_path / "one"
    empty.mkdir()
    np.save(empty / "ILSVRC2012_val_00000000.npy", np.zeros((4, 4)))
    assert compared(root, *page, "--maps-dir", str(root / "a"), str(empty), *where(root)) == 1
    assert f"{empty} has not ILSVRC2012_val_" in capsys.readouterr().err
    assert not (tmp_path / "p.html").exists()
