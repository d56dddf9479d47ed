"""`MatchedIoU` of torch counts the integers of NumPy's, in batches, on several processes, as torchmetrics does."""

import copy
import doctest
import importlib
import pickle
import socket
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from conformance import CASES, differences, load_case

torch = pytest.importorskip("torch")
torchmetrics = pytest.importorskip("torchmetrics")
pytestmark = pytest.mark.torch

from imagenet_s.metrics import HEADLINES, boundary_band, count_pair  # noqa: E402
from imagenet_s.metrics import MatchedIoU as NumpyMatchedIoU  # noqa: E402
from imagenet_s.metrics.torch import MatchedIoU  # noqa: E402
from imagenet_s.metrics.torch.boundary_band import boundary_bands  # noqa: E402


def tensors(masks):
    return [torch.from_numpy(np.asarray(mask, np.int64)) for mask in masks]


def in_numpy(predictions, references, num_classes):
    metric = NumpyMatchedIoU(num_classes)
    for prediction, reference in zip(predictions, references):
        metric.update(prediction, reference)
    return metric


def saved(metric, folder):
    """All counts, as bytes."""
    metric.save(folder / "counts.npz")
    return {name: array.tobytes() for name, array in np.load(folder / "counts.npz").items()}


def same(first, second):
    """Equal results, NaN being equal to NaN."""
    return repr(first) == repr(second)


@pytest.fixture(params=CASES)
def case(request):
    return load_case(request.param)


@pytest.fixture
def batch():
    """Eight pairs of 40 x 30 masks of 5 classes."""
    generator = np.random.default_rng(3)
    reference = np.kron(generator.choice([0, 1, 2, 3, 4, 5, 1000], (8, 10, 6)), np.ones((1, 4, 5), np.int64))
    prediction = np.kron(generator.integers(0, 6, (8, 8, 10)), np.ones((1, 5, 3), np.int64))
    return torch.from_numpy(prediction), torch.from_numpy(reference)


def test_conformance(case, tmp_path):
    metric = MatchedIoU(case.num_classes)
    for start in range(0, len(case.references), 7):
        part = slice(start, start + 7)
        metric.update(tensors(case.predictions[part]), tensors(case.references[part]))
    expected = in_numpy(case.predictions, case.references, case.num_classes)
    assert saved(metric.to_counts(), tmp_path) == saved(expected, tmp_path)
    for which, matching in (("with_match", case.match), ("without_match", "none")):
        assert max(differences(case.expected[which], metric.figures(matching)).values()) <= 1e-3
    assert same(metric.figures("hungarian"), expected.compute("hungarian"))


def test_bands_of_a_batch(batch):
    for masks in batch:
        bands = boundary_bands(masks).numpy()
        for mask, band in zip(masks.numpy(), bands):
            np.testing.assert_array_equal(band, boundary_band(mask.astype(np.uint16)))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "uint16"])
def test_a_batch_is_its_images(batch, dtype, tmp_path):
    preds, target = batch
    target = torch.where(target == 1000, 200, target)
    metric = MatchedIoU(5, ignore_index=200)
    metric.update(preds.to(getattr(torch, dtype)), target.to(getattr(torch, dtype)))
    one_by_one = NumpyMatchedIoU(5, 200)
    for pair in zip(preds, target):
        one_by_one.update_counts(count_pair(*pair))
    assert saved(metric.to_counts(), tmp_path) == saved(one_by_one, tmp_path)


def test_large_ids(tmp_path):
    preds, target = torch.tensor([[[65535, 0], [7, 65535]]]), torch.tensor([[[919, 0], [1000, 919]]])
    metric = MatchedIoU(919)
    metric.update(preds, target)
    assert saved(metric.to_counts(), tmp_path) == saved(in_numpy(preds, target, 919), tmp_path)


def test_compute_gives_scalars_a_logger_takes(batch):
    metric = MatchedIoU(5)
    metric.update(*batch)
    result = metric.compute()
    assert list(result) == [*HEADLINES, "num_images"]
    assert result["num_images"].item() == 8
    # Lightning converts integers, with a warning for each.
    assert all(value.ndim == 0 and value.is_floating_point() for value in result.values())
    figures = metric.figures()
    for name, value in result.items():
        np.testing.assert_allclose(value, figures[name], rtol=1e-6)


def test_forward_is_the_batch_and_adds_it(batch):
    metric, alone, both = MatchedIoU(5), MatchedIoU(5), MatchedIoU(5)
    metric(batch[0][:3], batch[1][:3])
    of_batch = metric(batch[0][3:], batch[1][3:])
    alone.update(batch[0][3:], batch[1][3:])
    both.update(*batch)
    assert same(of_batch, alone.compute())
    assert same(metric.figures(), both.figures())


def test_reset_pickle_clone_and_merge(batch):
    metric = MatchedIoU(5, matching="hungarian")
    metric.update(*batch)
    expected = metric.figures()
    for other in (pickle.loads(pickle.dumps(metric)), metric.clone(), copy.deepcopy(metric)):
        assert same(other.figures(), expected)
        assert other.matching == "hungarian"
    metric.reset()
    with pytest.raises(ValueError, match="nothing was counted"):
        metric.compute()
    halves = [MatchedIoU(5, matching="hungarian") for _ in range(2)]
    for half, part in zip(halves, (slice(0, 4), slice(4, 8))):
        half.update(batch[0][part], batch[1][part])
    halves[1].merge_state(halves[0])
    assert same(halves[1].figures(), expected)


def test_a_checkpoint_keeps_the_counts(batch):
    metric, other = MatchedIoU(5), MatchedIoU(5)
    metric.persistent(True)
    other.persistent(True)
    metric.update(*batch)
    other.load_state_dict(metric.state_dict())
    assert same(other.figures(), metric.figures())


def test_in_a_collection(batch):
    collection = torchmetrics.MetricCollection(
        {"ids": MatchedIoU(5), "matched": MatchedIoU(5, matching="pixel")}, prefix="val_"
    )
    collection.update(*batch)
    result = collection.compute()
    assert len(result) == 2 * (len(HEADLINES) + 1)
    metric = MatchedIoU(5)
    metric.update(*batch)
    for key, matching in (("ids", "none"), ("matched", "pixel")):
        name = next(
            candidate
            for candidate in result
            if key in candidate and candidate.endswith("mean_iou") and "boundary" not in candidate
        )
        assert name.startswith("val_")
        assert result[name].item() == pytest.approx(metric.figures(matching)["mean_iou"])


@pytest.mark.parametrize(
    ("preds", "target", "says"),
    [
        (torch.zeros(1, 6, 4, 4), torch.zeros(1, 4, 4, dtype=torch.int64), "logits_to_ids"),
        (torch.zeros(1, 1, 4, 4, dtype=torch.int64), torch.zeros(1, 4, 4, dtype=torch.int64), "squeeze"),
        (torch.zeros(1, 3, 4, dtype=torch.int64), torch.zeros(1, 4, 4, dtype=torch.int64), "1 x 3 x 4 and 1 x 4 x 4"),
        (torch.zeros(1, 2, 2, dtype=torch.int64), torch.full((1, 2, 2), 6), "id 6 in the reference"),
        (torch.full((1, 2, 2), 1000), torch.zeros(1, 2, 2, dtype=torch.int64), "holds 1000"),
        (torch.full((1, 2, 2), -1), torch.zeros(1, 2, 2, dtype=torch.int64), "-1"),
        ([torch.zeros(2, 2, dtype=torch.int64)], [], "1 predictions and 0 targets"),
        ([torch.zeros(2, 2).bool()], [torch.zeros(2, 2, dtype=torch.int64)], "integer ids"),
        (np.zeros((1, 2, 2)), torch.zeros(1, 2, 2, dtype=torch.int64), "two tensors"),
    ],
)
def test_what_is_refused_leaves_the_counts(batch, preds, target, says):
    metric = MatchedIoU(5)
    metric.update(*batch)
    before = metric.figures()
    with pytest.raises(ValueError, match=says):
        metric.update(preds, target)
    assert same(metric.figures(), before)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="num_classes"):
        MatchedIoU(0)
    with pytest.raises(ValueError, match="matching"):
        MatchedIoU(5, matching="closest")
    for ignored in (-100, -1, 65536):
        with pytest.raises(ValueError, match=f"ignore_index={ignored}: ids are 0..65535"):
            MatchedIoU(5, ignored)


def test_memory_of_noisy_predictions(noisy_counts):
    """All rows in one table, as an untrained network predicts them, would take a gigabyte here."""
    metric = MatchedIoU(919)
    metric.rows = [torch.from_numpy(noisy_counts)] * 12416
    metric.lengths = [torch.tensor([len(noisy_counts)])] * 12416
    metric._update_count = 1
    tracemalloc.start()
    try:
        result = metric.compute()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result["num_images"].item() == 12416
    assert peak < 300e6


RANK = """
import pickle, sys
from pathlib import Path
import torch
import torch.distributed as dist
from imagenet_s.metrics.torch import MatchedIoU

rank, port, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
preds, target = torch.load(folder / "batch.pt")
metric = MatchedIoU(5, matching="pixel")
results = {}
for share, stops in (("uneven", [0, 5, 8]), ("empty", [0, 8, 8])):
    metric.reset()
    for start in range(*stops[rank : rank + 2]):
        metric.update(preds[start : start + 1], target[start : start + 1])
    local = len(metric.rows)
    results[share] = metric.compute(), metric.figures("hungarian"), len(metric.to_counts())
    assert len(metric.rows) == max(1, local), "the states of this process are back"

# A refused computation leaves the states, too: the next update is possible.
metric.update(torch.full((1, 4, 4), 60), torch.zeros((1, 4, 4), dtype=torch.int64))
metric.matching = "none"
for _ in range(2):
    try:
        metric.compute()
    except ValueError as error:
        assert "60" in str(error), error
    else:
        raise SystemExit("a cluster was taken for a class")
    metric.update(preds[:1], target[:1])
results["refused"] = None, metric.figures("pixel"), len(metric.to_counts())
(folder / f"{rank}.pickle").write_bytes(pickle.dumps(results))
dist.destroy_process_group()
"""


def test_two_processes_are_one(batch, tmp_path):
    """gloo: uneven shares, a process without an image, and a computation that is refused in both."""
    torch.save(batch, tmp_path / "batch.pt")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    (tmp_path / "rank.py").write_text(RANK)
    root = Path(__file__).resolve().parents[2]
    ranks = [
        subprocess.Popen(
            [sys.executable, str(tmp_path / "rank.py"), str(rank), port, str(tmp_path)],
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    errors = [process.communicate(timeout=300)[1] for process in ranks]
    assert [process.returncode for process in ranks] == [0, 0], errors
    metric = MatchedIoU(5, matching="pixel")
    metric.update(*batch)
    for rank in range(2):
        results = pickle.loads((tmp_path / f"{rank}.pickle").read_bytes())
        for share in ("uneven", "empty"):
            assert same(results[share], (metric.compute(), metric.figures("hungarian"), 8))
        assert results["refused"][2] == 8 + 2 + 4


@pytest.mark.parametrize("name", ["logits", "boundary_band", "tensor_counts", "tensor_metric"])
def test_docstrings(name):
    result = doctest.testmod(importlib.import_module(f"imagenet_s.metrics.torch.{name}"))
    assert (result.failed, result.attempted > 0) == (0, True)


@pytest.mark.parametrize("matching", ["none", "majority"])
def test_anatomy_is_that_of_numpy(batch, matching):
    metric = MatchedIoU(5, matching=matching)
    metric.update(*batch)
    expected = in_numpy(*batch, 5).anatomy(matching)
    assert same(metric.anatomy(), expected)
    assert same(metric.anatomy("hungarian", 0.75), in_numpy(*batch, 5).anatomy("hungarian", 0.75))
