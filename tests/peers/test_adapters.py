"""The blocks of docs/localization.md that join libraries which make or score maps, on the miniature."""

import re
from pathlib import Path

import numpy as np
import pytest

import imagenet_s
from imagenet_s.metrics import Localization

torch = pytest.importorskip("torch")
for library in ("pytorch_grad_cam", "captum", "quantus"):
    pytest.importorskip(library)
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "localization.md"


class TinyNetwork(torch.nn.Module):
    """A random classifier of 1000 classes whose last layer of features is called as in a ResNet."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.layer4 = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 3, stride=2, padding=1))
        self.head = torch.nn.Linear(16, 1000)

    def forward(self, x):
        return self.head(self.layer4(self.stem(x)).relu().mean((2, 3)))


@pytest.fixture
def names():
    return {"Localization": Localization, "model": TinyNetwork().eval(), "preprocess": preprocess}


def preprocess(image):
    pixels = np.asarray(image.resize((64, 48)), np.float32) / 255
    return torch.from_numpy(pixels).permute(2, 0, 1)


@pytest.fixture
def rows(miniature, annotations):
    where = {"data_dir": miniature("folders"), "annotations_dir": annotations, "verify": False}
    rows = list(imagenet_s.load_dataset("50", split="validation", streaming=True, **where))
    for row in rows:
        row.setdefault("imagenet_label", row["category"])
    return rows


def block(library):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return next(item for item in blocks if library in item)


@pytest.mark.parametrize("library", ["pytorch_grad_cam", "captum"])
def test_libraries_that_make_maps(library, names, rows):
    exec(block(library), names_after := names | {"rows": rows})
    result = names_after["metric"].compute()
    assert result["num_images"] + result["num_absent"] == len(rows)
    assert 0 < result["average_precision"] < 1
    assert names_after["metric"].per_image()["name"] == [row["image_id"] for row in rows]


def test_quantus(names, rows):
    generator = np.random.default_rng(0)
    a_batch = generator.permutation(len(rows) * 48 * 64).reshape(len(rows), 1, 48, 64) / 1000
    exec(block("quantus"), names_after := names | {"rows": rows, "a_batch": a_batch})
    ours = names_after["metric"].per_image()["relevance_rank_accuracy"]
    for one, other, mask in zip(ours, names_after["quantus_scores"], names_after["masks"]):
        if not (mask == 1000).any():
            assert one == pytest.approx(other, abs=1e-9)
    assert any(not (mask == 1000).any() for mask in names_after["masks"])
