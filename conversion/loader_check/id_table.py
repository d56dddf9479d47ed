"""What official ids became, over all items: a table, and the readings that explain it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..facts import IGNORE_ID, synsets
from ..masks.codec import encode_mask
from .ground_truth import Truth
from .per_item import Observation

Values = NDArray[Any]
OBJECT, OWN_CLASS, IMAGENET_CLASS = "every class", "the image's own class", "the class of ImageNet's own label"
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
    faults: dict[str, NDArray[np.bool_]]
    foreground: str = ""


class IdTable:
    """An entry for each class id of each item, with the value that it became.

    Attributes:
        observations: the items.
        items, ids, values: of each entry: the index of its item, the official id, and what it became. A last entry, of
            no item, is 1000: what a reading makes of it.
        two: the values of background and object, where the masks hold just these; else None.
    """

    def __init__(self, observations: Sequence[Observation], truth: Truth) -> None:
        self.observations, self._truth = observations, truth
        entries = [
            (number, class_id, value)
            for number, item in enumerate(observations)
            for class_id, value in item.became.items()
            if class_id not in (0, IGNORE_ID)
        ]
        columns = np.array([*entries, (len(observations), IGNORE_ID, np.nan)], np.float64).T
        self.items, self.ids, self.values = columns[0].astype(int), columns[1].astype(int), columns[2]
        self.two = self._two_values()

    def explained(self, reading: Reading) -> NDArray[np.bool_]:
        """Which items a reading explains."""
        return ~self.items_with(reading.values != self.values)

    def items_with(self, entries: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The items of some entries."""
        return np.bincount(self.items[entries], minlength=len(self.observations) + 1)[:-1] > 0

    def readings(self) -> Iterator[Reading]:
        """Every reading, the simplest first."""
        ids, every = self.ids.astype(np.float64), np.ones(len(self.ids), np.bool_)
        bases = [(key, values.astype(np.float64)) for key, values in self._bases()]
        yield Reading(ids, {})
        if self.two is not None:
            background, foreground = self.two
            for name, chosen in ((OBJECT, ids > 0), (OWN_CLASS, self._own()), (IMAGENET_CLASS, self._of_imagenet())):
                yield Reading(np.where(chosen, foreground, background), {}, name)
            for key, base in bases:
                yield Reading(np.where(base > 0, foreground, background), {key: base <= 0}, OBJECT)
        yield Reading(ids * 0, {"zero": every})
        yield from (Reading(base, {key: base != ids}) for key, base in bases)
        yield from (Reading(values, {"enumerated": every}) for values in self._ranks())
        others = [item.became[0] for item in self.observations if 0 in item.became]
        clamped = others.count(0) > len(others) / 2
        for key, base in (("", ids), *bases):
            changed = {key: base != ids} if key else {}
            key = "shifted-clamped" if clamped else "shifted"
            for values in (np.maximum(base - 1, 0) if clamped else base - 1, base + 1):
                yield Reading(values, {key: every, **changed})
            wrapped = (base - 1) % 256
            yield Reading(wrapped, {key: every, "red-only": wrapped != base - 1, **changed})

    def _bases(self) -> list[tuple[str, Values]]:
        """Misreadings of the PNGs, and ids of another list of classes."""
        red, green = self.ids & 255, self.ids >> 8
        grey = np.asarray(Image.fromarray(encode_mask(self.ids[None])).convert("L"))[0]
        label_of, table = {wnid: label for label, wnid in enumerate(synsets())}, self._truth.table
        classes = [table[class_id].wnid for class_id in self.ids[:-1].tolist()]
        labels = np.array([*(label_of.get(wnid, -2) for wnid in classes), IGNORE_ID], np.int64)
        return [
            ("red-only", red),
            ("clipped", np.minimum(self.ids, 255)),
            ("grey", grey),
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
        ranks = [present[item].index(class_id) for item, class_id in pairs]
        yield np.array([*ranks, np.nan])
        yield np.array([*(rank + (present[item][0] != 0) for rank, (item, _) in zip(ranks, pairs)), np.nan])

    def _own(self) -> NDArray[np.bool_]:
        """Which entries are of the class of their image."""
        own = [self._truth.category(item.image_id) for item in self.observations]
        return np.array([*own, -1])[self.items] == self.ids

    def _of_imagenet(self) -> NDArray[np.bool_]:
        """Which entries are of ImageNet's own label; where it is not known, of the only class that became object."""
        folders = self._truth.imagenet_folders
        chosen = []
        for item in self.observations:
            objects = [class_id for class_id, value in item.became.items() if self.two and value == self.two[1]]
            only = objects[0] if len(objects) == 1 else 0
            chosen.append(self._truth.table.id_of(folders[item.image_id]) if item.image_id in folders else only)
        return np.array([*chosen, -1])[self.items] == self.ids

    def _two_values(self) -> tuple[float, float] | None:
        """The values of background and object, where nearly all entries have one of two, and `other` the same."""
        others = Counter(item.became[0] for item in self.observations if 0 in item.became)
        counts = Counter(self.values[:-1].tolist()) + others
        if not others or len(counts) < 2:
            return None
        background = max(others, key=others.__getitem__)
        foreground = max((value for value in counts if value != background), key=counts.__getitem__)
        enough = counts[background] + counts[foreground] >= _NEARLY_ALL * counts.total()
        return (background, foreground) if enough and others[background] >= _NEARLY_ALL * others.total() else None


def consistent(table: IdTable, chosen: NDArray[np.bool_]) -> dict[int, float] | None:
    """What each id became in the chosen items; None where that differs between items."""
    became: dict[int, Counter[float]] = {}
    for item, class_id, value in zip(*(column[:-1].tolist() for column in (table.items, table.ids, table.values))):
        if chosen[item]:
            became.setdefault(class_id, Counter())[value] += 1
    agreeing = sum(counter.most_common(1)[0][1] for counter in became.values())
    if agreeing < _NEARLY_ALL * sum(counter.total() for counter in became.values()):
        return None
    return {class_id: counter.most_common(1)[0][0] for class_id, counter in became.items()}
