"""Contact sheets: many masks over their images as one picture, with captions and legends."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..conversion.core.errors import ImageNetSError
from ..conversion.facts import IGNORE_ID
from .class_colors import NO_CLASS, class_color
from .overlays import checked_ids, largest_classes, mask_difference, mask_overlay, resized_ids

Item = tuple[Image.Image, "NDArray[Any] | None"]
"""An image and its H x W class ids, or None where it has no mask."""

_PAGE, _CARD, _EDGE, _TEXT, _FAINT = "#eef0f4", "#ffffff", "#d5d9e2", "#1d2433", "#687083"
_MARGIN, _GAP, _PAD = 18, 14, 8
_TITLE_SIZE, _LEGEND_SIZE, _CHIP = 12, 12, 11


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
        alpha: as for `mask_overlay`.

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


def sheet_of_rows(
    rows: Iterable[Mapping[str, Any]],
    names: Mapping[int, str],
    prediction_of: Callable[[str], NDArray[Any] | None] | None = None,
) -> Image.Image:
    """Rows of the data set on one sheet.

    Args:
        rows: with `image_id`, `annotation` and perhaps `image`.
        names: class id -> name.
        prediction_of: the H x W prediction of an image, by its id; None where it has none. With it there are three
            tiles an image: the reference, the prediction, and where they differ.
    """
    items: list[Item] = []
    captions = []
    for row in rows:
        mask = None if row["annotation"] is None else np.asarray(row["annotation"])
        image = row.get("image")
        if image is None:  # a data set that was converted without images
            image = Image.new("RGB", (160, 120) if mask is None else mask.shape[::-1], "white")
        image = image.convert("RGB")
        items.append((image, mask))
        captions.append(row["image_id"])
        if prediction_of is not None:
            prediction = prediction_of(row["image_id"])
            items.append((image, prediction))
            captions.append("prediction" if prediction is not None else "no prediction")
            if mask is not None and prediction is not None:
                items.append((mask_difference(image, mask, prediction), None))
                captions.append("difference: blue right, orange wrong")
            else:
                items.append((image, None))
                captions.append("")
    columns = 4 if prediction_of is None else 3 if len(items) <= 12 else 6
    return contact_sheet(items, captions, {**names, NO_CLASS: "no class"}, columns)


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
                hatch = mask_overlay(Image.new("RGB", (_CHIP, _CHIP), "#a0a0a0"), np.full((_CHIP, _CHIP), IGNORE_ID))
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
    ids = checked_ids(ids, image)
    return mask_overlay(shown, resized_ids(ids, size), alpha)


def _legend(ids: NDArray[Any] | None, names: Mapping[int, str], width: int) -> Legend:
    """The classes of a mask, the largest first, in lines that fit the width; `ignored` comes last."""
    if ids is None:
        return []
    entries = [(class_id, names.get(class_id, str(class_id))) for class_id in largest_classes([ids])]
    if (ids == IGNORE_ID).any():
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
