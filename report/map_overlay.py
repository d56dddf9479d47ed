"""A map as heat over its image, with the outline of the object: a small JPEG for a page."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_WIDTH = 320
_HEAT = np.array([(13, 8, 80), (126, 3, 168), (204, 71, 120), (248, 149, 64), (240, 249, 33)], np.float64)
"""From low to high, even in lightness, and told apart without red and green."""
_STRENGTH = 0.55


def overlay(image: Image.Image | None, values: NDArray[Any], inside: NDArray[np.bool_]) -> str:
    """A picture to look at.

    Args:
        image: the image; without it the heat alone is shown.
        values: H x W, the map.
        inside: h x w, the pixels of the object.

    Returns:
        A data URI.
    """
    height, width = inside.shape
    size = _WIDTH, max(1, round(height * _WIDTH / width))
    low, high = float(values.min()), float(values.max())
    grey = (values.astype(np.float64) - low) / (high - low) if high > low else np.zeros(values.shape)
    scaled = Image.fromarray(grey.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    heat = _colours(np.clip(np.asarray(scaled, np.float64), 0, 1))
    if image is not None:
        picture = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BILINEAR), np.float64)
        heat = _STRENGTH * heat + (1 - _STRENGTH) * picture
    pixels = heat.round().astype(np.uint8)
    shape = np.asarray(Image.fromarray(inside.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)) > 0
    # White beside black: seen on any heat.
    pixels[_edge(shape, 2)] = 0
    pixels[_edge(shape, 1)] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _colours(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    places = np.linspace(0, 1, len(_HEAT))
    return np.stack([np.interp(grey, places, channel) for channel in _HEAT.T], axis=-1)


def _edge(inside: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The pixels of the object nearest to its border, `width` of them deep."""
    inner = inside
    for _ in range(width):
        padded = np.pad(inner, 1)
        inner = inner & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inside & ~inner
