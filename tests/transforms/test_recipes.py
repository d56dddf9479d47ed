"""docs/transforms.md: its code runs on the miniature and prints what it shows; what it says of transformers is so."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torchvision")
pytestmark = pytest.mark.vision

import torch  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "docs" / "transforms.md"
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n^```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


@pytest.fixture
def names(miniature, annotations) -> dict[str, Any]:
    """What the page's code leaves behind, run from top to bottom."""
    elsewhere = f'data_dir="{miniature("folders")}", annotations_dir="{annotations}", verify=False'
    names: dict[str, Any] = {}
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 7
    for code, expected in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code.replace('data_dir="/data/imagenet"', elsewhere), names)
        assert not expected or printed.getvalue() == expected
    return names


def test_the_recipes(names: dict[str, Any]) -> None:
    stored = names["val"][0]
    truth = np.asarray(stored["annotation"])
    height, width = truth.shape
    assert names["ids"].shape == truth.shape

    sizes = {name: names[name](stored["image"]).size for name in ("squash", "short_side", "capped")}
    assert sizes["squash"] == (224, 224)
    assert min(sizes["short_side"]) == 224
    assert max(sizes["capped"]) <= 1024

    cells, row = names["cells"], names["row"]
    mask = row["annotation"].numpy()
    for i, j in np.ndindex(14, 14):
        cell = mask[16 * i : 16 * i + 16, 16 * j : 16 * j + 16]
        assert sorted(cells[i, j].tolist()) == sorted(cell.ravel().tolist())
        ids, counts = np.unique(cell, return_counts=True)
        assert counts[ids == int(names["labels"][i, j])].item() == counts.max()
        scored = (cell != 1000).sum()
        assert float(names["share"][i, j]) == pytest.approx((cell == row["category"]).sum() / max(1, scored))
        assert int(names["nearest"][i, j]) == cell[8, 8]

    # What the crop saw comes back where it was, but for pixels at the edges of objects.
    restored = names["restored"].numpy()
    short = min(height, width)
    edge = int(np.ceil(short * (1 - 224 / 256) / 2)) + 1
    top, left = (edge + (side - short) // 2 for side in (height, width))
    inner = np.s_[top : height - top, left : width - left]
    assert (restored[inner] == truth[inner]).mean() > 0.97
    assert not restored[:2].any()

    plain = names["val"].with_transform(names["joint"](names["resize_and_crop"]))
    assert all(torch.equal(a["image"], b["image"]) for a, b in zip(plain, names["fast"]))


IDS = np.zeros((60, 80), np.uint16)
IDS[:20], IDS[20:30], IDS[30:40], IDS[40:50], IDS[50:, :40] = 1, 255, 919, 1000, 256


def processed(name: str, mask: Any = None, side: int = 32, **options: Any) -> Any:
    """What a processor of transformers makes of `IDS`, as the image that a row has or as another `mask`."""
    transformers = pytest.importorskip("transformers")
    processor = getattr(transformers, name)(size={"height": side, "width": side}, **options)
    return processor(
        Image.new("RGB", (80, 60)),
        segmentation_maps=Image.fromarray(IDS) if mask is None else mask,
        return_tensors="pt",
    )


def ids_of(batch: Any) -> set[int]:
    return set(batch["labels"][0].unique().tolist())


@pytest.mark.parametrize("name", ["Segformer", "MobileViT", "MobileNetV2"])
def test_processors_that_keep_ids(name: str) -> None:
    batch = processed(f"{name}ImageProcessor")
    assert ids_of(batch) == {0, 1, 255, 256, 919, 1000}
    assert batch["labels"][0].dtype == torch.int64
    # `other`, 255 and 256 all become 255.
    assert ids_of(processed(f"{name}ImageProcessor", IDS.astype(np.int32), do_reduce_labels=True)) == {0, 255, 918, 999}
    with pytest.raises(NotImplementedError, match="UInt16"):
        processed(f"{name}ImageProcessor", do_reduce_labels=True)


@pytest.mark.parametrize("name", ["Mask2Former", "MaskFormer"])
def test_processors_that_make_a_mask_a_class(name: str) -> None:
    batch = processed(f"{name}ImageProcessor", IDS.astype(np.int32), ignore_index=1000)
    assert batch["class_labels"][0].tolist() == [0, 1, 255, 256, 919]
    with pytest.raises(NotImplementedError, match="UInt16"):
        processed(f"{name}ImageProcessor", side=384, ignore_index=1000)


@pytest.mark.parametrize("name", ["Beit", "DPT"])
def test_processors_that_invent_ids(name: str) -> None:
    assert ids_of(processed(f"{name}ImageProcessor")) - set(np.unique(IDS).tolist())


@pytest.mark.parametrize("name", ["Segformer", "Beit", "DPT", "MobileViT", "MobileNetV2", "Mask2Former"])
def test_processors_of_pillow_refuse(name: str) -> None:
    with pytest.raises(ValueError, match="outside the range"):
        processed(f"{name}ImageProcessorPil")
