"""One item of a Dataset, laid over the official mask and image of its id."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ..facts import IGNORE_ID
from ..masks.codec import encode_mask
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
_SEARCHES = 20
"""After as many masks in a row that fit nowhere, no other is searched for: each takes a second."""
_FEW = 4
"""Pixels away from borders from which on they tell what an id became."""

Ids = NDArray[np.int64]


@dataclass
class Observation:
    """What was seen in one item.

    Attributes:
        became: official id -> the value that its pixels have, away from borders.
        at_borders: the same for ids that have hardly a pixel away from borders: too thin to rely on.
        smooth: few values in large regions, unlike after interpolation, dithering or compression.
        between: values that no id became, which resizing with interpolation invents.
        grown: objects are larger than theirs on all sides, as after interpolation and `> 0`.
        padding: the value of pixels beyond the official mask, NaN for several; None without any.
        misfit: the mask is far from fitting where it should lie.
        aligned: what its ids became can be told there.
        constant: the value of a mask that has just one, which doesn't tell its place.
        shape_kept: the mask has the size of the official one.
        image_score: how well the image fits the one of this id; None where nothing tells.
        turned: how the mask was turned, where nothing tells whether its image was.
        other: the image that the mask belongs to, where it belongs to another one.
        guessed: the image is that of the position, and nothing confirms it.
        faults: key of a fault -> what was seen.
        greatest: the greatest id of the official mask, with 1000 and without.
    """

    image_id: str
    label: int | None
    greatest: tuple[int, int]
    became: dict[int, float] = field(default_factory=dict)
    at_borders: dict[int, float] = field(default_factory=dict)
    smooth: bool = True
    between: list[float] = field(default_factory=list)
    grown: bool = False
    padding: float | None = None
    misfit: bool = False
    aligned: bool = False
    constant: float | None = None
    shape_kept: bool = False
    image_score: float | None = None
    turned: str = ""
    other: str | None = None
    guessed: bool = False
    faults: dict[str, str] = field(default_factory=dict)

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
    result = Observation(image_id, item.label, (int(ids.max()), int(ids[ids != IGNORE_ID].max(initial=0))))
    result.shape_kept = seen.shape == ids.shape
    result.constant = float(seen.min()) if seen.min() == seen.max() else None
    original = None if item.image is None else truth.image(image_id)
    image = None if item.image is None or original is None else ImageSight(item.image, original)
    image_fit = None
    if image is not None:
        frequent = [image.by(rule) for rule, _ in rules.images.most_common(2)]
        image_fit = search(image, [image.by(WHOLE), *frequent])
        result.image_score = image_fit.score
        if image_fit.rule and image_fit.score >= image.good:
            rules.images[image_fit.rule] += 1
    mask = MaskSight(seen, ids)
    result.smooth = bool(mask.fields[0].mean() < _MOST_BORDERS and np.unique(seen).size <= _MOST_VALUES)
    sure_image = image_fit if image_fit and image_fit.score >= _ENOUGH else None
    mask_fit = _mask_fit(result, mask, seen, ids, sure_image, rules, truth)
    if mask_fit is None:
        return result
    _see_ids(result, seen, ids, mask_fit)
    if not result.aligned:
        pass
    elif image is not None and image_fit is not None:
        _compare_boxes(result, image, image_fit, mask, mask_fit)
    else:
        _compare_sizes(result, None if item.image is None else item.image.shape, seen.shape, ids.shape, mask_fit)
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
    whole = sight.by(WHOLE)
    likely = replace(image_fit, score=0.0) if image_fit else whole if result.shape_kept else None
    if result.constant is not None:
        return likely
    if result.shape_kept and (((seen == ids) | (ids == IGNORE_ID)).all() or _is_palette(result, seen, ids)):
        return replace(whole, score=1.0)
    frequent = [sight.by(rule) for rule, _ in rules.masks.most_common(2)]
    best = near(sight, [likely] if likely else [whole, *frequent])
    if likely and best.score < sight.good:
        best = near(sight, [best, whole, *frequent])
    if best.score < sight.sure:
        result.other = truth.whose(seen, result.image_id)
    first, result.misfit = best, best.score < _MISFIT
    regions = sight.fields[0].mean() < _MOST_BORDERS
    if best.score < sight.good and regions and not result.other and rules.failed < _SEARCHES:
        best = max(best, search(sight, [best]), key=lambda fit: fit.score - 0.05 * (fit is not first))
    if best.score < _ENOUGH:
        # An object of a few pixels scores badly wherever it lies on another one.
        table = sight.table(first.box)
        best = first if first.score > _LIKELY or (likely and table.max(1).sum() > _CLEAN * table.sum()) else best
        rules.failed += best is not first
        return None if result.other or best is not first else first
    rules.failed = 0
    if best.rule and best.score >= sight.good:
        rules.masks[best.rule] += 1
    return best


def _is_palette(result: Observation, seen: NDArray[Any], ids: Ids) -> bool:
    """Whether the values are those of a palette: a dithered one, or another one in each image."""
    picture, count = Image.fromarray(encode_mask(ids)), np.unique(seen).size
    palettes = (Image.Palette.WEB, Image.Palette.ADAPTIVE) if count > 2 or seen.max() > 1 else ()
    if any((seen == np.asarray(picture.convert("P", palette=palette))).all() for palette in palettes):
        result.faults["palette"] = f"{result.image_id}: {count} values for {np.unique(ids).size} ids"
    return "palette" in result.faults


def _see_ids(result: Observation, seen: NDArray[Any], ids: Ids, mask_fit: Fit) -> None:
    """What each id became. Borders count only where the mask was not resized: programs round differently."""
    if "palette" in result.faults:
        result.aligned = True
        return
    box = mask_fit.box
    shown = box.view(ids, seen.shape)
    exact = result.shape_kept and mask_fit.rule == WHOLE
    # Interpolation reaches as far as a pixel of the original is wide.
    reach = 3 + 2 * max(1, math.ceil(seen.shape[0] / box.height), math.ceil(seen.shape[1] / box.width))
    inside = ndimage.maximum_filter(shown, reach) == ndimage.minimum_filter(shown, reach)
    agree = total = 0
    pixels_of: dict[float, list[int]] = defaultdict(list)
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
        for seen_value, pixels in zip(values.tolist(), counts.tolist()):
            pixels_of[seen_value].append(pixels)
    result.aligned = total == 0 or agree >= _CLEAN * total
    if not result.aligned:
        # Parts of an id have values of their own, which lie in no other id.
        within = sum(max(pixels) for pixels in pixels_of.values()) / sum(map(sum, pixels_of.values()))
        classes = set(pixels_of) - {0, IGNORE_ID}
        if result.smooth and within >= _CLEAN and len(classes) > len(np.unique(ids[(ids > 0) & (ids != IGNORE_ID)])):
            parts = ", ".join(f"{value:g}" for value in sorted(pixels_of)[:4])
            result.aligned, result.faults["instances"] = (
                True,
                f"{result.image_id}: {parts} for {np.unique(ids).size} ids",
            )
        return
    expected = {*result.became.values(), *result.at_borders.values(), *map(float, np.unique(ids).tolist())}
    present = set(np.unique(seen[shown != OUTSIDE]).tolist())
    between = sorted(present - expected)
    result.between = between if len(between) > 1 + len(result.at_borders) else []
    background = result.became.get(0, math.nan)
    others = [class_id for class_id, value in result.became.items() if value == background]
    objects = [class_id for class_id, value in result.became.items() if value != background]
    gained = (np.isin(shown, others) & (seen != background)).sum()
    lost = (np.isin(shown, objects) & (seen == background)).sum()
    result.grown = bool(len(present) == 2 and gained > 3 * lost and gained > 0.08 * (~inside).sum())


def _compare_boxes(result: Observation, image: ImageSight, image_fit: Fit, mask: MaskSight, mask_fit: Fit) -> None:
    """Whether image and mask show the same part of the original."""
    there = image.score(mask_fit.box)
    if image_fit.score < _SURE_IMAGE:
        if there < _ANOTHER:
            result.faults["pairing"] = f"{result.image_id}: the image is another one"
        return
    if result.constant is not None or mask_fit.box.is_near(image_fit.box) or there > image_fit.score - _WORSE_IMAGE:
        return
    if mask.score(image_fit.box) > mask_fit.score - _WORSE_MASK:
        return
    turns, key = (image_fit.box.turn, mask_fit.box.turn), "image-and-mask-differ"
    if turns[0] != turns[1] and MIRRORED not in turns and UPRIGHT in turns:
        key = "orientation" if turns[1] == UPRIGHT else "mask-turned"
    sizes = f"image {_size(image.shape)}, mask {_size(mask.shape)}, official {_size(mask.original)}"
    words = f"image: {image_fit.box.words(mask.original)}; mask: {mask_fit.box.words(mask.original)}"
    result.faults[key] = f"{result.image_id}: {sizes}; {words}"


def _compare_sizes(
    result: Observation, image: tuple[int, ...] | None, mask: tuple[int, ...], official: tuple[int, ...], mask_fit: Fit
) -> None:
    """What sizes tell where the image that ImageNet has is not at hand."""
    box = mask_fit.box
    what = f"{result.image_id}: image {_size(image or mask)}, mask {_size(mask)}, {box.words(official)}"
    if box.turn != UPRIGHT:
        if image == official != official[::-1] and box.turn in SIDEWAYS:
            result.faults["mask-turned"] = what
        elif image is None or image[0] == image[1] or box.turn not in SIDEWAYS:
            result.turned = box.turn
    elif image is not None and image == official[::-1] != official and result.shape_kept:
        result.faults["orientation"] = what
    elif image is not None and image != mask and result.constant is None and not box.is_whole(official):
        ratios = [shape[1] / shape[0] for shape in (image, official, (box.height, box.width))]
        if abs(ratios[0] / ratios[1] - 1) < 0.02 and abs(ratios[2] / ratios[0] - 1) > 0.1:
            result.faults["image-and-mask-differ"] = what


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
