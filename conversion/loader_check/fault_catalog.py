"""The faults that a Dataset may have: a message, and the line of code that mends it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources


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

    def of(self, config: str) -> Fault:
        """The fault with the configuration in the line that mends it."""
        return replace(self, mend=self.mend.replace("{config}", config))


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
