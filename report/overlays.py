"""Masks and maps drawn over their images, and pictures embedded into pages."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..conversion.core.errors import ImageNetSError
from ..conversion.facts import IGNORE_ID, OTHER_ID
from ..conversion.masks.codec import check_size
from ..metrics.saliency.map_array import display_range
from .class_colors import class_color

RIGHT, WRONG = (0, 114, 178), (230, 159, 0)
"""The colours of `mask_difference`."""
_HEAT = np.array([(13, 8, 80), (126, 3, 168), (204, 71, 120), (248, 149, 64), (240, 249, 33)], np.float64)
"""From low to high, even in lightness, and told apart without red and green."""
_HEAT_STRENGTH = 0.55
_MAP_WIDTH = 320


def mask_overlay(image: Image.Image, ids: NDArray[Any], alpha: float = 0.6) -> Image.Image:
    """A mask over its image: classes in their colours with a contour, `other` paled a little, ignored pixels hatched.

    Args:
        image: any mode.
        ids: H x W class ids of the same size; the grey of `class_color` stands for ids above the ignored one.
        alpha: how much of a class's colour covers the image, 0..1.

    Returns:
        A new RGB image of the same size.

    Raises:
        ImageNetSError: the mask has another size than the image.
    """
    ids = checked_ids(ids, image)
    present, index = np.unique(ids, return_inverse=True)
    colours = np.array([class_color(int(class_id)) for class_id in present], np.float64)[index.reshape(ids.shape)]
    return _painted(image, ids, colours, (ids != OTHER_ID) & (ids != IGNORE_ID), alpha)


def mask_difference(
    image: Image.Image, reference: NDArray[Any], prediction: NDArray[Any], alpha: float = 0.75
) -> Image.Image:
    """Where a prediction is right and where it is not.

    A class that is right is blue; a class that is wrong, missed or added is orange: the two of Okabe and Ito (2008)
    that differ in hue and in lightness with any colour vision. `other` in both is paled, ignored pixels are hatched.

    Args:
        image: any mode.
        reference: H x W class ids of the same size.
        prediction: H x W class ids, after matching.
        alpha: as for `mask_overlay`.

    Returns:
        A new RGB image of the same size.

    Raises:
        ImageNetSError: a mask has another size than the image.
    """
    reference, prediction = checked_ids(reference, image), checked_ids(prediction, image)
    right = reference == prediction
    scored = reference != IGNORE_ID
    kinds = np.where(right, 1, 2) * (scored & ~(right & (reference == OTHER_ID)))
    colours = np.array([(0, 0, 0), RIGHT, WRONG], np.float64)[kinds]
    return _painted(image, np.where(scored, kinds, IGNORE_ID), colours, kinds > 0, alpha)


def overlay(image: Image.Image | None, values: NDArray[Any], inside: NDArray[np.bool_]) -> str:
    """A map as heat over its image, with the outline of the object: a small JPEG.

    The heat goes from the 1st to the 99th percentile of the values, so that outliers do not darken all else.

    Args:
        image: the image; without it the heat alone is shown.
        values: H x W, the map.
        inside: h x w, the pixels of the object.

    Returns:
        A data URI.
    """
    height, width = inside.shape
    size = _MAP_WIDTH, max(1, round(height * _MAP_WIDTH / width))
    low, high = display_range(values)
    grey = (values.astype(np.float64) - low) / (high - low) if high > low else np.zeros(values.shape)
    grey = np.clip(grey, 0, 1)
    scaled = Image.fromarray(grey.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    heat = _heat(np.asarray(scaled, np.float64))
    if image is not None:
        picture = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BILINEAR), np.float64)
        heat = _HEAT_STRENGTH * heat + (1 - _HEAT_STRENGTH) * picture
    pixels = heat.round().astype(np.uint8)
    shape = np.asarray(Image.fromarray(inside.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)) > 0
    # White beside black: seen on any heat.
    pixels[_edge(shape, 2)] = 0
    pixels[_edge(shape, 1)] = 255
    return data_uri(Image.fromarray(pixels), quality=82)


def data_uri(picture: Image.Image, **options: Any) -> str:
    """A picture as an address that holds it.

    Args:
        picture: RGB.
        options: of Pillow's JPEG writer.
    """
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", **options)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def resized_ids(ids: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """H x W ids at another size (width, height): smooth edges, and no id that was not there."""
    # The mask of each id is resized by itself and the greatest wins.
    present = np.unique(ids)
    layers = [
        np.asarray(Image.fromarray(np.uint8(255) * (ids == present_id)).resize(size, Image.Resampling.BILINEAR))
        for present_id in present
    ]
    resized: NDArray[Any] = present[np.argmax(layers, axis=0)]
    return resized


def largest_classes(masks: Sequence[NDArray[Any]]) -> list[int]:
    """The classes in some masks by their pixels, most first; `other` and the ignored id are none."""
    ids, counts = np.unique(np.concatenate([mask.ravel() for mask in masks]), return_counts=True)
    return [int(ids[i]) for i in np.argsort(-counts, kind="stable") if ids[i] not in (OTHER_ID, IGNORE_ID)]


def checked_ids(ids: NDArray[Any], image: Image.Image) -> NDArray[Any]:
    """H x W class ids of the size of an image, or an `ImageNetSError`."""
    ids = np.asarray(ids)
    if ids.ndim != 2:
        raise ImageNetSError(f"ids has the shape {ids.shape}: an overlay takes H x W class ids.")
    check_size((ids.shape[1], ids.shape[0]), image.size, "the mask")
    return ids


def _painted(
    image: Image.Image, ids: NDArray[Any], colours: NDArray[np.float64], classes: NDArray[np.bool_], alpha: float
) -> Image.Image:
    """The image with colours (H x W x 3) where there are classes, contours between ids, the ignored pixels hatched."""
    pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
    grey = pixels.mean(axis=2, keepdims=True)
    pale = 0.62 * pixels + 0.2 * grey + 0.18 * 255
    # Of the image under a class only the brightness shows, so that the colour matches the legend.
    tinted = (1 - alpha) * (0.3 * pixels + 0.7 * grey) + alpha * colours
    result = np.where(classes[..., None], tinted, pale)
    line = classes & _contour(ids)
    result[line] = 0.35 * 255 + 0.65 * colours[line]
    y, x = np.indices(ids.shape)
    hatch = np.where((x + y) % 4 < 2, 255.0, 70.0)[..., None]
    result = np.where((ids == IGNORE_ID)[..., None], 0.25 * pixels + 0.75 * hatch, result)
    return Image.fromarray(np.rint(result).astype(np.uint8))


def _contour(ids: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels with another id above, below, left or right of them."""
    padded = np.pad(ids, 1, mode="edge")
    sides = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    return np.logical_or.reduce([side != ids for side in sides])


def _heat(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    levels = np.linspace(0, 1, len(_HEAT))
    return np.stack([np.interp(grey, levels, channel) for channel in _HEAT.T], axis=-1)


def _edge(inside: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The pixels of the object nearest to its border, `width` of them deep."""
    inner = inside
    for _ in range(width):
        padded = np.pad(inner, 1)
        inner = inner & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inside & ~inner
