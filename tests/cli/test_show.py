"""`imagenet-s show` with predictions, by class and by id, from every source, as sheets and as a page."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

from imagenet_s.cli.main import main
from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.masks.codec import encode_official_png
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.synthetic import images_of, mask_ids
from imagenet_s.report.overlays import RIGHT, WRONG

VALIDATION = images_of("50", "validation")
FIGURE = re.compile(r'alt="(\w+) of (\w+)"')


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The masks, moved, as clusters; the last image has none."""
    root = tmp_path_factory.mktemp("predictions")
    for image in VALIDATION[:-1]:
        ids = mask_ids(image, "50")
        moved = np.roll(np.where(ids == 1000, 0, ids), 9, axis=1)
        path = root / image.class_wnid / f"{image.image_id}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode_official_png(np.where(moved > 0, moved + 100, 0).astype(np.uint16)))
    return root


@pytest.fixture(scope="module", params=["folders", "tars", "tree-50", "converted", "masks only", "arrow"])
def source(
    request: pytest.FixtureRequest,
    miniature: Callable[[str], Path],
    annotations: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[str]:
    """DATASET and the options that go with it."""
    kind = request.param
    if kind in ("folders", "tars"):
        return [str(miniature(kind)), "--annotations-dir", str(annotations), "--no-verify", "--config", "50"]
    if kind == "tree-50":
        return [str(miniature(kind)), "--no-verify", "--config", "50"]
    out = tmp_path_factory.mktemp("out")
    form = "arrow" if kind == "arrow" else "parquet"
    options = Options(verify=False, images=kind != "masks only", form=form, max_shard_size="20KB")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path_factory.mktemp("cache")))
        convert(miniature("folders"), out, "50", annotations, options)
    return [str(out)]


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"a\n\xff\n", r"ids\.txt, line 2: the byte 0xff"), (b"\xff\xfea", "not UTF-16"), (b"\n", "lists nothing")],
)
def test_a_list_of_ids_in_another_encoding(text: bytes, message: str, miniature, tmp_path: Path, capsys) -> None:
    (tmp_path / "ids.txt").write_bytes(text)
    options = ["--output", str(tmp_path / "s"), "--ids", str(tmp_path / "ids.txt"), "--config", "50", "--no-verify"]
    assert main(["show", str(miniature("tree-50")), *options]) == 1
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "s").exists()


def shown(path: Path) -> dict[str, set[str]]:
    ids: dict[str, set[str]] = {}
    for what, name in FIGURE.findall(path.read_text(encoding="utf-8")):
        ids.setdefault(name, set()).add(what)
    return ids


def test_predictions_on_a_page(
    source: list[str], predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert main(["show", *source, "--predictions", str(predictions), "--page", str(page)]) == 0
    last = VALIDATION[-1].image_id
    assert f"has no prediction for 1 of 9 images, {last} for one" in capsys.readouterr().err
    shown_ids = shown(page)
    assert shown_ids.keys() == {image.image_id for image in VALIDATION}
    assert "prediction" not in shown_ids[last]
    everything = {"image", "reference", "prediction", "difference"}
    with_images = "image" in shown_ids[last]
    assert all(
        whats == (everything if with_images else everything - {"image"})
        for one, whats in shown_ids.items()
        if one != last
    )
    assert main(["show", *source, "--page", str(page), "--count", "2"]) == 0, "our own page is replaced"
    assert len(shown(page)) == 2


def test_by_class_and_by_id(source: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    one = VALIDATION[3]
    class_id = categories("50").id_of(one.class_wnid)
    same = {image.image_id for image in VALIDATION if image.class_wnid == one.class_wnid}
    for name in (str(class_id), one.class_wnid, categories("50").names[class_id].upper()):
        assert main(["show", *source, "--page", str(page), "--classes", name]) == 0
        assert shown(page).keys() == same
    listed = tmp_path / "ids.txt"
    listed.write_text(f"val/n1/{VALIDATION[5].image_id}.JPEG\n")
    assert main(["show", *source, "--page", str(page), "--ids", one.image_id, str(listed)]) == 0
    assert shown(page).keys() == {one.image_id, VALIDATION[5].image_id}
    before = page.read_bytes()
    capsys.readouterr()
    assert main(["show", *source, "--page", str(page), "--classes", "unicorn"]) == 1
    assert "unicorn: no class of ImageNet-S-50" in capsys.readouterr().err
    assert main(["show", *source, "--page", str(page), "--ids", "ILSVRC2012_val_00049999"]) == 1
    assert "ILSVRC2012_val_00049999" in capsys.readouterr().err
    for wrong, expected in ((b"\xff\xfeI\0L", "not UTF-16"), (b"ILSVRC2012\xff", "0xff is not UTF-8")):
        listed.write_bytes(wrong)
        assert main(["show", *source, "--page", str(page), "--ids", str(listed)]) == 1
        message = capsys.readouterr().err
        assert str(listed) in message
        assert expected in message
    assert page.read_bytes() == before


@pytest.mark.parametrize("seed", [[], ["--seed", "3"]])
def test_only_what_is_shown_is_decoded(
    seed: list[str], source: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The class of an image is known before: among a million, few would be of it."""
    decoded: list[object] = []
    decode = datasets.Image.decode_example

    def decode_example(self: datasets.Image, *args: object, **kwargs: object) -> object:
        decoded.append(args)
        return decode(self, *args, **kwargs)

    monkeypatch.setattr(datasets.Image, "decode_example", decode_example)
    page, last = tmp_path / "page.html", VALIDATION[-1]
    words = ["show", *source, "--page", str(page), "--classes", last.class_wnid, "--count", "1", *seed]
    assert main(words) == 0
    assert len(shown(page)) == 1
    assert len(decoded) <= 2, "an image and its mask"
    absent = next(row for row in categories("50").rows[1:] if row.wnid not in {item.class_wnid for item in VALIDATION})
    assert main([*words[:-1], "2"] if seed else words) == 0
    assert main(["show", *source, "--page", str(page), "--classes", absent.wnid]) == 0, "no such rows"


def test_predictions_on_a_sheet(miniature: Callable[[str], Path], predictions: Path, tmp_path: Path) -> None:
    """With the class of every cluster, what was wrong is right: more blue, less orange."""
    match = tmp_path / "match.json"
    match.write_text(json.dumps({str(100 + i): i for i in range(1, 51)}))
    given = [str(miniature("tree-50")), "--no-verify", "--config", "50", "--count", "3", "--output", str(tmp_path)]
    right, wrong = [], []
    for options in ([], ["--match", str(match)]):
        assert main(["show", *given, "--predictions", str(predictions), *options]) == 0
        pixels = np.asarray(Image.open(tmp_path / "50-validation-01.png")).astype(int)
        assert 3 * 256 < pixels.shape[1] < 4 * 256, "three tiles a row"
        for counts, colour in ((right, RIGHT), (wrong, WRONG)):
            counts.append(int((np.abs(pixels - colour).max(axis=2) < 60).sum()))
    assert right[1] > right[0] + 2000
    assert wrong[0] > wrong[1] + 2000


def test_what_does_not_go_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(tmp_path)]) == 1
    assert "--output DIR" in capsys.readouterr().err
    assert main(["show", str(tmp_path), "--page", str(tmp_path / "p.html"), "--match", "m.json"]) == 1
    assert "give --predictions too" in capsys.readouterr().err
    foreign = tmp_path / "p.html"
    foreign.write_text("<p>mine")
    assert main(["show", str(tmp_path), "--page", str(foreign)]) == 1
    assert foreign.read_text() == "<p>mine"
