"""The order of training images: shuffled once, and the same on every machine.

An image's position follows from its id alone: `<wnid>_<number>` as one 64-bit number, mixed with a recorded seed. So
the order depends on no library's random generator, and leaving images out does not move the others.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ORDER_SEED = 919
"""Recorded in every card that `imagenet-s convert` writes: with it the order can be recomputed."""


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
