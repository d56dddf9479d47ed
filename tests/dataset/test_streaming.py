"""Streams: nothing lost, nothing twice, however they are cut, resumed, shuffled or sent to other processes."""

import itertools
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import IterableDataset, load_dataset
from datasets.distributed import split_dataset_by_node

from imagenet_s.conversion.shards.sharding import shard_count
from imagenet_s.conversion.shuffling import training_keys
from imagenet_s.conversion.synthetic import expected_rows


@pytest.fixture(params=["folders", "tars", "parquet", "hub-tars"])
def open_stream(
    request: pytest.FixtureRequest, miniature: Callable[[str], Path], annotations: Path
) -> Callable[[], IterableDataset]:
    """Opens the training stream of 919 anew."""

    def opened() -> IterableDataset:
        return load_dataset(
            "imagenet_s",
            "919",
            data_dir=str(miniature(request.param)),
            annotations_dir=str(annotations),
            verify=False,
            split="train",
            streaming=True,
        )

    return opened


@pytest.fixture
def stream(open_stream: Callable[[], IterableDataset]) -> IterableDataset:
    return open_stream()


def ids(rows: Any) -> list[str]:
    return [row["image_id"] for row in rows]


EXPECTED = sorted(row.image_id for row in expected_rows("919", "train"))


@pytest.mark.parametrize("world_size", [2, 3, 5, 8])
def test_nodes_share_all_rows(stream: IterableDataset, world_size: int) -> None:
    parts = [ids(split_dataset_by_node(stream, rank, world_size)) for rank in range(world_size)]
    assert sorted(itertools.chain(*parts)) == EXPECTED


@pytest.mark.parametrize(("first", "second"), [(1, 1), (3, 7), (10, 30)])
def test_resumed_twice_in_a_row(open_stream: Callable[[], IterableDataset], first: int, second: int) -> None:
    """Interrupt anywhere, go on in a new stream, interrupt again: as if nothing had happened."""
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


def test_classes_are_mixed_within_a_shard(miniature: Callable[[str], Path]) -> None:
    """A training stream sees many classes early, whatever lies next to what on the disk."""
    stream = load_dataset(
        "imagenet_s",
        "919",
        data_dir=str(miniature("folders")),
        verify=False,
        splits=("train",),
        split="train",
        streaming=True,
    )
    first = [row["wnid"] for row in itertools.islice(stream, 20)]
    assert len(set(first)) >= 6, "of nine classes"


def test_training_needs_no_annotations(miniature: Callable[[str], Path]) -> None:
    """Where nothing asks for annotations none are looked for: nothing answers at the address they would come from."""
    built = load_dataset("imagenet_s", "50", data_dir=str(miniature("folders")), verify=False, splits=["train"])
    assert sorted(built["train"]["image_id"][:]) == sorted(row.image_id for row in expected_rows("50", "train"))


@pytest.mark.parametrize("images", [0, 1, 10, 500, 752, 9190, 12_419, 27_423, 64_431, 384_862, 1_183_322, 1_281_167])
def test_shards_are_small_and_divide_well(images: int) -> None:
    count = shard_count(images)
    assert 1 <= count <= max(1, images)
    assert images / count <= 1000
    if images >= 48:
        assert all(count % nodes == 0 for nodes in (2, 3, 4, 8, 16))


def test_the_order_is_recorded() -> None:
    """Recomputed here in plain integers: nothing but an image's name and the seed decides its place."""

    def key(image_id: str) -> int:
        wnid, number = int(image_id[1:9]), int(image_id[10:])
        z = ((wnid << 32 | number) + 919 * 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    import pyarrow as pa

    names = ["n01440764_10026", "n01440764_2", "n15075141_99999", "n04493381_1"]
    assert training_keys(pa.array(names)).tolist() == [key(name) for name in names]
