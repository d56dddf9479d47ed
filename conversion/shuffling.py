"""The order of training images: fixed, mixed, and the same on every machine; and into how many shards it is cut.

An image's place follows from its id alone: `<wnid>_<number>` as one 64-bit number, mixed with a recorded seed. So the
order depends on no library's random generator, and leaving images out does not move the others.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ORDER_SEED = 919
"""Recorded in every card that `imagenet-s convert` writes: with it the order can be recomputed."""

_IMAGES_PER_SHARD = 1000
# Numbers of shards with many divisors, so that whole shards can be dealt to almost any number of nodes.
_SHARD_COUNTS = (1, 2, 4, 8, 12, 24, 48, 96, 240, 480, 960, 1440)
_FEWEST_SHARDS = 48


def mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's output function over `ORDER_SEED` and some numbers: one to one, so that keys never tie.

    Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014).
    """
    z = numbers + np.uint64(ORDER_SEED * 0x9E3779B97F4A7C15 % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def training_keys(image_ids: pa.ChunkedArray | pa.Array) -> NDArray[np.uint64]:
    """The sort key of training images: N ids `<wnid>_<number>` -> N uint64."""
    wnids = pc.utf8_slice_codeunits(image_ids, 1, 9).cast(pa.uint64()).to_numpy(zero_copy_only=False)
    numbers = pc.utf8_slice_codeunits(image_ids, 10).cast(pa.uint64()).to_numpy(zero_copy_only=False)
    return mix((wnids.astype(np.uint64) << np.uint64(32)) | numbers.astype(np.uint64))


def shard_count(num_images: int) -> int:
    """How many shards a split is cut into: at most about 1000 images each, a number with many divisors."""
    wanted = max(_FEWEST_SHARDS, -(-num_images // _IMAGES_PER_SHARD))
    enough = next((n for n in _SHARD_COUNTS if n >= wanted), _SHARD_COUNTS[-1])
    return max((n for n in _SHARD_COUNTS if n <= min(enough, max(1, num_images))), default=1)


def dealt_evenly(count: int) -> int:
    """The next number of shards that ranks can share: a multiple of the largest power of two up to a quarter of it.

    A stream that is split between ranks gives each whole shards only where their number divides; else every rank reads
    everything. At most a quarter more shards.

    Example:
        >>> [dealt_evenly(n) for n in (1, 3, 11, 60, 250, 269)]
        [1, 3, 12, 64, 256, 320]
    """
    step = 1 << max(0, (count // 4).bit_length() - 1)
    return -(-count // step) * step
