"""docs/training-loops.md: its code runs, also in a Trainer, and what it says of labels is so."""

import inspect
import re
import sys
from pathlib import Path

import pytest
from page_code import run_page

pytestmark = pytest.mark.torch
PAGE = Path(__file__).resolve().parents[2] / "docs" / "training-loops.md"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The names that the code of the page defines, and the folder it was run in."""
    folder = tmp_path_factory.mktemp("page")
    return run_page(PAGE, folder)[1], folder


def test_the_code_runs(page):
    names, folder = page
    assert names["ids"].shape == (2, 375, 500)
    assert [tuple(ids.shape) for ids in names["each"]] == [(375, 500), (500, 333)]
    assert names["scalars"]["mean_iou"].item() == pytest.approx(names["everything"]["mean_iou"], abs=1)
    assert (folder / "counts.npz").is_file()


def tiny(config):
    from transformers import AutoModelForSemanticSegmentation

    small = {"depths": [1] * 4, "hidden_sizes": [8, 16, 24, 32], "decoder_hidden_size": 32}
    for name, value in {**small, "num_attention_heads": [1, 1, 2, 4]}.items():
        setattr(config, name, value)
    return AutoModelForSemanticSegmentation.from_config(config).eval()


def test_the_trainer_scores_with_it(page, tmp_path):
    """A real Trainer with the two functions of the page: the figures of all its predictions."""
    import torch
    from transformers import SegformerConfig, Trainer, TrainingArguments

    from imagenet_s.metrics import MatchedIoU

    names, _ = page
    torch.manual_seed(0)
    model = tiny(SegformerConfig(num_labels=920, semantic_loss_ignore_index=1000))
    rows = [
        {"pixel_values": torch.randn(3, 32, 32), "labels": torch.where(torch.rand(32, 32) < 0.1, 1000, i)}
        for i in range(5)
    ]
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(tmp_path),
            per_device_eval_batch_size=2,
            batch_eval_metrics=True,
            report_to="none",
            use_cpu=True,
        ),
        eval_dataset=rows,
        compute_metrics=names["compute_metrics"],
        preprocess_logits_for_metrics=names["preprocess_logits_for_metrics"],
    )
    result = trainer.evaluate()
    expected = MatchedIoU(919)
    for row in rows:
        with torch.no_grad():
            logits = model(row["pixel_values"][None]).logits
        ids = torch.nn.functional.interpolate(logits, (32, 32), mode="bilinear").argmax(1)[0]
        expected.update(ids, row["labels"])
    for name in ("mean_iou", "boundary_mean_iou", "f_measure"):
        assert result[f"eval_{name}"] == pytest.approx(expected.compute("none")[name], abs=2e-4)
    assert result["eval_loss"] > 0


def test_models_and_the_names_of_their_ignored_id():
    """Each is a field of the configuration that the loss reads, and the Trainer believes that no model averages."""
    import transformers

    table = re.findall(
        r"^\| (.*?) \| `(\w*loss_ignore_index)=1000` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    models = {name: option for names, option in table for name in names.split(", ")}
    assert len(models) == 8
    by_spelling = {name.lower(): name for name in dir(transformers) if name.endswith("ForSemanticSegmentation")}
    for name, option in models.items():
        model = getattr(transformers, by_spelling[f"{name}ForSemanticSegmentation".lower()])
        assert getattr(model.config_class(), option) == 255
        assert f"config.{option}" in inspect.getsource(sys.modules[model.__module__])
        parameters = inspect.signature(model.forward).parameters.values()
        assert any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def test_the_ignored_label_needs_the_documented_configuration(page):
    """As run_semantic_segmentation.py makes its model: from the folder of --config_name and the labels."""
    import torch
    from transformers import AutoConfig, SegformerConfig

    import imagenet_s

    _, folder = page
    labels = {"id2label": imagenet_s.categories("919").id2label, "label2id": imagenet_s.categories("919").label2id}
    config = AutoConfig.from_pretrained(folder / "CONFIG", **labels)
    image, mask = torch.zeros(1, 3, 32, 32), torch.full((1, 32, 32), 255)
    mask[:, :9] = 1000
    with torch.no_grad():
        assert tiny(config)(image, labels=mask).loss > 0
        with pytest.raises(IndexError, match="1000 is out of bounds"):
            tiny(SegformerConfig(**labels))(image, labels=mask)
