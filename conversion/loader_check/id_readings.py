"""What official ids became, over all items: a table, and the readings that may explain it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..facts import IGNORE_ID, OTHER_ID, Categories, synsets
from ..masks.codec import encode_mask
from .ground_truth import Truth
from .per_item import Observation

Values = NDArray[Any]
Step = tuple[str, Callable[[Values], Values]]
"""The key of a fault ("" for what is none), and what it makes of ids."""
NEARLY_ALL = 0.95
_PNG_STEPS: tuple[Step, ...] = (
    ("red-only", lambda ids: ids & 255),
    ("clipped", lambda ids: np.minimum(ids, 255)),
    ("grey", lambda ids: np.asarray(Image.fromarray(encode_mask(ids[None])).convert("L"))[0].astype(np.int64)),
    # OpenCV: the weights of cvtColor, and those of libpng in imread(path, IMREAD_GRAYSCALE), in fixed point.
    ("grey", lambda ids: (4899 * (ids & 255) + 9617 * (ids >> 8) + 8192) >> 14),
    ("grey", lambda ids: (9797 * (ids & 255) + 19235 * (ids >> 8)) >> 15),
    ("blue-for-red", lambda ids: ids >> 8 << 8),
    ("blue-for-red", lambda ids: ids >> 8),
    ("swapped", lambda ids: (ids & 255) * 256 + (ids >> 8)),
)


@dataclass(frozen=True)
class Reading:
    """A way in which loaders read class ids.

    Attributes:
        steps: what is done to the ids, one after the other.
        foreground: the classes that are object, for masks of two values; else empty.
    """

    steps: tuple[Step, ...] = ()
    foreground: str = ""

    def values(self, ids: Values, without: str | None = None) -> Values:
        """What the ids become, or would become without the steps of one fault."""
        for key, step in self.steps:
            ids = ids if key == without else step(ids)
        return ids

    def faults(self, ids: Values) -> dict[str, Values]:
        """Each fault, with the ids that would be others without it."""
        values = self.values(ids)
        return {key: values != self.values(ids, key) for key, _ in self.steps if key}


class IdTable:
    """An entry for each class id of each item, with the value that it became.

    Attributes:
        observations: the items.
        items, ids, values: of each entry: the index of its item, the official id, and what it became. A last entry, of
            no item, is 1000: what a reading makes of it.
        others: how often 0 became each value.
        two: the values of background and object, where the masks hold nearly nothing else; else None.
    """

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.observations = observations
        entries = [
            (number, class_id, value)
            for number, item in enumerate(observations)
            for class_id, value in item.became.items()
            if class_id not in (OTHER_ID, IGNORE_ID)
        ]
        columns = np.array([*entries, (len(observations), IGNORE_ID, np.nan)], np.float64).T
        self.items, self.ids, self.values = columns[0].astype(int), columns[1].astype(int), columns[2]
        self.others = Counter(item.became[OTHER_ID] for item in observations if OTHER_ID in item.became)
        counts = Counter(self.values[:-1].tolist()) + self.others
        self.two: tuple[float, float] | None = None
        if self.others and len(counts) > 1:
            background = self.others.most_common(1)[0][0]
            foreground = next(value for value, _ in counts.most_common(2) if value != background)
            if counts[background] + counts[foreground] >= NEARLY_ALL * counts.total():
                self.two = background, foreground

    def items_with(self, entries: Values) -> NDArray[np.bool_]:
        """The items of some entries."""
        return np.bincount(self.items[entries], minlength=len(self.observations) + 1)[:-1] > 0

    def mapping(self, chosen: NDArray[np.bool_]) -> dict[int, float]:
        """What each id became in the chosen items; empty where that differs between items."""
        entries = np.append(chosen, False)[self.items]
        counts = Counter(zip(self.ids[entries].tolist(), self.values[entries].tolist()))
        became = dict(pair for pair, _ in reversed(counts.most_common()))
        return became if sum(counts[pair] for pair in became.items()) >= NEARLY_ALL * counts.total() else {}


def readings(table: IdTable, truth: Truth) -> Iterator[Reading]:
    """Every reading, the simplest first."""
    steps = (*_PNG_STEPS, *_label_steps(truth.table))
    own = np.array([*(truth.category(item.image_id) for item in table.observations), IGNORE_ID])[table.items]
    yield Reading()
    if table.two is not None:
        background, foreground = table.two
        above_zero: Step = ("", lambda ids: np.where(ids > 0, foreground, background))
        yield Reading((above_zero,), "every class")
        labels = np.array([*_labels(table, truth), -1])[table.items]
        yield Reading((("", lambda ids: np.where(ids == own, foreground, background)),), "the image's own class")
        label_alone: Step = ("", lambda ids: np.where(ids == labels, foreground, background))
        yield Reading((label_alone,), "the class of ImageNet's own label")
        yield from (Reading((step, above_zero), "every class") for step in steps)
    yield Reading((("zero", np.zeros_like),))
    yield Reading((("ids-merged", lambda ids: np.where(ids == own, ids, OTHER_ID)),))
    yield from (Reading((step,)) for step in steps)
    minus_one: Step = ("shifted", lambda ids: ids - 1)
    below_zero: Step = ("", lambda ids: np.where(ids < 0, ids + 256, ids))  # in 8 bits: 0 - 1 loses no other bit
    # max(0, id - 1) differs from id - 1 in what 0 became.
    clamped: Step = ("shifted-clamped", lambda ids: np.maximum(ids - 1, 0))
    down = clamped if table.others[0] > table.others.total() / 2 else minus_one
    for before in ((), *((step,) for step in steps)):
        yield Reading((*before, down))
        yield Reading((*before, ("shifted", lambda ids: ids + 1)))
        yield Reading((*before, minus_one, below_zero, _PNG_STEPS[0]))


def _label_steps(table: Categories) -> tuple[Step, Step]:
    """Ids of ImageNet's list of classes: its labels, and these + 1."""
    label_of = {wnid: label for label, wnid in enumerate(synsets())}
    labels = np.arange(IGNORE_ID + 1)
    labels[1 : table.num_classes + 1] = [label_of.get(category.wnid, -2) for category in table.rows[1:]]
    return ("labels-of-imagenet", lambda ids: labels[ids]), ("labels-of-imagenet", lambda ids: labels[ids] + 1)


def _labels(table: IdTable, truth: Truth) -> Iterator[int]:
    """The class of ImageNet's label of each item; where it is not known, the only class that became object."""
    for item in table.observations:
        objects = [class_id for class_id, value in item.became.items() if table.two and value == table.two[1]]
        folder = truth.imagenet_folders.get(item.image_id)
        yield truth.table.id_of(folder) if folder else objects[0] if len(objects) == 1 else OTHER_ID
