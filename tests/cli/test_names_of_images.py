"""One rule for names: a mask, a map and a line of a list may be called like the file of the image, in every command."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.facts.spellings import official_id
from imagenet_s.conversion.masks.find_masks import find_masks
from imagenet_s.conversion.synthetic import images_of
from imagenet_s.metrics.localization.app import _pairs

NAMES: dict[str, Callable[[str], str]] = {
    "as it is": lambda image_id: image_id,
    ".JPEG": lambda image_id: f"{image_id}.JPEG",
    ".jpg": lambda image_id: f"{image_id}.jpg",
    ".JPeg": lambda image_id: f"{image_id}.JPeg",
    ".png": lambda image_id: f"{image_id}.png",
    "the Hub's": lambda image_id: f"{image_id}_n01440764",
    "the Hub's file": lambda image_id: f"{image_id}_n01440764.JPEG",
    "upper case": str.upper,
    "lower case": lambda image_id: f"{image_id.lower()}.jpeg",
}
IDS = [image.image_id for image in images_of("50", "validation")]


@pytest.fixture(params=NAMES)
def named(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """What somebody calls the mask or the map of an image, without its ending."""
    return NAMES[request.param]


def renamed(masks: Path, folder: Path, named: Callable[[str], str], flat: bool = False) -> Path:
    for path in masks.glob("*/*.png"):
        target = folder / ("" if flat else path.parent.name) / f"{named(path.stem)}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return folder


def evaluated(words: list[str], target: Path) -> dict:
    assert main([*words, "--config", "50", "--json", str(target)]) == 0
    return json.loads(target.read_text())


@pytest.mark.parametrize("flat", [False, True])
def test_masks_on_either_side(masks: Path, named: Callable[[str], str], flat: bool, tmp_path: Path, capsys) -> None:
    others = str(renamed(masks, tmp_path / "renamed", named, flat))
    sides = [(str(masks), str(masks)), (others, str(masks)), (str(masks), others), (others, others)]
    results = [
        evaluated(["evaluate", "--predict-dir", p, "--gt-dir", g, "--workers", "1"], tmp_path / "r.json")
        for p, g in sides
    ]
    assert {result["mean_iou"] for result in results} == {results[0]["mean_iou"]}
    assert {result["num_images"] for result in results} == {len(IDS)}
    assert {result["run"]["images_sha256"] for result in results} == {results[0]["run"]["images_sha256"]}
    assert sorted(find_masks(others, "50", "validation").by_id) == sorted(IDS)
    words = capsys.readouterr().err
    assert ("in another class folder" in words) == flat, "an ending is no other folder"


def test_maps(masks: Path, named: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    for path in masks.glob("*/*.png"):
        np.save(tmp_path / "maps" / f"{named(path.stem)}.npy", imagenet_s.decode_mask(path).astype(float))
    words = ["evaluate-maps", "--maps-dir", str(tmp_path / "maps"), "--workers", "1"]
    assert evaluated([*words, "--gt-dir", str(masks)], tmp_path / "r.json")["num_images"] == len(IDS)
    others = renamed(masks, tmp_path / "renamed", NAMES["the Hub's file"])
    assert evaluated([*words, "--gt-dir", str(others)], tmp_path / "r.json")["num_images"] == len(IDS)
    maps = sorted(map(str, (tmp_path / "maps").iterdir()))
    pairs = _pairs(maps, sorted(map(str, others.glob("*/*.png"))))
    assert sorted(pairs) == sorted(IDS)


def test_two_maps_of_one_image(masks: Path, tmp_path: Path, capsys) -> None:
    for name in ("", ".jpg"):
        np.save(tmp_path / f"{IDS[0]}{name}.npy", np.eye(4))
    words = ["evaluate-maps", "--maps-dir", str(tmp_path), "--gt-dir", str(masks), "--config", "50"]
    assert main(words) == 1
    assert f"holds two maps of {IDS[0]}: {IDS[0]}.jpg.npy and {IDS[0]}.npy" in capsys.readouterr().err


def test_show(miniature, annotations: Path, masks: Path, named: Callable[[str], str], tmp_path: Path, capsys) -> None:
    """`--ids` takes what a shell makes of `*.JPEG`, too: files that exist are no lists."""
    (tmp_path / "ids").mkdir()
    files = [tmp_path / "ids" / Path(named(image_id)).with_suffix(".JPEG") for image_id in IDS[:2]]
    for file in files:
        file.write_bytes(b"\xff\xd8\xff\xe0 no text")
    others = renamed(masks, tmp_path / "renamed", named, flat=True)
    words = ["show", str(miniature("folders")), "--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    words += ["--predictions", str(others), "--page", str(tmp_path / "p.html"), "--ids", *map(str, files)]
    assert main(words) == 0
    page = (tmp_path / "p.html").read_text()
    assert all(image_id in page for image_id in IDS[:2])
    assert IDS[2] not in page
    assert "has no prediction" not in capsys.readouterr().err


def test_a_submission_keeps_to_the_official_names(annotations: Path, masks: Path, tmp_path: Path, capsys) -> None:
    others = renamed(masks, tmp_path / "renamed", NAMES[".JPEG"])
    words = ["submit", str(others), str(tmp_path / "o.zip"), "--config", "50", "--split", "validation"]
    words += ["--protocol", "free", "--annotations-dir", str(annotations), "--no-verify"]
    assert main(words) == 1
    first = sorted(others.glob("*/*.png"))[0].relative_to(others)
    right = f"{first.parent}/{official_id(first.stem)}.png"
    assert f"{first} belongs to {right}" in capsys.readouterr().out


FORMS: dict[str, Callable[[str, str], str]] = {
    "ids": lambda wnid, image_id: image_id,
    "files": lambda wnid, image_id: f"{image_id}.JPEG",
    "paths of images": lambda wnid, image_id: f"/data/val/{image_id}_n01440764.JPEG",
    "paths of masks": lambda wnid, image_id: f"{wnid}/{image_id}.png",
    "the official mapping": lambda wnid, image_id: f"n00000001/{image_id}.JPEG {wnid}/{image_id}.JPEG",
    "the official names": lambda wnid, image_id: f"{wnid}/{image_id}.JPEG {wnid}/{image_id}.png",
}


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_lists(form: str, flat: bool, masks: Path, annotations: Path, tmp_path: Path, capsys) -> None:
    """Of `imagenet-s subset`, of the official repository, or written by hand."""
    options = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    assert main(["subset", *options, "-n", "4", "--seed", "2"]) == 0
    out, err = capsys.readouterr()
    chosen = out.split()
    assert chosen == imagenet_s.subset("50", "validation", 4, 2, annotations, verify=False)
    assert f"4 images of validation of ImageNet-S-50, seed 2, digest {imagenet_s.subset_digest(chosen)}" in err
    wnids = {path.stem: path.parent.name for path in masks.glob("*/*.png")}
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"{FORMS[form](wnids[image_id], image_id)}\n" for image_id in chosen))
    gt = str(renamed(masks, tmp_path / "flat", NAMES["as it is"], flat=True) if flat else masks)
    words = ["evaluate", "--predict-dir", gt, "--gt-dir", gt, "--list", str(listed), "--workers", "1"]
    result = evaluated(words, tmp_path / "r.json")
    assert result["num_images"] == 4
    assert result["run"]["images_sha256"].startswith(imagenet_s.subset_digest(chosen))
    (tmp_path / "maps").mkdir()
    for path in masks.glob("*/*.png"):
        np.save(tmp_path / "maps" / f"{path.stem}.npy", imagenet_s.decode_mask(path).astype(float))
    if not flat:
        words = ["evaluate-maps", "--maps-dir", str(tmp_path / "maps"), "--gt-dir", gt, "--list", str(listed)]
        assert evaluated([*words, "--workers", "1"], tmp_path / "r.json")["num_images"] == 4
    assert main(["show", gt, "--config", "50", "--page", str(tmp_path / "p.html"), "--ids", str(listed)]) == 0
    shown = (tmp_path / "p.html").read_text()
    assert [image_id in shown for image_id in IDS] == [image_id in chosen for image_id in IDS]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ILSVRC2012_val_00000001", r"lacks 1 of 1 listed masks, ILSVRC2012_val_00000001\.png for one"),
        ("n01440764/", r"line 1: got 'n01440764/', expected image ids or paths as <class folder>/<image>\.png"),
        ("", r"lists nothing; expected image ids or paths"),
        (f"n00000001/{IDS[0]}.png", r"lacks 1 of 1 listed masks, n00000001/"),
    ],
)
def test_a_list_of_something_else(line: str, words: str, masks: Path, tmp_path: Path, capsys) -> None:
    """A class folder that a line names must be that of the mask."""
    (tmp_path / "list.txt").write_text(f"{line}\n")
    given = ["--predict-dir", str(masks), "--gt-dir", str(masks), "--config", "50", "--list"]
    assert main(["evaluate", *given, str(tmp_path / "list.txt")]) == 1
    assert re.search(words, capsys.readouterr().err)
