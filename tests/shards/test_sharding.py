"""How many shards there are and what each has, so that ranks read whole shards and every image once."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from datasets import load_dataset
from datasets.distributed import split_dataset_by_node

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.dataset.split_builder import shard_count
from imagenet_s.conversion.shards.sharding import _even, parse_size, round_up_for_ranks
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


@pytest.mark.parametrize("images", [0, 1, 10, 500, 752, 9190, 12_419, 27_423, 64_431, 384_862, 1_183_322, 1_281_167])
def test_streamed_shards_are_small_and_divide_well(images: int) -> None:
    count = shard_count(images)
    assert 1 <= count <= max(1, images)
    assert images / count <= 1000
    if images >= 48:
        assert all(count % nodes == 0 for nodes in (2, 3, 4, 8, 16))


@pytest.mark.parametrize(("text", "size"), [("500MB", 500_000_000), ("1.5 GiB", 3 << 29), (7, 7), ("20kb", 20_000)])
def test_sizes(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1MB", "MB", "5 bananas"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ImageNetSError, match="expected a size"):
        parse_size(text)
