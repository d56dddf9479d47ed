"""The table of ids in words: which faults its items have, and what is unusual and right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.errors import some
from ..facts import IGNORE_ID, OTHER_ID
from .ground_truth import Truth
from .id_table import IdTable, Reading
from .per_item import Observation

Add = Callable[[str, str, str], object]
"""Takes the key of a fault, an image id and what was seen."""


def is_few(count: int, of: int) -> bool:
    """Whether what some items have stays a note: up to 5 %, or one of ten, beside a reading that explains the rest."""
    return count <= max(0.05 * of, of >= 10)


def judge_ids(
    items: Sequence[Observation], truth: Truth, ignore_id: int | None, add: Add, notes: list[str]
) -> str | None:
    """Find the readings that explain what ids became.

    Args:
        items: those that are aligned with their own mask.
        truth: the official masks.
        ignore_id: the id that ignored pixels should have; None for any that is no class.
        add: takes each fault.
        notes: gets what is unusual and right.

    Returns:
        Why the values can't be compared; None where they are.
    """
    _scale_back(items, add)
    table = IdTable(items, truth)
    fractions = [value for item in items for value in item.became.values() if value % 1]
    if table.two is None and not is_few(len(fractions), len(items)):
        return (
            f"masks hold fractions ({min(fractions):.3g} to {max(fractions):.3g}), no ids: soft masks of many classes?"
        )
    left = np.ones(len(items), np.bool_)
    readings = [(reading, ~table.items_with(reading.values != table.values)) for reading in table.readings()]
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
                add(key, items[number].image_id, seen_in(items[number]))
        left &= ~explained
    if left.any():
        _judge_rest(table, left, truth.table.num_classes, add, notes)
    if main is not None:
        chosen = [item for item, unexplained in zip(items, left) if not unexplained]
        if main.foreground and table.two:
            _judge_foreground(chosen, main.foreground, table.two, add, notes)
        elif not {"shifted", "shifted-clamped", "enumerated", "zero"} & main.faults.keys():
            _judge_special_ids(chosen, float(main.values[-1]), truth.table.num_classes, ignore_id, add, notes)
        _judge_borders(items, bool(main.foreground), add, notes)
    return None


def seen_in(item: Observation) -> str:
    """What ids became in one item."""
    changed = [f"{class_id} became {value:g}" for class_id, value in sorted(item.became.items()) if class_id != value]
    return f"{item.image_id}: {some(changed, 3) or 'ids are kept'}"


def _scale_back(items: Sequence[Observation], add: Add) -> None:
    """Undo a division by 255 or 65535, as of ToTensor."""
    fractions = [item for item in items if any(value % 1 for value in item.became.values())]
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
    became, key = table.mapping(left), "other-ids"
    if len(set(became.values())) < len(became):
        key = "ids-merged"
    elif sum(class_id != value and 1 <= value <= num_classes for class_id, value in became.items()) > 1:
        key = "classes-in-another-order"
    for item in rest:
        if any(class_id != value for class_id, value in item.became.items() if class_id not in (OTHER_ID, IGNORE_ID)):
            add(key, item.image_id, seen_in(item))


def _judge_foreground(
    items: Sequence[Observation], classes: str, two: tuple[float, float], add: Add, notes: list[str]
) -> None:
    """What ignored pixels became in masks of two values."""
    notes.append(f"masks hold {two[0]:g} and {two[1]:g}: read as background and {classes}")
    for value in _usual([item.ignored for item in items]):
        if value == two[1]:
            for item in items:
                if item.ignored == value:
                    add("ignored-as-object", item.image_id, f"{item.image_id}: 1000 became {value:g}")
        elif value == two[0]:
            notes.append("ignored pixels are background: leave them out of scores (annotation == 1000)")
        elif value % 1 == 0:
            notes.append(f"ignored pixels are {value:g}: pass ignore_index={value:g}")


def _judge_special_ids(
    items: Sequence[Observation], natural: float, num_classes: int, ignore_id: int | None, add: Add, notes: list[str]
) -> None:
    """What `other` and ignored pixels became, beyond what the reading of the classes makes of them: `natural`."""
    others, ignored = ([item.became.get(OTHER_ID) for item in items], [item.ignored for item in items])
    for value in _usual(others) - {OTHER_ID}:
        key = "other-ids" if 1 <= value <= num_classes and value not in ignored else "other-as-ignored"
        for item in items:
            if item.became.get(OTHER_ID) == value:
                add(key, item.image_id, seen_in(item))
    for value in _usual(ignored) - {natural, *(_usual(others) - {OTHER_ID})}:
        is_class = 1 <= value <= num_classes
        key = "ignored-as-class" if is_class else "ignored-as-other" if value == OTHER_ID else "ignored-otherwise"
        if is_class or value == OTHER_ID or ignore_id not in (None, value):
            for item in items:
                if item.ignored == value:
                    add(key, item.image_id, f"{item.image_id}: 1000 became {value:g}")
        elif value != IGNORE_ID:
            notes.append(f"ignored pixels are {value:g}: pass ignore_index={value:g}")


def _usual(values: Sequence[float | None]) -> set[float]:
    """The values that an id became often enough to be no accident at borders."""
    counts = Counter(value for value in values if value is not None)
    return {value for value, count in counts.items() if count > 0.2 * counts.total()}


def _judge_borders(items: Sequence[Observation], foreground: bool, add: Add, notes: list[str]) -> None:
    """Values that resizing with interpolation invents, objects that it makes larger, and padding."""
    soft = [item for item in items if item.between]
    if foreground and soft:
        notes.append(f"{len(soft)} masks are soft at borders: compared away from them")
    wrong = [item for item in items if item.grown] if foreground else soft
    if wrong and is_few(len(wrong), len(items)):
        notes.append(f"{len(wrong)} of {len(items)} items not explained: {_border(wrong[0])}")
    else:
        for item in wrong:
            add("interpolated", item.image_id, _border(item))
    if not foreground and {item.padding for item in items} - {None} == {OTHER_ID}:
        notes.append("padding is 0: it is scored as `other`, unless it is cut off or 1000")


def _border(item: Observation) -> str:
    values = some([f"{value:g}" for value in item.between], 4)
    return f"{item.image_id}: {f'{values} beside borders' if values else 'objects are larger than theirs'}"
