"""The semi-supervised recipe of docs/training-loops.md: `train_semi` and the rest of `train`, in one batch."""

from pathlib import Path
from typing import Any

import pytest
from page_code import blocks_of, prepared

pytest.importorskip("torchvision")
pytestmark = pytest.mark.vision

import torch  # noqa: E402
from datasets import interleave_datasets  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402

from imagenet_s.conversion.synthetic import expected_rows  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "docs" / "training-loops.md"
DATA_DIR = 'data_dir="/data/imagenet"'


def run_recipe(replaced: dict[str, str]) -> dict[str, Any]:
    """The names that the block leaves behind, with every loss and every target mask of the loop."""
    [code] = [block.code for block in blocks_of(PAGE) if "concatenate_datasets([" in block.code]
    for text, other in (replaced | {"RandomResizedCrop(224)": "RandomResizedCrop(32)"}).items():
        assert code.count(text) == 1
        code = code.replace(text, other)
    names: dict[str, Any] = {"kept": []}
    exec(code + "    kept.append((loss, target, has_mask))\n", names)
    return names


def test_labelled_and_unlabelled_rows_share_a_batch(tmp_path: Path) -> None:
    with prepared(tmp_path):
        names = run_recipe({DATA_DIR: 'data_dir="imagenet", verify=False'})
        semi, train = ({row.image_id for row in expected_rows("50", split)} for split in ("train_semi", "train"))
        assert semi < train, "what the recipe is for"
        assert len(names["rows"]) == len(train)
        assert sorted(names["semi"]["image_id"]) + sorted(names["unlabelled"]["image_id"]) == [
            *sorted(semi),
            *sorted(train - semi),
        ]
    losses, targets, has_mask = zip(*names["kept"])
    assert torch.stack(losses).isfinite().all()
    masks, has_mask = torch.cat(targets), torch.cat(has_mask)
    assert (masks.dtype, masks.shape) == (torch.int64, (len(train), 32, 32))
    assert (masks[~has_mask] == 1000).all()
    assert len(semi) - 2 <= has_mask.sum() <= len(semi), "a crop may miss all that is scored"


def test_on_streams_and_interleaved(tmp_path: Path) -> None:
    with prepared(tmp_path):
        streaming = {".with_transform(augment)": ".map(augment)", ", shuffle=True": ""}
        names = run_recipe({DATA_DIR: 'data_dir="imagenet", verify=False, streaming=True', **streaming})
        semi, unlabelled, augment = names["semi"], names["unlabelled"], names["augment"]
        mixed = interleave_datasets(
            [semi, unlabelled], probabilities=[0.5, 0.5], seed=0, stopping_strategy="all_exhausted"
        )
        rows = mixed.select_columns(["image_id", "image", "annotation"]).map(augment)
        batches = list(DataLoader(rows, batch_size=4))
    seen = [image_id for batch in batches for image_id in batch["image_id"]]
    assert set(seen) == {row.image_id for row in expected_rows("50", "train")}
    labelled = [image_id in names["labelled"] for image_id in seen]
    assert 0.3 < sum(labelled) / len(labelled) < 0.7
    assert {batch["annotation"].dtype for batch in batches} == {torch.int64}
