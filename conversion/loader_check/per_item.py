"""One item of a Dataset, laid over the official mask and image of its id."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..facts import IGNORE_ID
from .alignment import Fit, ImageSight, MaskSight, near, search
from .geometry import MIRRORED, OUTSIDE, SIDEWAYS, UPRIGHT, WHOLE, Rule
from .ground_truth import Truth
from .sample import Item

_ENOUGH, _LIKELY, _MISFIT = 0.75, 0.5, 0.35
"""Scores that place a mask: anywhere, and in a likely box, where small objects with soft borders score badly; and below
which a mask is another one's."""
_CLEAN = 0.98
"""The share of pixels away from borders that have the value of their id, in a mask that is aligned."""
_ANOTHER, _SURE_IMAGE = 0.6, 0.9
"""Below the second an image has no sure place; it is another one if it fits that of the mask worse than the first."""
_WORSE_IMAGE, _WORSE_MASK = 0.03, 0.12
"""Image and mask show different parts where each fits the other's box this much worse than its own."""
_MOST_BORDERS, _MOST_VALUES = 0.15, 64
"""Masks that are neither interpolated nor stored with loss have fewer pixels at borders, and fewer values."""
_SEARCHES = 20
"""After as many masks in a row that fit nowhere, no other is searched for: each takes a second."""
_FEW = 4
"""Pixels away from borders from which on they tell what an id became."""

Ids = NDArray[np.int64]


@dataclass
class Observation:
    """What was seen in one item. Fields from `greatest` on are those of a mask that was laid over the official one."""

    source: Item  # without its pixels
    image_id: str
    compared: bool = False
    identified: bool = False  # nothing but the mask tells whose it is
    greatest: tuple[int, int] = (0, 0)  # id of the official mask, with 1000 and without
    shape_kept: bool = False  # the mask has the size of the official one
    constant: float | None = None  # the value of a mask that has just one, which doesn't tell its place
    became: dict[int, float] = field(default_factory=dict)  # official id -> its value, away from borders
    at_borders: dict[int, float] = field(default_factory=dict)  # the same of ids with hardly a pixel away from borders
    between: list[float] = field(default_factory=list)  # values that no id became, which interpolation invents
    grown: bool = False  # objects are larger than theirs on all sides, as after interpolation and `> 0`
    padding: float | None = None  # the value beyond the official mask, NaN for several; None without any
    misfit: bool = False  # the mask is far from fitting where it should lie
    aligned: bool = False  # what its ids became can be told
    image_score: float = 0.0  # how well the image fits the one of this id; 0 where nothing tells
    turned: str = ""  # how the mask was turned, where nothing tells whether its image was
    other: str | None = None  # the image that the mask belongs to, where it belongs to another one
    fault: tuple[str, str] = ("", "")  # of pairing or geometry, and what was seen

    @property
    def image_id_is_known(self) -> bool:
        """Whether more than its position tells the image."""
        return self.identified or self.source.image_id is not None

    @property
    def ignored(self) -> float | None:
        """What ignored pixels became."""
        return {**self.at_borders, **self.became}.get(IGNORE_ID)


@dataclass
class Rules:
    """The ways to cut that earlier items had, of masks and of images, and how many masks in a row fitted nowhere."""

    masks: Counter[Rule] = field(default_factory=Counter)
    images: Counter[Rule] = field(default_factory=Counter)
    failed: int = 0


def compare(item: Item, image_id: str, truth: Truth, rules: Rules) -> Observation:
    """Lay an item over the official mask and image of its id.

    Args:
        item: an item with a mask.
        image_id: its image; for an item without an id, the image at its position.
        truth: the official masks and images.
        rules: of earlier items; gets those of this one.
    """
    ids, seen = truth.ids(image_id), np.asarray(item.ids)
    greatest = int(ids.max()), int(ids[ids != IGNORE_ID].max(initial=0))
    constant = float(seen.min()) if seen.min() == seen.max() else None
    result = Observation(item.without_pixels(), image_id, compared=True, greatest=greatest, constant=constant)
    result.shape_kept = seen.shape == ids.shape
    mask = MaskSight(seen, ids, rules.masks)
    image, image_fit = None, None
    original = None if item.image is None else truth.image(image_id)
    if item.image is not None and original is not None:
        image = ImageSight(item.image, original, rules.images)
        image_fit = search(image, image.usual)
        image.remember(image_fit)
        result.image_score = image_fit.score
    mask_fit = _mask_fit(result, mask, seen, ids, image_fit, rules, truth)
    if mask_fit is None:
        return result
    _see_ids(result, seen, ids, mask_fit)
    if not result.aligned:
        pass
    elif image is not None and image_fit is not None:
        result.fault = _compare_boxes(image, image_fit, mask, mask_fit, constant is not None)
    else:
        _compare_sizes(result, None if item.image is None else item.image.shape, mask, mask_fit)
    return result


def _mask_fit(
    result: Observation,
    sight: MaskSight,
    seen: NDArray[Any],
    ids: Ids,
    image_fit: Fit | None,
    rules: Rules,
    truth: Truth,
) -> Fit | None:
    """The place of a mask; None where nothing tells it."""
    sure_image = image_fit is not None and image_fit.score >= _ENOUGH
    whole = sight.by(WHOLE)
    likely = replace(image_fit, score=0.0) if image_fit and sure_image else whole if result.shape_kept else None
    if result.constant is not None:
        return likely
    if result.shape_kept and ((seen == ids) | (ids == IGNORE_ID)).all():
        return replace(whole, score=1.0)
    best = near(sight, [likely] if likely else sight.usual)
    if likely and best.score < sight.good:
        best = near(sight, [best, *sight.usual])
    first, regions = best, sight.fields[0].mean() < _MOST_BORDERS
    result.misfit = bool(best.score < _MISFIT and regions and np.unique(seen).size <= _MOST_VALUES)
    if best.score < sight.sure:
        result.other = truth.whose(seen, result.image_id)
    if best.score < sight.good and regions and not result.other and rules.failed < _SEARCHES:
        best = max(best, search(sight, [best]), key=lambda fit: fit.score - 0.05 * (fit is not first))
    if best.score < _ENOUGH:
        # An object of a few pixels scores badly wherever it lies on another one.
        table = sight.table(first.box)
        placed = first.score > _LIKELY or (likely and table.max(1).sum() > _CLEAN * table.sum())
        rules.failed += not placed
        return first if placed and not result.other else None
    rules.failed = 0
    sight.remember(best)
    return best


def _see_ids(result: Observation, seen: NDArray[Any], ids: Ids, mask_fit: Fit) -> None:
    """What each id became. Borders count only where the mask was not resized: programs round differently."""
    box = mask_fit.box
    shown = box.view(ids, seen.shape)
    exact = result.shape_kept and mask_fit.rule == WHOLE
    # Interpolation reaches as far as a pixel of the original is wide.
    reach = 3 + 2 * max(1, math.ceil(seen.shape[0] / box.height), math.ceil(seen.shape[1] / box.width))
    inside = ndimage.maximum_filter(shown, reach) == ndimage.minimum_filter(shown, reach)
    agree = total = 0
    for class_id in np.unique(shown).tolist():
        where = shown == class_id
        sure = where & inside
        few = not exact and sure.sum() < _FEW
        values, counts = np.unique(seen[where if exact or few else sure], return_counts=True)
        value = float(values[counts.argmax()])
        if class_id == OUTSIDE:
            result.padding = None if where.mean() < 0.04 else value if len(values) == 1 else math.nan
            continue
        if not few or counts.max() > 0.8 * counts.sum():
            (result.at_borders if few else result.became)[class_id] = value
        agree, total = agree + int((seen[sure] == value).sum()), total + int(sure.sum())
    result.aligned = agree >= _CLEAN * total
    expected = {*result.became.values(), *result.at_borders.values(), *map(float, np.unique(ids).tolist())}
    present = set(np.unique(seen[shown != OUTSIDE]).tolist())
    between = sorted(present - expected)
    result.between = between if len(between) > 1 + len(result.at_borders) else []
    background = result.became.get(0)
    if background is not None and len(present) == 2:
        objects = [
            class_id for class_id, value in {**result.at_borders, **result.became}.items() if value != background
        ]
        is_object, was_object = seen != background, np.isin(shown, objects)
        gained, lost = (is_object & ~was_object).sum(), (was_object & ~is_object).sum()
        result.grown = bool(gained > 3 * lost and gained > 0.08 * (~inside).sum())


def _compare_boxes(
    image: ImageSight, image_fit: Fit, mask: MaskSight, mask_fit: Fit, is_constant: bool
) -> tuple[str, str]:
    """The fault of an image and a mask that show different parts of the original."""
    score = image.score(mask_fit.box)
    if image_fit.score < _SURE_IMAGE:
        return ("pairing", "the image is another one") if score < _ANOTHER else ("", "")
    alike = mask_fit.box.is_near(image_fit.box) or score > image_fit.score - _WORSE_IMAGE
    if is_constant or alike or mask.score(image_fit.box) > mask_fit.score - _WORSE_MASK:
        return "", ""
    turns, key = (image_fit.box.turn, mask_fit.box.turn), "image-and-mask-differ"
    if turns[0] != turns[1] and MIRRORED not in turns and UPRIGHT in turns:
        key = "orientation" if turns[1] == UPRIGHT else "mask-turned"
    sizes = f"image {_size(image.shape)}, mask {_size(mask.shape)}, official {_size(mask.original)}"
    return key, f"{sizes}; image: {image_fit.box.words(mask.original)}; mask: {mask_fit.box.words(mask.original)}"


def _compare_sizes(result: Observation, image: tuple[int, ...] | None, mask: MaskSight, mask_fit: Fit) -> None:
    """What sizes tell where the image that ImageNet has is not at hand."""
    box, official = mask_fit.box, mask.original
    what = f"image {_size(image or mask.shape)}, mask {_size(mask.shape)}, {box.words(official)}"
    if box.turn != UPRIGHT:
        # An image and a mask on their side may be turned alike.
        alike = image == mask.shape != mask.shape[::-1] and box.turn in SIDEWAYS
        result.turned = "" if alike else box.turn
    elif image is not None and image == official[::-1] != official and result.shape_kept:
        result.fault = "orientation", what
    elif image is not None and image != mask.shape and result.constant is None and not box.is_whole(official):
        ratios = [shape[1] / shape[0] for shape in (image, official, (box.height, box.width))]
        if abs(ratios[0] / ratios[1] - 1) < 0.02 and abs(ratios[2] / ratios[0] - 1) > 0.1:
            result.fault = "image-and-mask-differ", what


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
