"""Sharding: how many shards a split has, and which rows each; the same for the same rows and the same target size."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..annotations import cached_masks
from ..core.errors import ImageNetSError
from ..imagenet.image_reader import ImageReader

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_ROW_BYTES = 100
"""What a row has besides images: ids, names, a share of the footer."""
_TOO_LARGE = 2
"""Pieces that a layout of ImageNet prefers are cut again from this many times the target on."""


def round_up_for_ranks(count: int) -> int:
    """The next number of shards that ranks can share: a multiple of the largest power of two up to a quarter of it.

    A stream that is split between ranks gives each whole shards only where their number divides; else every rank reads
    everything. At most a quarter more shards.

    Examples:
        >>> [round_up_for_ranks(n) for n in (1, 3, 11, 60, 250, 269)]
        [1, 3, 12, 64, 256, 320]
    """
    step = 1 << max(0, (count // 4).bit_length() - 1)
    return -(-count // step) * step


def parse_size(text: str | int) -> int:
    """Bytes of `"500MB"`, `"1GiB"` or a plain number.

    Raises:
        ImageNetSError: no size, or none above zero.

    Examples:
        >>> parse_size("500MB"), parse_size("0.5 KiB"), parse_size(7)
        (500000000, 512, 7)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?i?B?)\s*", str(text), re.IGNORECASE)
    unit = _UNITS.get(match[2].upper()) if match else None
    size = int(float(match[1]) * unit) if match and unit else 0
    if size <= 0:
        raise ImageNetSError(
            f"max_shard_size (--max-shard-size) {text!r}: expected a size such as 500MB, 1GB or 200MiB."
        )
    return size


def row_sizes(rows: pa.Table, image_sizes: NDArray[np.int64], masks: str | None) -> NDArray[np.int64]:
    """The bytes that each row will take, nearly: image, mask, and a little for the rest."""
    sizes = image_sizes + _ROW_BYTES
    if masks is not None:
        lengths = pc.binary_length(cached_masks(masks)["png"]).take(rows["mask_row"].combine_chunks())
        sizes = sizes + lengths.to_numpy().astype(np.int64)
    return sizes


def cut(rows: pa.Table, sizes: NDArray[np.int64], reader: ImageReader | None, target: int) -> list[pa.Table]:
    """Consecutive pieces of at most about `target` bytes, as equal as they can be, in a number that ranks can share.

    Where a layout is best read in pieces of its own (row groups of Parquet files), cuts lie between them, and their
    number may be another.
    """
    count = round_up_for_ranks(_count(sizes, target))
    if reader is None or reader.random_access:
        return _even(rows, sizes, count)
    pieces = []
    start = 0
    for piece in reader.cut(rows, count):
        piece_sizes = sizes[start : start + len(piece)]
        start += len(piece)
        pieces += (
            _even(piece, piece_sizes, _count(piece_sizes, target))
            if piece_sizes.sum() > _TOO_LARGE * target
            else [piece]
        )
    return [piece for piece in pieces if len(piece)]


def _even(rows: pa.Table, sizes: NDArray[np.int64], count: int) -> list[pa.Table]:
    count = min(count, max(1, rows.num_rows))
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    # Integers throughout: a float's rounding must not decide where a cut lies.
    inner = np.searchsorted(ends, [total * i // count for i in range(1, count)], side="right")
    # No piece is empty, however large a single row is: the number of pieces is what was asked for.
    number = np.arange(1, count)
    inner = np.clip(np.maximum.accumulate(inner - number) + number, number, rows.num_rows - count + number)
    return [rows.slice(a, b - a) for a, b in itertools.pairwise([0, *inner.tolist(), rows.num_rows])]


def _count(sizes: NDArray[np.int64], target: int) -> int:
    return max(1, -(-int(sizes.sum()) // target))
