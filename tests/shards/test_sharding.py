"""Streams of shards between ranks: each reads whole shards of its own, and together they read every image once."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from datasets import load_dataset
from datasets.distributed import split_dataset_by_node

from imagenet_s.conversion.shards.sharding import _even, round_up_for_ranks
from imagenet_s.conversion.synthetic import expected_rows


@pytest.mark.parametrize("world", [2, 4, 8])
def test_ranks_read_shards_of_their_own(world: int, convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path, splits=["train"], max_shard_size="6KB")
    stream = load_dataset(str(tmp_path), "50", split="train", streaming=True).select_columns(["image_id"])
    assert stream.num_shards >= 32
    ranks = [split_dataset_by_node(stream, rank, world) for rank in range(world)]
    assert {rank.num_shards for rank in ranks} == {stream.num_shards // world}
    read = [[row["image_id"] for row in rank] for rank in ranks]
    assert sorted(itertools.chain(*read)) == sorted(row.image_id for row in expected_rows("50", "train"))


def test_numbers_of_shards() -> None:
    """Every number: enough, not many more, and shared by ranks up to an eighth of it, in powers of two."""
    for wanted in range(1, 3000):
        count = round_up_for_ranks(wanted)
        assert wanted <= count <= wanted * 5 / 4
        assert all(count % 2**k == 0 for k in range(12) if 2**k <= wanted / 8)


def test_pieces_are_even_and_none_is_empty() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        count = int(rng.integers(1, 40))
        rows = pa.table({"row": np.arange(rng.integers(count, 200))})
        sizes = rng.integers(1, 100, len(rows)) ** int(rng.integers(1, 4))
        pieces = _even(rows, sizes, count)
        assert len(pieces) == count
        assert pa.concat_tables(pieces).equals(rows)
        assert all(len(piece) for piece in pieces)
        if len(rows) > 3 * count:
            edges = np.cumsum([0, *(len(piece) for piece in pieces)])
            most = max(int(sizes[a:b].sum()) for a, b in itertools.pairwise(edges))
            assert most <= sizes.sum() / count + 2 * sizes.max()
