"""What official ids became, over all items: a table, and the readings that explain it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..facts import IGNORE_ID, OTHER_ID, synsets
from ..masks.codec import encode_mask
from .ground_truth import Truth
from .per_item import Observation

Values = NDArray[Any]
_NEARLY_ALL = 0.95


@dataclass(frozen=True)
class Reading:
    """A way in which loaders read class ids, and what it gives.

    Attributes:
        values: for each entry of a table, the value that its id becomes.
        faults: key of a fault -> for each entry, whether it is wrong because of it.
        foreground: the classes that are object, for masks of two values; else empty.
    """

    values: Values
    faults: dict[str, Values] = field(default_factory=dict)
    foreground: str = ""


class IdTable:
    """An entry for each class id of each item, with the value that it became.

    Attributes:
        observations: the items.
        items, ids, values: of each entry: the index of its item, the official id, and what it became. A last entry, of
            no item, is 1000: what a reading makes of it.
        others: how often 0 became each value.
        two: the values of background and object, where the masks hold just these; else None.
    """

    def __init__(self, observations: Sequence[Observation], truth: Truth) -> None:
        self.observations, self._truth = observations, truth
        entries = [
            (number, class_id, value)
            for number, item in enumerate(observations)
            for class_id, value in item.became.items()
            if class_id not in (OTHER_ID, IGNORE_ID)
        ]
        columns = np.array([*entries, (len(observations), IGNORE_ID, np.nan)], np.float64).T
        self.items, self.ids, self.values = columns[0].astype(int), columns[1].astype(int), columns[2]
        self.others = Counter(item.became[OTHER_ID] for item in observations if OTHER_ID in item.became)
        self.two = self._two_values()

    def items_with(self, entries: Values) -> NDArray[np.bool_]:
        """The items of some entries."""
        return np.bincount(self.items[entries], minlength=len(self.observations) + 1)[:-1] > 0

    def readings(self) -> Iterator[Reading]:
        """Every reading, the simplest first."""
        ids, every = self.ids.astype(np.float64), np.ones(len(self.ids), np.bool_)
        bases = [(key, values.astype(np.float64)) for key, values in self._bases()]
        yield Reading(ids)
        own = [self._truth.category(item.image_id) for item in self.observations]
        if self.two is not None:
            background, foreground = self.two
            yield Reading(np.where(ids > 0, foreground, background), {}, "every class")
            for name, classes in (
                ("the image's own class", own),
                ("the class of ImageNet's own label", self._labels()),
            ):
                yield Reading(np.where(np.array([*classes, -1])[self.items] == ids, foreground, background), {}, name)
            for key, base in bases:
                yield Reading(np.where(base > 0, foreground, background), {key: base <= 0}, "every class")
        yield Reading(ids * 0, {"zero": every})
        others = np.array([*own, IGNORE_ID])[self.items] != ids
        yield Reading(np.where(others, 0, ids), {"ids-merged": others})
        yield from (Reading(base, {key: base != ids}) for key, base in bases)
        yield from (Reading(values, {"enumerated": every}) for values in self._ranks())
        # max(0, id - 1) differs from id - 1 in what 0 became.
        clamped = self.others[0] > self.others.total() / 2
        shift = "shifted-clamped" if clamped else "shifted"
        for key, base in (("", ids), *bases):
            changed = {key: base != ids} if key else {}
            for values in (np.maximum(base - 1, 0) if clamped else base - 1, base + 1):
                yield Reading(values, {shift: every, **changed})
            wrapped = (base - 1) % 256
            yield Reading(wrapped, {shift: every, "red-only": wrapped != base - 1, **changed})

    def _bases(self) -> list[tuple[str, Values]]:
        """Misreadings of the PNGs, and ids of another list of classes."""
        red, green = self.ids & 255, self.ids >> 8
        label_of = {wnid: label for label, wnid in enumerate(synsets())}
        classes = [self._truth.table[class_id].wnid for class_id in self.ids[:-1].tolist()]
        labels = np.array([*(label_of.get(wnid, -2) for wnid in classes), IGNORE_ID], np.int64)
        return [
            ("red-only", red),
            ("clipped", np.minimum(self.ids, 255)),
            ("grey", np.asarray(Image.fromarray(encode_mask(self.ids[None])).convert("L"))[0]),
            ("grey", (4899 * red + 9617 * green + 8192) >> 14),  # OpenCV: the weights of cvtColor, in fixed point
            ("blue-for-red", green * 256),
            ("blue-for-red", green),
            ("swapped", red * 256 + green),
            ("labels-of-imagenet", labels),
            ("labels-of-imagenet", labels + 1),
        ]

    def _ranks(self) -> Iterator[Values]:
        """Ids numbered anew in each mask: from 0, and from 1 where the mask has no `other`."""
        present = [sorted({*item.became, *item.at_borders}) for item in self.observations]
        pairs = list(zip(self.items[:-1].tolist(), self.ids[:-1].tolist()))
        ranks = np.array([*(present[item].index(class_id) for item, class_id in pairs), np.nan])
        yield ranks
        yield ranks + np.array([*(present[item][0] != OTHER_ID for item, _ in pairs), 0])

    def _labels(self) -> list[int]:
        """The class of ImageNet's label of each item; where it is not known, the only class that became object."""
        folders, chosen = self._truth.imagenet_folders, []
        for item in self.observations:
            objects = [class_id for class_id, value in item.became.items() if self.two and value == self.two[1]]
            only = objects[0] if len(objects) == 1 else OTHER_ID
            chosen.append(self._truth.table.id_of(folders[item.image_id]) if item.image_id in folders else only)
        return chosen

    def _two_values(self) -> tuple[float, float] | None:
        """The values of background and object, where nearly all entries have one of two, and `other` the same."""
        counts = Counter(self.values[:-1].tolist()) + self.others
        if not self.others or len(counts) < 2:
            return None
        background = max(self.others, key=self.others.__getitem__)
        foreground = max((value for value in counts if value != background), key=counts.__getitem__)
        enough = counts[background] + counts[foreground] >= _NEARLY_ALL * counts.total()
        return (
            (background, foreground)
            if enough and self.others[background] >= _NEARLY_ALL * self.others.total()
            else None
        )

    def mapping(self, chosen: NDArray[np.bool_]) -> dict[int, float]:
        """What each id became in the chosen items; empty where that differs between items."""
        counts: dict[int, Counter[float]] = defaultdict(Counter)
        for item, class_id, value in zip(self.items[:-1].tolist(), self.ids.tolist(), self.values.tolist()):
            counts[class_id][value] += int(chosen[item])
        became = {
            class_id: max(values, key=values.__getitem__) for class_id, values in counts.items() if values.total()
        }
        agreeing = sum(counts[class_id][value] for class_id, value in became.items())
        return became if agreeing >= _NEARLY_ALL * sum(values.total() for values in counts.values()) else {}
