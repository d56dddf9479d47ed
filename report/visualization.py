"""Overlays of masks on their images, and contact sheets of many, with captions and legends.

Used by `imagenet-s demo`, `show` and `evaluate --report`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..conversion.core.errors import ImageNetSError
from ..conversion.facts import IGNORE_ID, OTHER_ID
from ..conversion.masks.codec import check_size
from .class_colors import class_color

Item = tuple[Image.Image, "NDArray[Any] | None"]
"""An image and its H x W class ids, or None where it has no mask."""

_PAGE, _CARD, _EDGE, _TEXT, _FAINT = "#eef0f4", "#ffffff", "#d5d9e2", "#1d2433", "#687083"
RIGHT, WRONG = (0, 114, 178), (230, 159, 0)
"""The colours of `difference`."""
_MARGIN, _GAP, _PAD = 18, 14, 8
_TITLE_SIZE, _LEGEND_SIZE, _CHIP = 12, 12, 11


def overlay(image: Image.Image, ids: NDArray[Any], alpha: float = 0.6) -> Image.Image:
    """An overlay: classes tinted in their colours with a contour, `other` paled a little, ignored pixels hatched.

    Args:
        image: any mode.
        ids: H x W class ids of the same size; the grey of `class_color` stands for ids above the ignored one.
        alpha: how much of a class's colour covers the image, 0..1.

    Returns:
        A new RGB image of the same size.

    Raises:
        ImageNetSError: the mask has another size than the image.
    """
    ids = _checked(ids, image)
    present, index = np.unique(ids, return_inverse=True)
    colours = np.array([class_color(int(one)) for one in present], np.float64)[index.reshape(ids.shape)]
    return _painted(image, ids, colours, (ids != OTHER_ID) & (ids != IGNORE_ID), alpha)


def difference(
    image: Image.Image, reference: NDArray[Any], prediction: NDArray[Any], alpha: float = 0.75
) -> Image.Image:
    """Where a prediction is right and where it is not.

    A class that is right is blue; a class that is wrong, missed or added is orange: the two of Okabe and Ito (2008)
    that differ in hue and in lightness with any colour vision. `other` in both is paled, ignored pixels are hatched.

    Args:
        image: any mode.
        reference: H x W class ids of the same size.
        prediction: H x W class ids, after matching.
        alpha: as for `overlay`.

    Returns:
        A new RGB image of the same size.

    Raises:
        ImageNetSError: a mask has another size than the image.
    """
    reference, prediction = _checked(reference, image), _checked(prediction, image)
    right = reference == prediction
    scored = reference != IGNORE_ID
    kinds = np.where(right, 1, 2) * (scored & ~(right & (reference == OTHER_ID)))
    colours = np.array([(0, 0, 0), RIGHT, WRONG], np.float64)[kinds]
    return _painted(image, np.where(scored, kinds, IGNORE_ID), colours, kinds > 0, alpha)


def _checked(ids: NDArray[Any], image: Image.Image) -> NDArray[Any]:
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


def contact_sheet(
    items: Sequence[Item],
    captions: Sequence[str],
    names: Mapping[int, str],
    columns: int = 4,
    tile: tuple[int, int] = (256, 192),
    alpha: float = 0.6,
) -> Image.Image:
    """Overlays on one sheet, each with a caption and a legend of its classes.

    Args:
        items: images with their H x W class ids, or with None where there is no mask.
        captions: one line a tile, such as the image id.
        names: class id -> name (`categories(config).id2label`); an id without a name is shown as a number.
        columns: tiles a row; less where there are fewer items.
        tile: width and height of the box that an image is fitted into, in pixels.
        alpha: as for `overlay`.

    Returns:
        An RGB image.

    Raises:
        ImageNetSError: no items, another number of captions than of items, or a mask of another size than its image.
    """
    if not items or len(items) != len(captions):
        raise ImageNetSError(f"{len(items)} images and {len(captions)} captions: a sheet takes one caption an image.")
    columns = max(1, min(columns, len(items)))
    legends = [_legend(ids, names, tile[0]) for _, ids in items]
    rows = [range(start, min(start + columns, len(items))) for start in range(0, len(items), columns)]
    empty = 2 * _PAD + tile[1] + 6 + _TITLE_SIZE + 4
    heights = [empty + max(len(legends[i]) for i in row) * (_LEGEND_SIZE + 7) for row in rows]
    width = 2 * _MARGIN + columns * (tile[0] + 2 * _PAD) + (columns - 1) * _GAP
    sheet = Image.new("RGB", (width, 2 * _MARGIN + sum(heights) + (len(rows) - 1) * _GAP), _PAGE)
    top = _MARGIN
    for row, height in zip(rows, heights):
        left = _MARGIN
        for i in row:
            card = _card(height, tile, _fitted(items[i], tile, alpha), captions[i], legends[i])
            sheet.paste(card, (left, top))
            left += card.width + _GAP
        top += height + _GAP
    return sheet


Legend = list[list[tuple[int, str]]]
"""Lines of (class id, text), already cut to the width of a tile."""


def _card(height: int, tile: tuple[int, int], picture: Image.Image, caption: str, legend: Legend) -> Image.Image:
    card = Image.new("RGB", (tile[0] + 2 * _PAD, height), _PAGE)
    pen = ImageDraw.Draw(card)
    pen.rounded_rectangle((0, 0, card.width - 1, height - 1), 8, fill=_CARD, outline=_EDGE)
    pen.rectangle((_PAD, _PAD, _PAD + tile[0] - 1, _PAD + tile[1] - 1), fill="#f6f7f9")
    card.paste(picture, (_PAD + (tile[0] - picture.width) // 2, _PAD + (tile[1] - picture.height) // 2))
    y = _PAD + tile[1] + 6
    pen.text((_PAD, y), _cut(caption, tile[0], _TITLE_SIZE), _TEXT, _font(_TITLE_SIZE))
    for line in legend:
        x, y = _PAD, y + _LEGEND_SIZE + 7
        for class_id, text in line:
            if class_id == IGNORE_ID:
                hatch = overlay(Image.new("RGB", (_CHIP, _CHIP), "#a0a0a0"), np.full((_CHIP, _CHIP), IGNORE_ID))
                card.paste(hatch, (x, y + 2))
            else:
                chip = x, y + 2, x + _CHIP - 1, y + 2 + _CHIP - 1
                pen.rounded_rectangle(chip, 3, fill=class_color(class_id))
            pen.text((x + _CHIP + 5, y), text, _FAINT, _font(_LEGEND_SIZE))
            x += _entry_width(text)
    return card


def _fitted(item: Item, tile: tuple[int, int], alpha: float) -> Image.Image:
    """The overlay at the size it is shown in, so that contours are smooth and one pixel wide."""
    image, ids = item
    scale = min(tile[0] / image.width, tile[1] / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    shown = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    if ids is None:
        return shown
    ids = _checked(ids, image)
    return overlay(shown, resized_ids(ids, size), alpha)


def resized_ids(ids: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """H x W ids at another size (width, height): smooth edges, and no id that was not there."""
    # The mask of each id is resized by itself and the greatest wins.
    present = np.unique(ids)
    layers = [
        np.asarray(Image.fromarray(np.uint8(255) * (ids == one)).resize(size, Image.Resampling.BILINEAR))
        for one in present
    ]
    resized: NDArray[Any] = present[np.argmax(layers, axis=0)]
    return resized


def _legend(ids: NDArray[Any] | None, names: Mapping[int, str], width: int) -> Legend:
    """The classes of a mask, the largest first, in lines that fit the width; `ignored` comes last."""
    if ids is None:
        return []
    values, counts = np.unique(ids, return_counts=True)
    order = [int(values[i]) for i in np.argsort(-counts, kind="stable") if values[i] not in (OTHER_ID, IGNORE_ID)]
    entries = [(one, names.get(one, str(one))) for one in order]
    if IGNORE_ID in values:
        entries.append((IGNORE_ID, "ignored"))
    lines: Legend = []
    free = 0.0
    for class_id, name in entries:
        text = _cut(name, width - _entry_width(""), _LEGEND_SIZE)
        if not lines or _entry_width(text) - 10 > free:
            lines.append([])
            free = width
        lines[-1].append((class_id, text))
        free -= _entry_width(text)
    return lines


def _contour(ids: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels with another id above, below, left or right of them."""
    padded = np.pad(ids, 1, mode="edge")
    sides = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    return np.logical_or.reduce([side != ids for side in sides])


def _entry_width(text: str) -> int:
    return _CHIP + 5 + math.ceil(_font(_LEGEND_SIZE).getlength(text)) + 10


def _cut(text: str, width: int, size: int) -> str:
    """The text, shortened with an ellipsis where it is wider than so many pixels."""
    if _font(size).getlength(text) <= width:
        return text
    while text and _font(size).getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


@functools.cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size)
