"""Kinds of pictures of object and background: what `composite` makes and `ObjectReliance` counts."""

from __future__ import annotations

from typing import Literal, TypeAlias

CompositeKind: TypeAlias = Literal[
    "original", "object", "background", "background_box", "mixed_same", "mixed_random", "mixed_next"
]
COMPOSITE_KINDS: tuple[CompositeKind, ...] = (
    *("original", "object", "background", "background_box"),
    *("mixed_same", "mixed_random", "mixed_next"),
)
"""What is shown. `mixed_*`: the object before the background of another image, of the same class, of another class, or
of the next class."""
