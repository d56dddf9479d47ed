"""docs/training-loops.md, "run_semantic_segmentation.py of transformers": each row of its table is so.

What that script does to a data set, in the order it does it, on a converted miniature that is read by `datasets` alone.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_code import run_page
from PIL import Image

pytest.importorskip("torchvision")
pytestmark = pytest.mark.vision

import albumentations as A  # noqa: E402
import datasets  # noqa: E402
import torch  # noqa: E402
from albumentations.pytorch import ToTensorV2  # noqa: E402
from transformers import AutoConfig, AutoModelForSemanticSegmentation, Trainer, TrainingArguments  # noqa: E402

import imagenet_s  # noqa: E402
from imagenet_s.conversion.shards import Options, convert  # noqa: E402
from imagenet_s.metrics import MatchedIoU  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "docs" / "training-loops.md"
SIZE = 64
SMALL = {
    "depths": [1] * 4,
    "hidden_sizes": [8, 16, 24, 32],
    "decoder_hidden_size": 32,
    "num_attention_heads": [1, 1, 2, 4],
}


@pytest.fixture(scope="module")
def shards(miniature, annotations, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("converted") / "imagenet-s"
    convert(miniature("folders"), out, "50", annotations, Options(verify=False))
    return out


@pytest.fixture(scope="module")
def splits(shards, tmp_path_factory) -> datasets.DatasetDict:
    loaded = datasets.load_dataset(str(shards), cache_dir=str(tmp_path_factory.mktemp("cache")))
    assert "train" not in loaded
    loaded["train"] = loaded.pop("train_semi")
    return loaded.rename_columns({"annotation": "label"})


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> dict[str, Any]:
    """What the code of the page defines, and the folder that it writes."""
    folder = tmp_path_factory.mktemp("page")
    return {**run_page(PAGE, folder)[1], "CONFIG": folder / "CONFIG"}


def padded(mask_fill: dict[str, int]) -> A.Compose:
    return A.Compose(
        [
            A.Lambda(name="reduce_labels", mask=None, p=1.0),
            A.PadIfNeeded(min_height=SIZE, min_width=SIZE, border_mode=0, fill=255, **mask_fill, p=1.0),
            A.RandomCrop(height=SIZE, width=SIZE, p=1.0),
            A.HorizontalFlip(p=0.5),
            A.Normalize(max_pixel_value=255.0, p=1.0),
            ToTensorV2(),
        ]
    )


RESIZED = A.Compose([A.Resize(height=SIZE, width=SIZE), A.Normalize(max_pixel_value=255.0), ToTensorV2()])


def example(row: dict[str, Any], transforms: A.Compose) -> dict[str, torch.Tensor]:
    done = transforms(image=np.array(row["image"].convert("RGB")), mask=np.array(row["label"]))
    return {"pixel_values": done["image"].float(), "labels": done["mask"].long()}


@pytest.mark.parametrize(("fill", "expected"), [({}, 0), ({"fill_mask": 1000}, 1000)])
def test_padding_is_ignored_only_with_fill_mask(fill: dict[str, int], expected: int) -> None:
    mask = Image.fromarray(np.full((20, 30), 7, np.uint16))
    labels = example({"image": Image.new("RGB", (30, 20)), "label": mask}, padded(fill))["labels"]
    assert set(labels.unique().tolist()) == {7, expected}
    assert (labels == 7).sum() == 20 * 30


def test_masks_keep_their_ids(splits) -> None:
    """The script hands `np.array(row["label"])` on; none of its transforms makes an id that was not there."""
    for row in splits["validation"]:
        ids = set(example(row, RESIZED)["labels"].unique().tolist())
        assert ids <= set(np.unique(np.array(row["label"])).tolist())


def test_it_trains_and_scores(shards, splits, page, tmp_path) -> None:
    id2label = {int(k): v for k, v in json.loads((shards / "id2label.json").read_text(encoding="utf-8")).items()}
    assert id2label == imagenet_s.categories("50").id2label
    labels = {"id2label": id2label, "label2id": {name: str(i) for i, name in id2label.items()}}
    config = AutoConfig.from_pretrained(page["CONFIG"], **labels)
    for name, value in SMALL.items():
        setattr(config, name, value)
    torch.manual_seed(0)
    model = AutoModelForSemanticSegmentation.from_config(config)
    train = [example(row, padded({"fill_mask": 1000})) for row in splits["train"]]
    validation = [example(row, RESIZED) for row in splits["validation"]]
    assert any((row["labels"] == 1000).any() for row in train)
    page["metric"].reset()
    trainer = Trainer(
        model,
        TrainingArguments(str(tmp_path), max_steps=3, batch_eval_metrics=True, report_to="none", use_cpu=True),
        train_dataset=train,
        eval_dataset=validation,
        compute_metrics=page["compute_metrics"],
        preprocess_logits_for_metrics=page["preprocess_logits_for_metrics"],
    )
    assert np.isfinite(trainer.train().training_loss)
    result = trainer.evaluate()

    expected = MatchedIoU(page["metric"].num_classes)
    for row in validation:
        with torch.no_grad():
            logits = model.eval()(row["pixel_values"][None]).logits
        expected.update(page["logits_to_ids"](logits, (SIZE, SIZE))[0], row["labels"])
    assert result["eval_mean_iou"] == pytest.approx(expected.compute("none")["mean_iou"], abs=2e-4)
