"""One item of a Dataset, compared with the official mask and image of its id."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..core.errors import some
from ..facts import IGNORE_ID
from .geometry import (
    CUTS,
    FLIPPED,
    MIRRORED,
    TURNS,
    WHOLE,
    Fit,
    fit_image,
    fit_mask,
    viewer,
)
from .ground_truth import Truth
from .id_readings import SAME, TOLERANCE, explaining
from .sample import Item

_DETERMINED, _ALIKE, _AGREE = 0.6, 0.6, 0.98
"""Below these, a mask or an image is taken for that of another image."""
_RATIO = 0.02
"""Relative differences of aspect ratios below this come from rounding."""


@dataclass
class CheckedItem:
    """The result of comparing one item.

    Attributes:
        readings: the readings that explain its ids; empty where none does.
        ignored: the value that most ignored pixels have; None without such pixels, or where nothing explains the mask.
        became: official id -> the value that most of its pixels have.
        faults: key of a fault -> what was seen.
        label: the label of the item; None without one.
    """

    image_id: str
    readings: list[str] = field(default_factory=list)
    ignored: int | None = None
    became: dict[int, int] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    label: int | None = None
    values: frozenset[int] = frozenset()
    """Every value of the item's mask."""
    other: str | None = None
    """The image that the mask belongs to, where it belongs to another one."""
    greatest: tuple[int, int] = (0, 0)
    """The greatest id of the official mask, with 1000 and without."""


def check_item(item: Item, image_id: str, truth: Truth, by_position: bool) -> CheckedItem:
    """Compare one item.

    Args:
        item: an item with a mask.
        image_id: its image; for an item without an id, the image at its position.
        truth: the official masks and images.
        by_position: the item has no id of its own.
    """
    ids = truth.ids(image_id)
    classes = ids[ids != IGNORE_ID]
    checked = CheckedItem(image_id, label=item.label, greatest=(int(ids.max()), int(classes.max(initial=0))))
    seen: NDArray[Any] = item.ids if item.ids is not None else np.zeros((0, 0))
    if seen.dtype.kind == "f":
        scaled = seen * 255
        if np.abs(scaled - np.rint(scaled)).max() < 1e-3:
            checked.faults["scaled"] = f"{image_id}: {seen.min():.3g} to {seen.max():.3g}"
            seen = np.rint(scaled).astype(np.int64)
        else:
            checked.faults["interpolated"] = f"{image_id}: {np.unique(seen % 1).size - 1:,} fractions, as of no id"
            seen = np.rint(seen).astype(np.int64)
    if _is_same(seen, ids):
        fit = Fit(WHOLE, 1.0)
        ignored = seen[ids == IGNORE_ID]
        checked.readings, checked.values = [SAME], frozenset({int(seen.max())})
        checked.ignored = int(np.median(ignored)) if ignored.size else None
    else:
        fit = fit_mask(seen, ids)
        _check_ids(checked, seen, ids, fit, truth, by_position)
    if item.image is not None:
        _check_image(checked, item.image, seen, ids, fit, truth)
    else:
        _check_turns(checked, seen, fit)
    return checked


def _check_ids(
    checked: CheckedItem, seen: NDArray[Any], ids: NDArray[np.int64], fit: Fit, truth: Truth, by_position: bool
) -> None:
    category = truth.category(checked.image_id)
    # The dithering of a palette hides a cut, so the whole mask is tried as well.
    for way, centred in itertools.product(dict.fromkeys((fit.way, WHOLE)), (True, False)):
        view = viewer(way, seen.shape, centred)
        checked.readings = explaining(seen, ids, view, category)
        if checked.readings:
            break
    else:
        view = viewer(fit.way, seen.shape)
    shown = view(ids)
    # Interpolation reaches as far as a pixel of the original is wide.
    reach = 3 + 2 * max(1, *(math.ceil(new / old) for new, old in zip(seen.shape, ids.shape)))
    inside = ndimage.maximum_filter(shown, reach) == ndimage.minimum_filter(shown, reach)
    agree = 0
    for class_id in np.unique(shown).tolist():
        # What an id became shows where no other id is near.
        where = shown == class_id
        values, counts = np.unique(seen[where & inside if (where & inside).any() else where], return_counts=True)
        checked.became[class_id] = int(values[counts.argmax()])
        agree += int(((seen == checked.became[class_id]) & where & inside).sum())
    if not checked.readings and "interpolated" not in checked.faults:
        checked.other = truth.whose(seen)
        if checked.other or (fit.score < _DETERMINED and agree < _AGREE * inside.sum()):
            whose = f"that of {checked.other}" if checked.other else f"not its own ({_size(seen)})"
            checked.faults["order" if by_position else "pairing"] = f"{checked.image_id}: its mask is {whose}"
            return
    checked.values = frozenset(np.unique(seen).tolist())
    expected = {*checked.became.values(), *np.unique(ids).tolist()}
    invented = sorted(value for value in checked.values if value not in expected)
    moved = seen != _mapped(shown, checked.became)
    if "interpolated" in checked.faults or (checked.readings and seen.shape == ids.shape) or not agree:
        pass
    elif len(invented) > 1 and (moved & inside).sum() < (1 - _AGREE) * seen.size:
        description = (
            f"{some([str(value) for value in invented], 4)} where there are {sorted(np.unique(ids).tolist())[:4]}"
        )
        checked.faults["interpolated"] = f"{checked.image_id}: {description}"
    elif not checked.readings and moved.mean() > 1 - TOLERANCE and not (moved & inside).any():
        checked.faults["interpolated"] = f"{checked.image_id}: borders between ids have moved"
    checked.ignored = checked.became.pop(IGNORE_ID, None)
    if fit.way == MIRRORED:
        checked.faults["image-and-mask-differ"] = f"{checked.image_id}: the mask is mirrored"


def _check_image(
    checked: CheckedItem, image: NDArray[np.float32], seen: NDArray[Any], ids: NDArray[np.int64], fit: Fit, truth: Truth
) -> None:
    sizes = f"{checked.image_id}: image {_size(image)}, mask {_size(seen)}, official {_size(ids)}"
    original = truth.image(checked.image_id)
    if original is None:
        turned = image.shape == ids.shape[::-1] != ids.shape
        if image.shape == ids.shape:  # otherwise the image may be turned as well
            _check_turns(checked, seen, fit)
        if turned and seen.shape == ids.shape:
            checked.faults["orientation"] = sizes
        elif fit.way in CUTS and abs(_ratio(image) / _ratio(ids) - 1) < _RATIO:
            checked.faults["image-and-mask-differ"] = f"{sizes}: the mask is cut, the image is not"
        return
    image_fit = fit_image(image, original)
    if image_fit.score < _ALIKE:
        checked.faults.setdefault("pairing", f"{checked.image_id}: the image is another one")
    elif image_fit.way != fit.way:
        if fit.way not in TURNS and image_fit.way in TURNS:
            checked.faults["orientation"] = f"{sizes}: the image is {image_fit.way}"
        else:
            checked.faults.setdefault("image-and-mask-differ", f"{sizes}: image: {image_fit.way}, mask: {fit.way}")


def _check_turns(checked: CheckedItem, seen: NDArray[Any], fit: Fit) -> None:
    """Note a mask that is turned; for items whose original image can't be compared."""
    if fit.way in (*TURNS, FLIPPED) and not {"pairing", "order"} & checked.faults.keys():
        checked.faults["mask-turned"] = f"{checked.image_id}: the mask ({_size(seen)}) is {fit.way}"


def _is_same(seen: NDArray[Any], ids: NDArray[np.int64]) -> bool:
    """Whether the ids are unchanged, the usual case. False for a mask of 0 and 1 (or 255), which may be foreground."""
    if seen.shape != ids.shape or seen.max(initial=0) in (0, 1, 255):
        return False
    return bool(((seen == ids) | (ids == IGNORE_ID)).all())


def _mapped(ids: NDArray[np.int64], became: dict[int, int]) -> NDArray[np.int64]:
    """Each id replaced by what it became."""
    present, places = np.unique(ids, return_inverse=True)
    return np.array([became[class_id] for class_id in present.tolist()])[places.reshape(ids.shape)]


def _ratio(array: NDArray[Any]) -> float:
    return array.shape[1] / array.shape[0]


def _size(array: NDArray[Any]) -> str:
    return f"{array.shape[1]} x {array.shape[0]}"
