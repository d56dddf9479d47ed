"""Logits -> ids at full size, without ever holding all channels at full size.

A channel is interpolated independently of the others, so channels are taken in blocks with a running maximum. All
arithmetic is torch's own `interpolate`, so the ids are exactly those of interpolating all channels at once. Two details
of torch matter:

- Its CPU kernel for small or channels-last tensors processes several channels at once, and the remaining ones with
  another last bit. Blocks of 64 channels, with the rest added to the last block, keep each channel at its place in
  this grouping; large planes in the usual layout do not use this kernel, and are taken in blocks of 16.
- A block must have the memory layout of the whole (`channels_last` or not), because the layout decides the kernel.

If even 16 planes do not fit into the memory, rows are made one at a time (`upsampled_rows.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch.nn import functional

from .upsampled_rows import rows_are_exact, upsampled_rows

Tensor = Any
Planes = Callable[[int, int], Tensor]
"""First and last channel -> B x (last - first) x rows x W."""

MEMORY = 64 * 2**20
_CPU_CACHE = 16 * 2**20  # On a CPU, pieces that stay in the cache are twice as fast.
_ALIGNED, _SMALLEST = 64, 16


@torch.no_grad()
def logits_to_ids(logits: Tensor, size: Any, memory: int = MEMORY) -> Any:
    """The ids of `interpolate(logits, size, mode="bilinear", align_corners=False).argmax(1)`, with bounded memory.

    Every id is equal: the lowest id wins a tie, and NaN counts as the largest value, as in `argmax`. This holds for the
    same dtype on the same device, autocast included: bfloat16 rounds many values to the same number, and such ties go
    to the lowest id in both. For the ids of full precision, pass `logits.float()`, which is small before upsampling.

    Args:
        logits: B x C x h x w, floating point, on any device.
        size: (H, W), or B such sizes, one for each image: numbers, lists, an array or a tensor (`target_sizes`).
        memory: bytes that may be used besides `logits` and the result. The limit holds for float32, float16 and
            bfloat16 if an image has at least a few rows of logits; float64 needs 16 channels at full size.

    Returns:
        B x H x W int64; for a size for each image, a list of H x W.

    Raises:
        ValueError: not B x C x h x w floating point numbers, or sizes that are no whole numbers from 1, no pairs, or
            not one for each image.

    Examples:
        >>> logits_to_ids(torch.tensor([[[[0.0, 3.0]], [[2.0, 1.0]]]]), (2, 4))
        tensor([[[1, 1, 0, 0],
                 [1, 1, 0, 0]]])
    """
    if not isinstance(logits, torch.Tensor) or logits.ndim != 4 or not logits.is_floating_point():
        given = f"{logits.dtype} of the shape {tuple(logits.shape)}" if hasattr(logits, "shape") else type(logits)
        # What a Trainer passes on where the model's config has output_hidden_states or output_attentions.
        hint = "; take the first of them, logits[0]" if isinstance(logits, (tuple, list)) else ""
        raise ValueError(f"the logits are {given}: expected a floating point tensor B x C x h x w{hint}.")
    if 0 in logits.shape[1:]:
        raise ValueError(f"the logits have the shape {tuple(logits.shape)}: expected at least one of each.")
    sizes = _sizes(size)
    if sizes.ndim == 1:
        return _ids(logits, (int(sizes[0]), int(sizes[1])), memory)
    if len(sizes) != len(logits):
        raise ValueError(f"{len(sizes)} sizes for {len(logits)} images: expected (H, W), or one (H, W) for each image.")
    return [_ids(logits[i : i + 1], (height, width), memory)[0] for i, (height, width) in enumerate(sizes.tolist())]


def _sizes(size: Any) -> Tensor:
    """2 int64 for one size, B x 2 for a size for each image: their dimensions decide which of the two it is."""
    try:
        sizes = torch.tensor(_plain(size), device="cpu")
    except (TypeError, ValueError, RuntimeError, OverflowError):  # rows of different lengths, say
        sizes = torch.zeros(())
    if not sizes.numel() and sizes.ndim:  # an empty list has no columns to look at
        return torch.zeros((0, 2), dtype=torch.int64)
    if sizes.dtype != torch.int64 or sizes.ndim not in (1, 2) or sizes.shape[-1] != 2 or (sizes < 1).any():
        raise ValueError(f"the size is {size!r}: expected (H, W), or one (H, W) for each image; whole numbers from 1.")
    return sizes


def _plain(size: Any) -> Any:
    """Python numbers in lists, of arrays and tensors on any device, and of lists of such."""
    if hasattr(size, "tolist"):
        return size.tolist()
    return [_plain(part) for part in size] if isinstance(size, (list, tuple)) else size


def _ids(logits: Tensor, size: tuple[int, int], memory: int) -> Tensor:
    ids = torch.zeros((len(logits), *size), dtype=torch.int64, device=logits.device)
    if not len(logits):
        return ids
    channels_last = logits.is_contiguous(memory_format=torch.channels_last)
    plane = size[0] * size[1] * logits.element_size()
    # Besides a block: its maximum and index, the running maximum, a comparison and a temporary id.
    block = memory - 2 * plane - size[0] * size[1] * (8 + 8 + 1)
    if logits.device.type == "cpu":
        block = min(block, _CPU_CACHE)
    if (_ALIGNED if channels_last else _SMALLEST) * plane > block and rows_are_exact(logits, size):
        for image, out in zip(logits.split(1), ids.split(1)):
            for first, last, planes in upsampled_rows(image, size):
                piece = (last - first) * size[1] * logits.element_size()
                _running_argmax(planes, _blocks(image.shape[1], piece, memory // 2, channels_last), out[:, first:last])
        return ids
    images = max(1, block // (_ALIGNED * plane))
    for part, out in zip(logits.split(images), ids.split(images)):
        blocks = _blocks(logits.shape[1], len(part) * plane, block, channels_last)
        _running_argmax(partial(_interpolated, part, size), blocks, out)
    return ids


def _interpolated(logits: Tensor, size: tuple[int, int], first: int, last: int) -> Tensor:
    block = logits[:, first:last]
    if logits.is_contiguous(memory_format=torch.channels_last):
        block = block.contiguous(memory_format=torch.channels_last)
    return functional.interpolate(block, size, mode="bilinear", align_corners=False)


def _blocks(channels: int, plane: int, memory: int, channels_last: bool) -> Iterator[tuple[int, int]]:
    """First and last channel of each block: as many as fit into the memory, in whole groups (see the module)."""
    step = max(1, memory // plane // _ALIGNED) * _ALIGNED
    if step * plane > memory and not channels_last:
        step = _SMALLEST
    starts = list(range(0, max(1, channels - min(step, _ALIGNED) + 1), step))
    return zip(starts, [*starts[1:], channels])


def _running_argmax(planes: Planes, blocks: Iterator[tuple[int, int]], out: Tensor) -> None:
    """Write the channel of each pixel's greatest value to `out`, B x rows x W int64."""
    best: Tensor = None
    for first, last in blocks:
        values, indices = planes(first, last).max(dim=1)
        if best is None:
            best = values
            out.copy_(indices)
            continue
        # Not `values > best`: NaN is greater than every number, and the first NaN wins.
        better = ~(values <= best) & (best == best)
        torch.where(better, indices.add_(first), out, out=out)
        torch.maximum(best, values, out=best)
