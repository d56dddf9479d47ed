"""Whose background an object is shown before: an image of the same, of another, or of the next class.

The choice depends on the seed, the kind and the names of the images alone: it is the same on every platform, in every
order of the rows and in every process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from ..core.errors import ImageNetSError
from .composite_pictures import Kind


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
        self._all = sorted(candidates)
        self._by_category: dict[int, list[Candidate]] = {}
        for candidate in self._all:
            self._by_category.setdefault(candidate.category, []).append(candidate)

    def partner(self, image_id: str, category: int, kind: Kind, seed: int) -> Candidate:
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
        if kind == "mixed_same":
            eligible = [other for other in self._by_category.get(category, []) if other.image_id != image_id]
        elif kind == "mixed_random":
            eligible = [other for other in self._all if other.category != category]
        else:
            others = sorted(other for other in self._by_category if other != category)
            following = next((other for other in others if other > category), others[0] if others else None)
            eligible = [] if following is None else self._by_category[following]
        if not eligible:
            raise ImageNetSError(
                f"{image_id}: no image of this data set can be its partner for {kind}: expected at least one more "
                "whose mask shows its class; give a larger data set, or leave this kind out."
            )
        digest = hashlib.sha256(f"{seed}:{kind}:{image_id}".encode()).hexdigest()
        return eligible[int(digest, 16) % len(eligible)]
