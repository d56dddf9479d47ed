"""Rows of `make bench`: logits to ids, and the metric on tensors. On a GPU too where there is one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from metrics_speed import draw_pair
from table import Row, compare
from torch.nn import functional

from imagenet_s.metrics import MatchedIoU as NumpyMatchedIoU
from imagenet_s.metrics.torch import MatchedIoU, logits_to_ids
from imagenet_s.metrics.torch.tensor_counts import count_batch

SIZE = (375, 500)
SMALL = (1, 920, 94, 125)
PAIRS = 4
CHANNELS = 16


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
    """Peak memory at 4000 x 3000, of few channels, so that the plain way fits; each in a process of its own."""
    found = {}
    for way in ("ours", "plain"):
        done = subprocess.run([sys.executable, __file__, way], capture_output=True, text=True, check=True)
        found[way] = int(done.stdout) / 1024
    return Row(
        f"logits_to_ids, memory besides the result, {CHANNELS} channels to 4000 x 3000", "interpolate and argmax",
        found["ours"] / found["plain"], "lower", None,
        f"{found['ours']:.0f} MB against {found['plain']:.0f} MB; with 920 channels the plain way takes 44 GB",
    )  # fmt: skip


def measure(way: str) -> None:
    """In a process of its own: print how many kB the peak rises."""

    def peak() -> int:
        found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
        return int(found[1]) if found else 0

    torch.set_num_threads(1)
    size = (3000, 4000)
    logits = torch.randn(1, CHANNELS, 94, 125)
    logits_to_ids(logits, SIZE)
    result = torch.ones((1, *size), dtype=torch.int64)
    before = peak()
    del result
    if way == "ours":
        logits_to_ids(logits, size)
    else:
        functional.interpolate(logits, size, mode="bilinear", align_corners=False).argmax(1)
    print(peak() - before)


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


if __name__ == "__main__":
    measure(sys.argv[1])
