"""Whose background an object is shown before: an image of the same, of another, or of the next class.

The choice depends on the seed, the kind and the names of the images alone: it is the same on every platform, in every
order of the rows and in every process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from ..core.errors import ImageNetSError
from ..facts import CompositeKind


class Candidate(NamedTuple):
    """An image whose mask shows its class."""

    image_id: str
    category: int
    position: int
    """Where it is in its data set."""


class Partners:
    """The images of a data set that can lend their background.

    Args:
        candidates: those whose mask shows their class, in any order.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self.candidates = sorted(candidates)
        self._places: dict[int, list[int]] = {}
        """Class -> where its images are among all."""
        for place, candidate in enumerate(self.candidates):
            self._places.setdefault(candidate.category, []).append(place)
        self._categories = sorted(self._places)

    def partner(self, image_id: str, category: int, kind: CompositeKind, seed: int) -> Candidate:
        """The image whose background stands behind the object of another.

        Args:
            image_id: the image that the object is of; it is never its own partner.
            category: its class.
            kind: `mixed_same`: one of the images of its class; `mixed_random`: of those of other classes; `mixed_next`:
                of those of the next class that has any, after the last the first.
            seed: which of them: sha256 of seed, kind and image id, modulo their number, in the order of their ids.

        Raises:
            ImageNetSError: there is none.
        """
        ours = self._places.get(category, [])
        if kind == "mixed_random":
            number = len(self.candidates) - len(ours)
        else:
            shown = ours if kind == "mixed_same" else self._places.get(self._next(category), [])
            eligible = [place for place in shown if self.candidates[place].image_id != image_id]
            number = len(eligible)
        if not number:
            raise ImageNetSError(
                f"{image_id}: no image of this data set can be its partner for {kind}: expected at least one more "
                "whose mask shows its class; give a larger data set, or leave this kind out."
            )
        drawn = int(hashlib.sha256(f"{seed}:{kind}:{image_id}".encode()).hexdigest(), 16) % number
        if kind != "mixed_random":
            return self.candidates[eligible[drawn]]
        for place in ours:  # in order: counts those of other classes alone, without a list of them for each image
            drawn += place <= drawn
        return self.candidates[drawn]

    def _next(self, category: int) -> int:
        """The class whose images `mixed_next` shows; 0, which has none, where there is no other."""
        others = [other for other in self._categories if other != category]
        return next((other for other in others if other > category), others[0] if others else 0)
