"""The class table: 919 classes, and the ids they have in the subsets of 300 and 50.

Class ids are the row numbers of the sorted wnids of a subset, from 1 (official readme, "How to match the class id");
0 is everything else in an image, 1000 is ignored.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts.official import CONFIG_NAMES, OFFICIAL

OTHER_ID = 0
"""Pixels of no class of the configuration."""
IGNORE_ID = 1000
"""Pixels that no figure counts."""


@dataclass(frozen=True)
class Category:
    """One class: its id in masks and in `category`, its ImageNet folder, and a readable, unique name."""

    id: int
    wnid: str
    name: str


class Categories:
    """The classes of one configuration, `other` first, so that the position of a class is its id.

    Iterates over `Category`; `categories[3]` is the class of id 3.
    """

    def __init__(self, config: str, rows: tuple[Category, ...], merged: Mapping[str, str]) -> None:
        self.config = config
        self.rows = rows
        self.names: list[str] = [row.name for row in rows]
        """C + 1 unique labels, in the order of the ids."""
        self.id2label: dict[int, str] = {row.id: row.name for row in rows}
        self.label2id: dict[str, int] = {row.name: row.id for row in rows}
        ids = {row.wnid: row.id for row in rows[1:]}
        self.merged_wnids: Mapping[str, str] = MappingProxyType({k: v for k, v in merged.items() if v in ids})
        """ImageNet classes whose images count as another class, to that class: five in 919, none in 300 and 50."""
        self._ids = ids | {source: ids[target] for source, target in self.merged_wnids.items()}

    @property
    def num_classes(self) -> int:
        """C: 50, 300 or 919; `other` is not counted."""
        return len(self.rows) - 1

    def id_of(self, wnid: str) -> int:
        """The class id of an ImageNet folder, merged ones included; 0 for a folder that is no class here."""
        return self._ids.get(wnid, OTHER_ID)

    @property
    def wnids(self) -> list[str]:
        """The C class folders of the official tree, in the order of the ids; `other` has none."""
        return [row.wnid for row in self.rows[1:]]

    @property
    def imagenet_wnids(self) -> list[str]:
        """Every ImageNet folder whose images belong to a class: the class folders and the merged ones, sorted."""
        return sorted(self._ids)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Category]:
        return iter(self.rows)

    def __getitem__(self, class_id: int) -> Category:
        if not 0 <= class_id < len(self.rows):
            raise IndexError(f"class id {class_id}: ImageNet-S-{self.config} has 0..{self.num_classes}")
        return self.rows[class_id]

    def __repr__(self) -> str:
        return f"Categories({self.config!r}, {self.num_classes} classes and 'other')"


@functools.cache
def categories(config: str | int = "919") -> Categories:
    """The class table of one configuration.

    Args:
        config: `"50"`, `"300"` or `"919"`.

    Returns:
        C + 1 rows of `id`, `wnid`, `name`, with `id2label` and `label2id` as `transformers` wants them.

    Raises:
        ImageNetSError: there is no such configuration.

    Example:
        >>> table = categories("50")
        >>> table[1]
        Category(id=1, wnid='n01443537', name='goldfish')
        >>> table.id2label[0], table.label2id["goldfish"], table.num_classes
        ('other', 1, 50)
    """
    name = str(config)
    if name not in CONFIG_NAMES:
        raise ImageNetSError(f"ImageNet-S has no configuration {config!r}; it has {', '.join(CONFIG_NAMES)}.")
    text = resources.files(__package__).joinpath("classes.csv").read_text(encoding="utf-8")
    column = f"id_{name}"
    found = [
        Category(int(row[column]), row["wnid"], row["label"])
        for row in csv.DictReader(text.splitlines())
        if row[column]
    ]
    return Categories(name, (Category(OTHER_ID, "", "other"), *found), OFFICIAL.merged_wnids)
