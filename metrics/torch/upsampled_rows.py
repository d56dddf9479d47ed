"""Rows of a bilinear upsampling, one at a time, bit for bit those of the whole.

torch can't compute some output rows alone, and any other formula rounds differently from its kernels (which may or may
not fuse a multiplication and an addition). So torch's kernel makes every row here, too: a single output row from two
input rows, with a scale at which the kernel's formula gives the same weight as in the whole upsampling. The weights of
the whole are measured with the kernel itself, by upsampling 0s and 1s.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch

Tensor = Any

_GENERAL_KERNEL_WIDTH = 128  # torch's CPU kernel for small results starts at height + width <= 128


def rows_are_exact(logits: Tensor, size: tuple[int, int]) -> bool:
    """Whether `upsampled_rows` can promise the bits of `interpolate`.

    Not for float64, whose weights no scale gives exactly; not for narrow results, which other kernels compute; and not
    with torch's deterministic algorithms, which replace the kernel on a GPU.
    """
    return (
        logits.dtype in (torch.float32, torch.float16, torch.bfloat16)
        and size[1] >= _GENERAL_KERNEL_WIDTH
        and not torch.are_deterministic_algorithms_enabled()
        and _inverse(logits.shape[2], size[0]) is not None
    )


def upsampled_rows(logits: Tensor, size: tuple[int, int]) -> Iterator[tuple[int, int, Callable[[int, int], Tensor]]]:
    """The rows of `interpolate(logits, size, mode="bilinear", align_corners=False)`.

    Args:
        logits: B x C x h x w, for which `rows_are_exact`.
        size: (H, W).

    Yields:
        The first and last row of a piece, and a function from the first and last channel to its values, B x channels x
        rows x W. The rows above the second input row come as one piece, all others one by one.
    """
    height = logits.shape[2]
    form = torch.channels_last if logits.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format

    def piece(taken: list[int], rows: int, scale: float | None) -> Callable[[int, int], Tensor]:
        def values(first: int, last: int) -> Tensor:
            block = logits[:, first:last, taken].contiguous(memory_format=form)
            return torch.ops.aten.upsample_bilinear2d(block, (rows, size[1]), False, scale, None)

        return values

    if height == size[0]:  # the kernel copies rows then, and also with a single input and output row
        for row in range(height):
            yield row, row + 1, piece([row], 1, None)
        return
    sources, weights = _sources(height, size[0], logits.device)
    # Weights of rows above the second input row may have bits that 1 + 2 * weight has no room for. These rows are made
    # together from row 0 on, where the kernel counts as in the whole. A repeated input row is not read; it only keeps
    # the heights different, because equal heights would be copied.
    head = sum(1 for _ in itertools.takewhile(lambda source: source == 0, sources))
    if head:
        last = min(1, height - 1)
        yield 0, head, piece([0, last, last] if head == 2 else [0, last], head, _inverse(height, size[0]))
    for row in range(head, size[0]):
        source = sources[row]
        yield row, row + 1, piece([source, min(source + 1, height - 1)], 1, 1 / (1 + 2 * weights[row]))


def _sources(height: int, rows: int, device: Any) -> tuple[list[int], list[float]]:
    """For each output row the input row above it, and the weight of the input row below, as in torch's kernel.

    The probe has one or two rows more than the input, so that the weights at the last row show, too; but not as many as
    the output, because the kernel would copy them.
    """
    position = torch.arange(height + (1 if height + 1 != rows else 2), device=device, dtype=torch.float32)
    odd = position % 2
    probe = torch.stack([position, odd, 1 - odd])[None, :, :, None]
    made = torch.ops.aten.upsample_bilinear2d(probe, (rows, 1), False, _inverse(height, rows), None)
    where, to_odd, to_even = made[0, :, :, 0].double().tolist()
    sources, weights = [], []
    for at, odd_share, even_share in zip(where, to_odd, to_even):
        above = min(int(at), height - 1)
        weight = even_share if above % 2 else odd_share
        if above + weight > at + 0.5:  # `at` was rounded up to the next row
            above, weight = above - 1, odd_share if above % 2 else even_share
        sources.append(above)
        weights.append(weight)
    return sources, weights


def _inverse(height: int, rows: int) -> float | None:
    """A scale factor whose inverse is height / rows as torch rounds it, in float32; None if there is none."""
    wanted = torch.tensor(float(height), dtype=torch.float32) / torch.tensor(float(rows), dtype=torch.float32)
    factor = 1 / wanted.item()
    return factor if torch.tensor(1 / factor, dtype=torch.float64).float() == wanted else None
