"""PyTorch's DataLoader over streams and tables: worker processes share the rows, none is lost, none comes twice."""

from typing import Any

import pytest
from datasets.distributed import split_dataset_by_node

from imagenet_s.conversion.synthetic import expected_rows

pytestmark = pytest.mark.torch


def collate(rows: list[dict[str, Any]]) -> list[str]:
    return [row["image_id"] for row in rows]


@pytest.mark.parametrize("context", ["fork", "spawn"])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("layout", ["folders", "tars", "parquet"])
def test_workers_share_the_rows(layout: str, workers: int, context: str, load_miniature) -> None:
    from torch.utils.data import DataLoader

    expected = sorted(row.image_id for row in expected_rows("50", "train"))
    stream = load_miniature(layout, split="train", streaming=True)
    loader = DataLoader(stream, batch_size=4, num_workers=workers, collate_fn=collate, multiprocessing_context=context)
    assert sorted(one for batch in loader for one in batch) == expected
    nodes = [split_dataset_by_node(stream, rank, 2) for rank in range(2)]
    loaders = [DataLoader(one, batch_size=4, num_workers=workers, collate_fn=collate) for one in nodes]
    assert sorted(one for loader in loaders for batch in loader for one in batch) == expected


def test_masks_as_tensors(load_miniature) -> None:
    """Class ids come out as int32, which training code can index and one-hot with."""
    import torch

    table = load_miniature(config="919", split="validation").with_format("torch")
    expected = {row.image_id: row.ids for row in expected_rows("919", "validation")}
    for row in table:
        assert row["annotation"].dtype == torch.int32
        assert row["annotation"].shape == (1, *expected[row["image_id"]].shape), "1 x H x W"
        # datasets gives every grey image a channel axis
        assert torch.equal(row["annotation"].squeeze(0), torch.from_numpy(expected[row["image_id"]].astype("int32")))
        assert row["image"].shape[1:] == row["annotation"].shape[1:]
