"""The table of ids in words: which faults its items have, and what is unusual and right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.errors import some
from ..facts import IGNORE_ID, OTHER_ID
from .fault_catalog import Seen, Verdict
from .ground_truth import Truth
from .id_readings import IdTable, Reading, readings
from .per_item import Observation


def judge_ids(items: Sequence[Observation], truth: Truth, ignore_id: int | None, verdict: Verdict) -> None:
    """Find the readings that explain what ids became.

    Args:
        items: those that are aligned with their own mask.
        truth: the official masks.
        ignore_id: the id that ignored pixels should have; None for any that is no class.
        verdict: gets faults, what is unusual and right, and why values can't be compared.
    """
    _scale_back(items, verdict)
    table, num_classes = IdTable(items), truth.table.num_classes
    fractions = [value for item in items for value in item.became.values() if value % 1]
    if table.two is None and not verdict.are_few(len(fractions)):
        span = f"{min(fractions):.3g} to {max(fractions):.3g}"
        verdict.not_compared.append(f"masks hold fractions ({span}), no ids: soft masks of many classes?")
        return
    left = np.ones(len(items), np.bool_)
    explained_by = [
        (reading, ~table.items_with(reading.values(table.ids) != table.values)) for reading in readings(table, truth)
    ]
    main: Reading | None = None
    while left.any() and (main is None or not verdict.are_few(int(left.sum()))):
        # The simplest of those that explain most. All zero fits too much to be a reading of a few masks.
        allowed = [pair for pair in explained_by if main is None or "zero" not in dict(pair[0].steps)]
        reading, explained = max(allowed, key=lambda pair: int((pair[1] & left).sum()))
        if (explained & left).sum() < left.sum() / 2:
            break
        main = main or reading
        for key, entries in reading.faults(table.ids).items():
            verdict.add(
                key, [_seen(items[i]) for i in np.flatnonzero(table.items_with(entries) & explained & left).tolist()]
            )
        left &= ~explained
    _judge_rest(table, left, num_classes, verdict)
    if main is None:
        return
    chosen = [item for item, unexplained in zip(items, left) if not unexplained]
    if main.foreground and table.two:
        _judge_foreground(chosen, main.foreground, *table.two, verdict)
    elif not {"shifted", "shifted-clamped", "zero"} & dict(main.steps).keys():
        natural = float(main.values(table.ids)[-1])
        _judge_special_ids(chosen, natural, num_classes, ignore_id, verdict)
    _judge_borders(items, bool(main.foreground), verdict)


def _seen(item: Observation) -> Seen:
    """What ids became in one item."""
    changed = [f"{class_id} became {value:g}" for class_id, value in sorted(item.became.items()) if class_id != value]
    return item.image_id, some(changed, 3) or "ids are kept"


def _scale_back(items: Sequence[Observation], verdict: Verdict) -> None:
    """Undo a division by 255 or 65535, as of ToTensor."""
    fractions = [item for item in items if any(value % 1 for value in item.became.values())]
    for factor in (255, 65535):
        values = {value * factor for item in fractions for value in item.became.values()}
        if len(values) > 2 and max(values) <= factor and all(abs(value - round(value)) < 1e-2 for value in values):
            verdict.add("scaled", [_seen(item) for item in fractions])
            for item in fractions:
                for became in (item.became, item.at_borders):
                    became.update({class_id: float(round(value * factor)) for class_id, value in became.items()})
            return


def _judge_rest(table: IdTable, left: NDArray[np.bool_], num_classes: int, verdict: Verdict) -> None:
    """Items that no reading explains: whether their ids moved in the same way in all."""
    became, key = table.mapping(left), "other-ids"
    if len(set(became.values())) < len(became):
        key = "ids-merged"
    elif sum(class_id != value and 1 <= value <= num_classes for class_id, value in became.items()) > 1:
        key = "classes-in-another-order"
    changed = table.items_with(table.ids != table.values)
    verdict.add(
        key, [_seen(table.observations[i]) for i in np.flatnonzero(left & changed).tolist()], few=not left.all()
    )


def _judge_foreground(
    items: Sequence[Observation], classes: str, background: float, foreground: float, verdict: Verdict
) -> None:
    """What ignored pixels became in masks of two values."""
    verdict.notes.append(f"masks hold {background:g} and {foreground:g}: read as background and {classes}")
    for value in _usual(item.ignored for item in items):
        if value == foreground:
            verdict.add("ignored-as-object", _ignored(items, value))
        elif value == background:
            verdict.notes.append("ignored pixels are background: leave them out of scores (annotation == 1000)")
        elif value % 1 == 0:
            verdict.notes.append(f"ignored pixels are {value:g}: pass ignore_index={value:g}")


def _judge_special_ids(
    items: Sequence[Observation], natural: float, num_classes: int, ignore_id: int | None, verdict: Verdict
) -> None:
    """What `other` and ignored pixels became, beyond what the reading of the classes makes of them: `natural`."""
    ignored = {item.ignored for item in items}
    others = _usual(item.became.get(OTHER_ID) for item in items) - {OTHER_ID}
    for value in others:
        key = "other-ids" if 1 <= value <= num_classes and value not in ignored else "other-as-ignored"
        verdict.add(key, [_seen(item) for item in items if item.became.get(OTHER_ID) == value])
    for value in _usual(item.ignored for item in items) - {natural} - others:
        if 1 <= value <= num_classes:
            verdict.add("ignored-as-class", _ignored(items, value))
        elif value == OTHER_ID:
            verdict.add("ignored-as-other", _ignored(items, value))
        elif ignore_id not in (None, value):
            verdict.add("ignored-otherwise", _ignored(items, value))
        elif value != IGNORE_ID:
            verdict.notes.append(f"ignored pixels are {value:g}: pass ignore_index={value:g}")


def _ignored(items: Sequence[Observation], value: float) -> list[Seen]:
    return [(item.image_id, f"1000 became {value:g}") for item in items if item.ignored == value]


def _usual(values: Iterable[float | None]) -> set[float]:
    """The values that an id became often enough to be no accident at borders."""
    counts = Counter(value for value in values if value is not None)
    return {value for value, count in counts.items() if count > 0.2 * counts.total()}


def _judge_borders(items: Sequence[Observation], foreground: bool, verdict: Verdict) -> None:
    """Values that resizing with interpolation invents, objects that it makes larger, and padding."""
    soft = [item for item in items if item.between]
    if foreground and soft:
        verdict.notes.append(f"{len(soft)} masks are soft at borders: compared away from them")
    elif soft:
        shown = [(item.image_id, some([f"{value:g}" for value in item.between], 4)) for item in soft]
        verdict.add("interpolated", [(image_id, f"{values} beside borders") for image_id, values in shown], few=True)
    if foreground:
        grown = [(item.image_id, "objects are larger than theirs") for item in items if item.grown]
        verdict.add("interpolated", grown, few=True)
    elif {item.padding for item in items} - {None} == {OTHER_ID}:
        verdict.notes.append("padding is 0: it is scored as `other`, unless it is cut off or 1000")
