"""The table of ids in words: which faults its items have, and what is unusual and right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.errors import some
from ..facts import IGNORE_ID, OTHER_ID
from .ground_truth import Truth
from .id_table import IdTable, Reading, consistent
from .per_item import Observation

Add = Callable[[str, str, str], object]
"""Takes the key of a fault, an image id and what was seen."""


def is_few(count: int, of: int) -> bool:
    """Whether what some items have stays a note: up to 5 %, or one of ten, beside a reading that explains the rest."""
    return count <= max(0.05 * of, of >= 10)


def judge_ids(
    observations: Sequence[Observation], truth: Truth, ignore_id: int | None, add: Add, notes: list[str]
) -> str | None:
    """Find the readings that explain what ids became.

    Args:
        observations: items that are aligned with their own mask.
        truth: the official masks.
        ignore_id: the id that ignored pixels should have; None for any that is no class.
        add: takes each fault.
        notes: gets what is unusual and right.

    Returns:
        Why the values can't be compared; None where they are.
    """
    _scale_back(observations, add)
    table = IdTable(observations, truth)
    fractions = [item for item in observations if any(value % 1 for value in item.became.values())]
    if table.two is None and not is_few(len(fractions), len(observations)):
        values = [value for item in fractions for value in item.became.values()]
        return f"masks hold fractions ({min(values):.3g} to {max(values):.3g}), not ids: soft masks of several classes?"
    left = np.ones(len(observations), np.bool_)
    readings = [(reading, table.explained(reading)) for reading in table.readings()]
    main: Reading | None = None
    while left.any() and (main is None or not is_few(int(left.sum()), len(left))):
        # The simplest of those that explain most. All zero fits too much to be a reading of a few masks.
        allowed = [pair for pair in readings if main is None or "zero" not in pair[0].faults]
        reading, explained = max(allowed, key=lambda pair: int((pair[1] & left).sum()))
        if (explained & left).sum() < left.sum() / 2:
            break
        main = main or reading
        for key, entries in reading.faults.items():
            for number in np.flatnonzero(table.items_with(entries) & explained & left).tolist():
                add(key, observations[number].image_id, seen_in(observations[number]))
        left &= ~explained
    if left.any():
        _judge_rest(table, left, truth.table.num_classes, add, notes)
    if main is not None:
        chosen = [item for item, unexplained in zip(observations, left) if not unexplained]
        _judge_special_ids(chosen, main, table.two, truth.table.num_classes, ignore_id, add, notes)
        _judge_borders(observations, main, add, notes)
    return None


def seen_in(item: Observation) -> str:
    """What ids became in one item."""
    changed = [f"{class_id} became {value:g}" for class_id, value in sorted(item.became.items()) if class_id != value]
    return f"{item.image_id}: {some(changed, 3) or 'ids are kept'}"


def _scale_back(observations: Sequence[Observation], add: Add) -> None:
    """Undo a division by 255 or 65535, as of ToTensor."""
    fractions = [item for item in observations if any(value % 1 for value in item.became.values())]
    for factor in (255, 65535):
        values = {value * factor for item in fractions for value in item.became.values()}
        if len(values) > 2 and max(values) <= factor and all(abs(value - round(value)) < 1e-2 for value in values):
            for item in fractions:
                add("scaled", item.image_id, seen_in(item))
                for became in (item.became, item.at_borders):
                    became.update({class_id: float(round(value * factor)) for class_id, value in became.items()})
            return


def _judge_rest(table: IdTable, left: NDArray[np.bool_], num_classes: int, add: Add, notes: list[str]) -> None:
    """Items that no reading explains: a note for a few; else whether their ids moved in the same way in all."""
    rest = [item for item, unexplained in zip(table.observations, left) if unexplained]
    if not left.all() and is_few(len(rest), len(left)):
        notes.append(f"{len(rest)} of {len(left)} items not explained: {seen_in(rest[0])}")
        return
    became = consistent(table, left) or {}
    moved = {class_id: value for class_id, value in became.items() if class_id != value}
    if moved and len(set(became.values())) < len(became):
        key = "ids-merged"
    elif sum(1 <= value <= num_classes for value in moved.values()) > 1:
        key = "classes-in-another-order"
    else:
        key = "other-ids"
    for item in rest:
        if any(class_id != value for class_id, value in item.became.items() if class_id not in (OTHER_ID, IGNORE_ID)):
            add(key, item.image_id, seen_in(item))


def _judge_special_ids(
    items: Sequence[Observation],
    main: Reading,
    two: tuple[float, float] | None,
    num_classes: int,
    ignore_id: int | None,
    add: Add,
    notes: list[str],
) -> None:
    """What `other` and ignored pixels became, beyond what the reading of the classes makes of them."""
    if main.foreground and two:
        notes.append(f"masks hold {two[0]:g} and {two[1]:g}: read as background and {main.foreground}")
    if {"shifted", "shifted-clamped", "enumerated", "zero"} & main.faults.keys():
        return
    others = Counter(item.became.get(OTHER_ID) for item in items)
    values = Counter(item.ignored for item in items)
    unusual: Counter[float] = Counter()
    for item in items:
        other, ignored = item.became.get(OTHER_ID), item.ignored
        if other and not main.foreground and _usual(others, other):
            is_class = 1 <= other <= num_classes and not values[other]
            add("other-ids" if is_class else "other-as-ignored", item.image_id, seen_in(item))
        if ignored is None or not _usual(values, ignored) or (ignored == other and other):
            continue
        if ignored == main.values[-1] and not main.foreground:
            continue
        detail = f"{item.image_id}: 1000 became {ignored:g}"
        if main.foreground and two and ignored == two[1]:
            add("ignored-as-object", item.image_id, detail)
        elif main.foreground:
            unusual[ignored] += 1
        elif 1 <= ignored <= num_classes:
            add("ignored-as-class", item.image_id, detail)
        elif ignored == OTHER_ID:
            add("ignored-as-other", item.image_id, detail)
        elif ignore_id is not None and ignored != ignore_id:
            add("ignored-otherwise", item.image_id, detail)
        else:
            unusual[ignored] += 1
    for value in unusual:
        if two and main.foreground and value == two[0]:
            notes.append("ignored pixels are background: leave them out of scores (annotation == 1000)")
        elif value % 1 == 0 and value != IGNORE_ID:
            notes.append(f"ignored pixels are {value:g}: pass ignore_index={value:g}")


def _usual(values: Counter[float | None], value: float) -> bool:
    """Whether an id became this value often enough to be no accident at borders."""
    return values[value] > 0.2 * (values.total() - values[None])


def _judge_borders(observations: Sequence[Observation], main: Reading, add: Add, notes: list[str]) -> None:
    """Values that resizing with interpolation invents, objects that it makes larger, and padding."""
    soft = [item for item in observations if item.between]
    if main.foreground and soft:
        notes.append(f"{len(soft)} masks are soft at borders: compared away from them")
        soft = []
    soft += [item for item in observations if item.grown and main.foreground]
    if soft and is_few(len(soft), len(observations)):
        notes.append(f"{len(soft)} of {len(observations)} items not explained: {_border(soft[0])}")
    else:
        for item in soft:
            add("interpolated", item.image_id, _border(item))
    padding = {item.padding for item in observations} - {None}
    if padding == {OTHER_ID} and not main.foreground:
        notes.append("padding is 0: it is scored as `other`, unless it is cut off or 1000")


def _border(item: Observation) -> str:
    values = some([f"{value:g}" for value in item.between], 4)
    return f"{item.image_id}: {f'{values} beside borders' if values else 'objects are larger than theirs'}"
