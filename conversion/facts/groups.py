"""Groups of classes for reports: dogs, birds, vehicles, ... within animals, things and other.

`groups.csv` has the group of each of ImageNet's 1000 wnids: the first of a short list of WordNet 3.0 nouns (dog, bird,
fish, ...; musical instrument, vehicle, ...) that is among its hypernyms, or else its WordNet lexicographer file (food,
plant, person, object). Groups only order reports; no figure of the benchmark depends on them.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from .classes import categories


@dataclass(frozen=True)
class ClassGroup:
    """Some classes of a configuration.

    Attributes:
        kind: `"animals"`, `"things"` or `"other"`.
        name: `"dogs"`, `"vehicles"`, ...
        ids: the class ids, ascending.
    """

    kind: str
    name: str
    ids: tuple[int, ...]


@functools.cache
def class_groups(config: str = "919") -> tuple[ClassGroup, ...]:
    """The groups of a configuration, in the order animals, things, other; each class is in one.

    Examples:
        >>> {group.name: len(group.ids) for group in class_groups("919")}["dogs"]
        118
    """
    members: dict[tuple[str, str], list[int]] = {}
    group_of = _groups()
    for category in categories(config):
        if category.id:
            members.setdefault(group_of[category.wnid], []).append(category.id)
    order = ("animals", "things", "other")
    groups = sorted(members.items(), key=lambda item: (order.index(item[0][0]), -len(item[1]), item[0][1]))
    return tuple(ClassGroup(kind, name, tuple(ids)) for (kind, name), ids in groups)


def _groups() -> Mapping[str, tuple[str, str]]:
    """Wnid -> (kind, group)."""
    text = resources.files(__package__).joinpath("groups.csv").read_text(encoding="utf-8")
    return {row["wnid"]: (row["kind"], row["group"]) for row in csv.DictReader(text.splitlines())}
