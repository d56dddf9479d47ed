"""How many files had which outcome, and which of them are in the way."""

from __future__ import annotations

from collections import Counter

from imagenet_s.conversion.official_tree.linking import Outcome


class Tally:
    """Outcomes of the files of a split."""

    def __init__(self) -> None:
        self.counts: Counter[Outcome] = Counter()
        self.differing: dict[str, None] = {}
        """Paths that hold something else, in the order they were met."""

    def add(self, outcome: Outcome, path: str, files: int = 1) -> None:
        """Count the outcome of a path that stands for so many files."""
        self.counts[outcome] += files
        if outcome is Outcome.DIFFERS:
            self.differing[path] = None

    def merge(self, other: Tally) -> None:
        """Add the outcomes of another."""
        self.counts.update(other.counts)
        self.differing.update(other.differing)
