"""`MaskReader`: masks by key, from wherever they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path


class MaskReader(ABC):
    """Masks by key.

    Attributes:
        path: what was opened.
        keys: `<class folder>/<image>.png` of every mask.
    """

    path: Path
    keys: list[str]

    @abstractmethod
    def read(self, key: str) -> Path | bytes:
        """The path or the bytes of the PNG of a key."""
