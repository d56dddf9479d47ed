"""One map as an array: any real type -> H x W float64; a map and its mask brought to one size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..matched_miou.read_mask import MaskLike, read_mask, refuse_masked_array

Floats = NDArray[np.float64]
Mask = NDArray[np.uint16]
MapLike = Any
"""H x W real numbers: a NumPy array, torch tensor (any device and type), nested lists, or a grey PIL image."""

_LARGE = 2.0**900
_SMALLER = 2.0**-100


def read_map(values: MapLike, name: str = "the map") -> Floats:
    """A map as float64.

    Args:
        values: see `MapLike`. Never written to.
        name: what to call the image in an error.

    Returns:
        H x W float64; may share memory with `values`.

    Raises:
        ValueError: no H x W real numbers, no pixels, or a NaN or an infinity.

    Examples:
        >>> read_map([[1, 2], [3, 4]])
        array([[1., 2.],
               [3., 4.]])
    """
    array = _as_array(values, name)
    shape = " x ".join(map(str, array.shape)) or "a single number"
    if not np.can_cast(array.dtype, np.float64, "same_kind"):
        raise ValueError(
            f"the map of {name} holds {array.dtype} ({shape}): expected real numbers"
            + (", for instance the magnitude of the complex ones." if array.dtype.kind == "c" else ".")
        )
    if array.ndim != 2:
        raise ValueError(
            f"the map of {name} has the shape {shape}: expected H x W; sum or average over channels first, and give "
            "maps one by one."
        )
    if not array.size:
        raise ValueError(f"the map of {name} has no pixels ({shape}).")
    result: Floats = array.astype(np.float64, copy=False)
    low, high = float(result.min()), float(result.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        wrong = int(np.count_nonzero(~np.isfinite(result)))
        raise ValueError(
            f"the map of {name} holds NaN or an infinity ({wrong:,} of {result.size:,} pixels): expected finite "
            "numbers; was a gradient divided by zero?"
        )
    # Differences and sums of the largest floats overflow. A power of two keeps every digit, and no score sees scale.
    return result * _SMALLER if max(high, -low) > _LARGE else result


def fit(values: Floats, mask: MaskLike, resize: str | None, name: str) -> tuple[Floats, Mask]:
    """A map and its mask at one size.

    Args:
        values: H x W.
        mask: ids in any form that `read_mask` takes.
        resize: `"map"` or `"mask"` for the one that is brought to the other's size; None where sizes must agree.
        name: what to call the image in an error.

    Raises:
        ValueError: no mask, sizes that differ without `resize`, or height and width exchanged, with it or not.
    """
    ids = read_mask(mask, f"the mask of {name}")
    if values.shape == ids.shape:
        return values, ids
    if values.shape == ids.shape[::-1]:
        raise ValueError(
            f"the map of {name} is {values.shape[0]} x {values.shape[1]} and its mask {ids.shape[0]} x {ids.shape[1]}: "
            "height and width are exchanged; give the map transposed (map.T), H x W."
        )
    if resize is None:
        (height, width), (h, w) = values.shape, ids.shape
        raise ValueError(
            f"the map of {name} is {height} x {width}, its mask {h} x {w}: they must be equal, unless "
            "resize='map' (--resize map: bilinear) or resize='mask' (nearest) brings one to the other's size."
        )
    if resize == "map":
        return _bilinear(_bilinear(values, ids.shape[0]).T, ids.shape[1]).T, ids
    rows, columns = (_nearest(size, length) for size, length in zip(values.shape, ids.shape))
    return values, ids[np.ix_(rows, columns)]


def _nearest(size: int, length: int) -> NDArray[np.int64]:
    """For each of `size` places the index of `length`: floor((2i + 1) length / (2 size)), in integers."""
    return (2 * np.arange(size, dtype=np.int64) + 1) * length // (2 * size)


def _bilinear(values: Floats, size: int) -> Floats:
    """The rows of a map interpolated to `size` rows: half-pixel centres, edges clamped."""
    length = len(values)
    numerator = np.maximum((2 * np.arange(size, dtype=np.int64) + 1) * length - size, 0)
    low = np.minimum(numerator // (2 * size), length - 1)
    high = np.minimum(low + 1, length - 1)
    weight = (numerator - low * 2 * size) / (2 * size)
    # As a step from the lower row, so that a constant map stays exactly constant.
    return values[low] + (values[high] - values[low]) * weight[:, None]


def display_range(values: NDArray[Any]) -> tuple[float, float]:
    """The values that a picture of a map shows as its darkest and its brightest: the 1st and 99th percentile.

    A few outliers would leave all else in one colour. The lowest and highest value where the percentiles are equal.
    """
    low, high = np.percentile(values.astype(np.float64), [1, 99])
    return (float(low), float(high)) if low < high else (float(values.min()), float(values.max()))


def grey_values(image: Image.Image) -> NDArray[Any]:
    """The pixels of a grey image.

    Raises:
        ValueError: a palette, whose indices say nothing of what is higher, colours or an alpha channel.
    """
    if image.mode not in ("L", "I", "F") and not image.mode.startswith("I;16"):
        raise ValueError(f"an image of mode {image.mode}: expected a grey one (L, I;16, I or F)")
    return np.asarray(image)


def _as_array(values: MapLike, name: str) -> NDArray[Any]:
    refuse_masked_array(values, f"the map of {name}", "as map.filled(map.min())")
    if isinstance(values, Image.Image):
        try:
            return grey_values(values)
        except ValueError as error:
            raise ValueError(f"the map of {name} is {error}.") from None
    # torch is not imported for this: a tensor is what can be detached and moved to the CPU.
    if hasattr(values, "detach") and hasattr(values, "cpu"):
        values = values.detach().cpu()
        if not values.is_complex():
            values = values.double()  # NumPy has no bfloat16
        values = values.numpy()
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"the map of {name} is no array of numbers ({error}).") from None
