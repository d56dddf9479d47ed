"""The faults that a Dataset may have, and what is said of a Dataset after it was compared."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources

Seen = tuple[str, str]
"""An image id, and what was seen in that image."""


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        key: its name.
        text: what is wrong.
        mend: a line of code (or two) that mends it.
    """

    key: str
    text: str
    mend: str


@dataclass(frozen=True)
class Finding:
    """A fault that was found.

    Attributes:
        image_ids: the images that have it.
        images: how many have it.
        of: how many were compared.
        detail: what was seen in the first of them.
    """

    fault: Fault
    image_ids: tuple[str, ...]
    images: int
    of: int
    detail: str = ""

    @property
    def examples(self) -> tuple[str, ...]:
        """A few of the images."""
        return self.image_ids[:3]

    @property
    def share(self) -> float:
        """The fraction of the compared images that have it."""
        return self.images / max(self.of, 1)


def _load() -> Mapping[str, Fault]:
    text = resources.files(__package__).joinpath("faults.csv").read_text(encoding="utf-8")
    return {row["key"]: Fault(**row) for row in csv.DictReader(text.splitlines())}


FAULTS = _load()
"""Every kind of fault by its key."""


class Verdict:
    """Faults, notes, and what could not be compared, as they are collected.

    Args:
        count: how many items there are.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.notes: list[str] = []
        self.not_compared: list[str] = []
        self._seen: defaultdict[str, list[Seen]] = defaultdict(list)

    def add(self, key: str, seen: Sequence[Seen], few: bool = False) -> None:
        """Add images that have a fault; with `few`, those of a few per cent of the items are a note."""
        if few and seen and self.are_few(len(seen)):
            self.notes.append(f"{len(seen)} of {self.count} items not explained: {': '.join(seen[0])}")
        elif seen:
            self._seen[key] += seen

    def leave_out(self, count: int, text: str) -> None:
        """Add items that could not be compared; a few of them are a note."""
        (self.notes if self.are_few(count) else self.not_compared).append(f"{count:,} {text}")

    def are_few(self, count: int) -> bool:
        """Whether what some items have stays a note, beside what explains the others: up to 5 %, or one of ten."""
        return count <= max(0.05 * self.count, self.count >= 10)

    def findings(self, config: str, members: Sequence[Finding] = ()) -> tuple[Finding, ...]:
        """All faults, most images first, with the configuration in the lines that mend them.

        Args:
            config: `"50"`, `"300"` or `"919"`.
            members: the faults that are none of single items.
        """
        findings = [
            Finding(FAULTS[key], tuple(image_id for image_id, _ in seen), len(seen), self.count, ": ".join(seen[0]))
            for key, seen in self._seen.items()
        ]
        ordered = sorted([*findings, *members], key=lambda finding: -finding.share)
        mends = (finding.fault.mend.replace("{config}", config) for finding in ordered)
        return tuple(replace(it, fault=replace(it.fault, mend=mend)) for it, mend in zip(ordered, mends))
