"""Where most images are left out or say nothing, that is said before the figures, in Python and by every command."""

import logging
import subprocess
import sys

import numpy as np
import pytest
from made_maps import made
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.synthetic import write_official_tree
from imagenet_s.metrics import Localization

IMAGES = made(30)


def scored(images, targets=None):
    metric = Localization()
    for number, (values, mask, target, name) in enumerate(images):
        metric.update(values, mask, targets[number] if targets else target, name)
    return metric


def test_labels_of_imagenet_as_targets(caplog):
    """As `target=row["imagenet_label"]`: nothing fits, and the figures are NaN."""
    with caplog.at_level(logging.WARNING, "imagenet_s"):
        scored(IMAGES).compute()
        assert not caplog.records
        result = scored(IMAGES, targets=[900] * len(IMAGES)).compute()
    assert result["num_images"] == 0
    (record,) = caplog.records
    assert "Most images are in no figure, 30 of 30" in record.message
    assert "ImageNet's labels 0..999 are other numbers" in record.message


def test_constant_maps(caplog):
    with caplog.at_level(logging.WARNING, "imagenet_s"):
        scored([(np.zeros_like(values), *rest) for values, *rest in IMAGES]).compute()
    assert "Most maps are constant, 26 of 30" in caplog.text


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("left-out")
    write_official_tree(root, "50")
    for path in (root / "ImageNetS50" / "validation-segmentation").glob("*/*.png"):
        (root / "maps").mkdir(exist_ok=True)
        np.save(root / "maps" / f"{path.stem}.npy", (imagenet_s.decode_mask(path) > 0).astype(float))
    return root


def masks_of(root):
    return sorted((root / "ImageNetS50" / "validation-segmentation").glob("*/*.png"))


def test_class_folders_off_by_one(root, tmp_path, caplog):
    """The masks in the folders of the next class, as in a list that was made with the wrong index."""
    wnids = [category.wnid for category in imagenet_s.categories("50")][1:]
    for path in masks_of(root):
        folder = tmp_path / "masks" / wnids[(wnids.index(path.parent.name) + 1) % 50]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / path.name).write_bytes(path.read_bytes())
    page = tmp_path / "page.html"
    maps = ["--maps-dir", str(root / "maps"), "--gt-dir", str(tmp_path / "masks"), "--config", "50"]
    assert main(["evaluate-maps", *maps, "--report", str(page)]) == 0
    assert "Most images are in no figure, " in caplog.text
    assert "Most images are in no figure, " in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["evaluate", "match", "evaluate-maps"])
def test_most_is_missing(command, root, tmp_path, capsys, caplog, monkeypatch):
    few = tmp_path / "few"
    few.mkdir()
    path = masks_of(root)[0]
    ids = imagenet_s.decode_mask(path)
    if command != "evaluate-maps":
        Image.fromarray(np.where(ids == 1000, 0, ids).astype(np.uint16)).save(few / path.name)
    else:
        np.save(few / f"{path.stem}.npy", ids > 0)
    place = ["--maps-dir" if command == "evaluate-maps" else "--predict-dir", str(few)]
    monkeypatch.chdir(tmp_path)
    saved = tmp_path / "saved.npz"
    given = [*place, "--gt-dir", str(root), "--config", "50", "--on-missing", "skip", "--save-counts", str(saved)]
    total = len(masks_of(root))
    message = {
        "evaluate": f"Most images have no prediction, {total - 1} of {total}",
        "match": f"Most images have no prediction, {total - 1} of {total}",
        "evaluate-maps": f"Most images are in no figure, {total - 1} of {total} (without a map: {total - 1})",
    }[command]
    for arguments in (given, ["--counts", str(saved)]):
        assert main([command, *arguments]) == 0
        captured = capsys.readouterr()
        assert message in captured.err + caplog.text
        caplog.clear()
        shown = {"evaluate": f"1 of {total} images, ", "match": "from 1 image (", "evaluate-maps": "1 image, "}
        assert shown[command] in captured.out + captured.err


def test_the_command_says_it_above_the_table(root, tmp_path):
    """In a process of its own, in which nothing else looks at what is logged."""
    metric = scored(IMAGES, targets=[900] * len(IMAGES))
    metric.save(tmp_path / "a.npz")
    command = [sys.executable, "-m", "imagenet_s", "evaluate-maps", "--counts", str(tmp_path / "a.npz")]
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    lines = subprocess.run(command, check=True, text=True, **both).stdout.splitlines()
    assert lines[0].startswith("Most images are in no figure, 30 of 30 (their mask does not show the target: 30).")
    assert lines[1].startswith("figure ")


def test_compare_says_of_how_many(tmp_path, capsys):
    metric = scored(IMAGES, targets=[900] * 28 + [IMAGES[28][2], IMAGES[29][2]])
    metric.save(tmp_path / "a.npz")
    assert main(["compare", str(tmp_path / "a.npz"), str(tmp_path / "a.npz")]) == 0
    assert "Most images have no figure in one of the runs, 28 of 30." in capsys.readouterr().out
