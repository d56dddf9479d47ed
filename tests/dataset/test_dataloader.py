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
    assert sorted(item for batch in loader for item in batch) == expected
    nodes = [split_dataset_by_node(stream, rank, 2) for rank in range(2)]
    loaders = [DataLoader(node, batch_size=4, num_workers=workers, collate_fn=collate) for node in nodes]
    assert sorted(item for loader in loaders for batch in loader for item in batch) == expected


@pytest.mark.parametrize("streaming", [False, True])
def test_masks_as_tensors(streaming: bool, load_miniature) -> None:
    """Class ids come out as uint16; training code makes them int64, which it can index and one-hot with."""
    import torch
    from torch.utils.data import default_collate

    rows = load_miniature(config="919", split="validation", streaming=streaming).with_format("torch")
    expected = {row.image_id: row.ids for row in expected_rows("919", "validation")}
    for row in rows:
        ids = expected[row["image_id"]]
        assert row["annotation"].dtype == torch.uint16
        assert row["annotation"].shape == (1, *ids.shape), "datasets gives every grey image a channel axis"
        pair = default_collate([row["annotation"], row["annotation"]])
        assert torch.equal(pair[1, 0].long(), torch.from_numpy(ids.astype("int64")))
        assert int((pair == 1000).sum()) == 2 * int((ids == 1000).sum())
        assert row["image"].shape[1:] == row["annotation"].shape[1:]
