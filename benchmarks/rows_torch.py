"""Rows of `make bench`: logits to ids, and the metric on tensors. On a GPU too where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from metrics_speed import draw_pair
from table import Row, compare
from torch.nn import functional

from imagenet_s.metrics import MatchedIoU as NumpyMatchedIoU
from imagenet_s.metrics.torch import MatchedIoU, logits_to_ids
from imagenet_s.metrics.torch.counts import count_batch

SIZE = (375, 500)
SMALL = (1, 920, 94, 125)
PAIRS = 4


def rows() -> Iterator[Row]:
    """Measured one after the other, on one core."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for dtype in (torch.float32, torch.bfloat16):
        logits = torch.randn(SMALL).to(dtype)
        yield logits_row(logits, str(dtype).removeprefix("torch."), "one core", lambda: None, 1.3)
    yield memory()
    generator = np.random.default_rng(0)
    pairs = [tuple(torch.from_numpy(one.astype(np.int64)) for one in draw_pair(generator)) for _ in range(PAIRS)]
    preds, target = (torch.stack(side) for side in zip(*pairs))
    yield numpy_row(preds, target)
    yield bincount_row(preds, target)
    yield torchmetrics_row(preds[:1], target[:1])
    yield from gpu(preds, target)


def logits_row(logits: torch.Tensor, kind: str, where: str, wait: Callable[[], None], target: float | None) -> Row:
    """Ours beside interpolate and argmax; the ids are compared, too."""

    def plain() -> torch.Tensor:
        ids = functional.interpolate(logits, SIZE, mode="bilinear", align_corners=False).argmax(1)
        wait()
        return ids

    def ours() -> torch.Tensor:
        ids = logits_to_ids(logits, SIZE)
        wait()
        return ids

    if not torch.equal(ours(), plain()):
        raise SystemExit("the ids differ")
    return compare(
        f"logits_to_ids, 920 channels of {kind} to 500 x 375, {where}", "interpolate and argmax", ours, plain,
        better="higher", target=target, rounds=3, note="equal ids",
    )  # fmt: skip


def memory() -> Row:
    """Bytes of the largest tensors: what all channels would take beside what ours may take."""
    plane = 4000 * 3000 * 4
    return Row(
        "logits_to_ids, memory at 4000 x 3000", "920 channels at full size", 64 * 2**20 / (920 * plane), "lower", None,
        "bound of 64 MiB against 44 GB; tests/metrics/test_torch_logits.py measures the bound",
    )  # fmt: skip


def numpy_row(preds: torch.Tensor, target: torch.Tensor) -> Row:
    """The counts of a batch in torch beside NumPy's, on the CPU; they are equal."""
    metric, other = MatchedIoU(919), NumpyMatchedIoU(919)

    def theirs() -> None:
        for one in zip(preds, target):
            other.update(*one)

    return compare(f"MatchedIoU of torch, {PAIRS} pairs of 500 x 375 on the CPU", "that of NumPy",
                   lambda: metric.update(preds, target), theirs)  # fmt: skip


def bincount_row(preds: torch.Tensor, target: torch.Tensor) -> Row:
    """Runs and unique beside bincount over a dense table of pairs, an image each, and without bands."""

    def bincount() -> None:
        for one, other in zip(preds, target):
            torch.bincount((other * 1001 + one).flatten(), minlength=1001 * 1001)

    return compare(f"count rows with bands, by runs and unique, {PAIRS} pairs", "bincount of the pairs, without bands",
                   lambda: count_batch(preds, target), bincount)  # fmt: skip


def torchmetrics_row(preds: torch.Tensor, target: torch.Tensor) -> Row:
    """Torchmetrics has a mean IoU, but not this one."""
    from torchmetrics.segmentation import MeanIoU

    theirs, ours = MeanIoU(num_classes=920, input_format="index"), MatchedIoU(919)
    known = target.where(target < 920, 0)
    return compare(
        "MatchedIoU of torch, update with one pair of 500 x 375", "torchmetrics' MeanIoU, 920 classes",
        lambda: ours.update(preds, target), lambda: theirs.update(preds, known), rounds=1,
        note="MeanIoU has no ignored id, bands, sizes or matching, averages over images, and one-hot encodes both "
        "masks (1.38 GB each)",
    )  # fmt: skip


def gpu(preds: torch.Tensor, target: torch.Tensor) -> Iterator[Row]:
    """The same on a GPU, with equal integers; a row that says so where there is none."""
    if not torch.cuda.is_available():
        yield Row(
            "masks a second with bands, and logits to ids, on a GPU", "the CPU; the plain way", note="no GPU here"
        )
        return
    name = torch.cuda.get_device_name()
    on_gpu = preds.cuda(), target.cuda()
    for one, other in zip(count_batch(*on_gpu), count_batch(preds, target)):
        if not torch.equal(one.cpu(), other):
            raise SystemExit("the counts of the GPU differ")

    def ours() -> None:
        count_batch(*on_gpu)
        torch.cuda.synchronize()

    yield compare(f"count rows with bands, {PAIRS} pairs on {name}", "the same on the CPU", ours,
                  lambda: count_batch(preds, target), better="higher", note="equal integers")  # fmt: skip
    for dtype in (torch.float32, torch.bfloat16):
        logits = torch.randn(SMALL, device="cuda").to(dtype)
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        logits_to_ids(logits, SIZE)
        peak = (torch.cuda.max_memory_allocated() - before) / 2**20
        row = logits_row(logits, str(dtype).removeprefix("torch."), name, torch.cuda.synchronize, None)
        row.note += f"; peak {peak:.0f} MB"
        yield row
