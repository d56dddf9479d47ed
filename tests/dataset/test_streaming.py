"""Streams: nothing lost, nothing twice, however they are split, resumed, shuffled or sent to other processes."""

import itertools
import pickle
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from datasets import IterableDataset
from datasets.distributed import split_dataset_by_node

from imagenet_s.conversion.core.shuffling import training_keys
from imagenet_s.conversion.synthetic import expected_rows

EXPECTED = sorted(row.image_id for row in expected_rows("919", "train"))


@pytest.fixture(params=["folders", "tars", "parquet", "hub-tars"])
def open_stream(request: pytest.FixtureRequest, load_miniature) -> Callable[[], IterableDataset]:
    """Opens the training stream of 919."""
    return lambda: load_miniature(request.param, "919", split="train", streaming=True)


@pytest.fixture
def stream(open_stream: Callable[[], IterableDataset]) -> IterableDataset:
    return open_stream()


def ids(rows: Any) -> list[str]:
    return [row["image_id"] for row in rows]


@pytest.mark.parametrize("world_size", [2, 3, 5, 8])
def test_nodes_share_all_rows(stream: IterableDataset, world_size: int) -> None:
    parts = [ids(split_dataset_by_node(stream, rank, world_size)) for rank in range(world_size)]
    assert sorted(itertools.chain(*parts)) == EXPECTED


@pytest.mark.parametrize(("first", "second"), [(1, 1), (3, 7), (10, 30)])
def test_resumed_twice_in_a_row(open_stream: Callable[[], IterableDataset], first: int, second: int) -> None:
    """Interrupted anywhere, resumed in a new stream, and interrupted again: the rows are those of one stream."""
    seen: list[str] = []
    state = None
    for stop in (first, second, None):
        stream = open_stream()
        if state is not None:
            stream.load_state_dict(state)
        seen += ids(itertools.islice(stream, stop))
        state = stream.state_dict()
    assert seen == ids(open_stream())


def test_shuffled_rows_are_the_same_rows(stream: IterableDataset) -> None:
    shuffled = stream.shuffle(seed=1, buffer_size=16)
    assert sorted(ids(shuffled)) == EXPECTED
    shuffled.set_epoch(1)
    assert sorted(ids(shuffled)) == EXPECTED


def test_pickled_stream_gives_the_same_rows(stream: IterableDataset) -> None:
    assert ids(pickle.loads(pickle.dumps(stream))) == ids(stream)


def test_classes_are_mixed_within_a_shard(load_miniature) -> None:
    """A training stream sees many classes early, whatever lies next to what on the disk."""
    stream = load_miniature(config="919", splits=("train",), split="train", streaming=True)
    first = [row["wnid"] for row in itertools.islice(stream, 20)]
    assert len(set(first)) >= 6, "of nine classes"


def test_training_needs_no_annotations(load_miniature) -> None:
    """Where no split asks for annotations none are looked for: the address of the downloads does not answer."""
    built = load_miniature(annotations_dir=None, splits=["train"])
    assert sorted(built["train"]["image_id"][:]) == sorted(row.image_id for row in expected_rows("50", "train"))


def test_the_order_can_be_recomputed() -> None:
    """In plain integers: an image's position depends on nothing but its name and the seed."""

    def key(image_id: str) -> int:
        wnid, number = int(image_id[1:9]), int(image_id[10:])
        z = ((wnid << 32 | number) + 919 * 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    names = ["n01440764_10026", "n01440764_2", "n15075141_99999", "n04493381_1"]
    assert training_keys(pa.array(names)).tolist() == [key(name) for name in names]
