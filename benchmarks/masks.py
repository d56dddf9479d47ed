"""Scoring masks: from PNGs to figures, from logits to ids, and on tensors."""

from __future__ import annotations

import argparse
import functools
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from data import CLASSES, HEIGHT, WIDTH, mask_pair, official_png, ragged
from harness import Row, compare, in_fresh_process
from PIL import Image

from imagenet_s.metrics import MatchedIoU

SIZE = (HEIGHT, WIDTH)
LOGITS = (1, CLASSES + 1, 94, 125)
CHANNELS, LARGE = 16, (3000, 4000)
"""Few channels, so that the plain way fits in memory."""


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Measured one after the other, on one core."""
    generator = np.random.default_rng(0)
    pairs = [mask_pair(generator) for _ in range(min(40, options.images))]
    yield figures(pairs, "smooth", options.rounds)
    torn = [(ragged(generator, prediction), ragged(generator, reference)) for prediction, reference in pairs]
    yield figures(torn, "ragged", options.rounds)
    try:
        import torch
    except ImportError as error:
        yield Row("logits_to_ids, and MatchedIoU of torch", "interpolate and argmax; NumPy", note=str(error))
        return
    torch.set_num_threads(1)
    for device in ("cpu", "cuda")[: 1 + torch.cuda.is_available()]:
        yield from logits(device, options.rounds)
        yield tensors(pairs[:4], device, options.rounds)
    yield memory()


def figures(pairs: list[tuple[np.ndarray, np.ndarray]], kind: str, rounds: int) -> Row:
    """PNGs to all figures; the peer does a part of it, which nothing that reads PNGs can avoid."""
    pngs = [(official_png(prediction), official_png(reference)) for prediction, reference in pairs]

    def ours() -> Iterator[dict[str, Any]]:
        metric = MatchedIoU(CLASSES)
        for prediction, reference in pngs:
            metric.update(prediction, reference)
        yield metric.compute("none")

    def theirs() -> Iterator[None]:
        for pair in pngs:
            for png in pair:
                yield Image.open(io.BytesIO(png)).load()

    return compare(f"{len(pngs)} pairs of PNGs of 500 x 375 to all figures, {kind} masks",
                   "Pillow merely decoding them", ours, theirs, same=None, target=1.3, rounds=rounds)  # fmt: skip


def plain_ids(logits: Any, size: tuple[int, int]) -> Any:
    """What `logits_to_ids` stands for."""
    from torch.nn.functional import interpolate

    return interpolate(logits, size, mode="bilinear", align_corners=False).argmax(1)


def logits(device: str, rounds: int) -> Iterator[Row]:
    """The ids of 920 channels."""
    import torch

    from imagenet_s.metrics.torch import logits_to_ids

    torch.manual_seed(0)
    where = "one core" if device == "cpu" else torch.cuda.get_device_name()
    for kind in ("float32", "bfloat16"):
        values = torch.randn(LOGITS).to(device, getattr(torch, kind))
        yield compare(f"logits_to_ids, {LOGITS[1]} channels of {kind} to 500 x 375, {where}", "interpolate and argmax",
                      lambda values=values: [logits_to_ids(values, SIZE).cpu()],
                      lambda values=values: [plain_ids(values, SIZE).cpu()],  # which waits for a GPU
                      better="higher", target=1.3 if device == "cpu" else None, rounds=rounds)  # fmt: skip


def tensors(pairs: list[tuple[np.ndarray, np.ndarray]], device: str, rounds: int) -> Row:
    """The metric on tensors beside the one on arrays."""
    import torch

    from imagenet_s.metrics.torch import MatchedIoU as TensorMatchedIoU

    preds, target = (torch.from_numpy(np.stack(side)).to(device) for side in zip(*pairs))

    def ours() -> Iterator[Any]:
        metric = TensorMatchedIoU(CLASSES).to(device)
        metric.update(preds, target)
        if device == "cuda":
            torch.cuda.synchronize()
        yield metric

    def theirs() -> Iterator[Any]:
        metric = MatchedIoU(CLASSES)
        for prediction, reference in pairs:
            metric.update(prediction, reference)
        yield metric

    def same(ours: Any, theirs: Any) -> bool:
        return repr(ours.figures("none")) == repr(theirs.compute("none"))  # repr: NaN is NaN

    return compare(f"MatchedIoU of torch, {len(pairs)} pairs of 500 x 375 on {device}", "that of NumPy",
                   ours, theirs, same=same, rounds=rounds)  # fmt: skip


def memory() -> Row:
    """What the ids of a large image need besides the result."""
    import torch

    from imagenet_s.metrics.torch import logits_to_ids

    values, result = torch.randn(1, CHANNELS, 94, 125), 8 * LARGE[0] * LARGE[1] / 2**20
    ours, theirs = (
        in_fresh_process(functools.partial(way, values, LARGE))[1] - result for way in (logits_to_ids, plain_ids)
    )
    note = f"{ours:.0f} MB against {theirs:.0f} MB; with 920 channels the plain way takes 44 GB"
    work = f"logits_to_ids, memory besides the result, {CHANNELS} channels to 4000 x 3000"
    return Row(work, "interpolate and argmax", ours / theirs, note=note)
