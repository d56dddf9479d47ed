"""`ExportFormat`: the base class of the formats that other tools read."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..facts import config_name
from .mask_set import MaskRow, MaskSet

Ids = NDArray[np.integer[Any]]
"""H x W class ids."""


@dataclass(frozen=True)
class ExportFormat(abc.ABC):
    """One format. It is pickled: `encode` is called in worker processes, `write` in the process that started them.

    Attributes:
        config: `"50"`, `"300"` or `"919"`, in any spelling.
    """

    name: ClassVar[str]
    config: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", config_name(self.config))

    @abc.abstractmethod
    def encode(self, row: MaskRow, ids: Ids) -> Any:
        """Encode one mask as anything that can be pickled."""

    @abc.abstractmethod
    def write(self, folder: Path, masks: MaskSet, encoded: Iterable[tuple[MaskRow, Any]]) -> None:
        """Write a split.

        Args:
            folder: an empty folder under a temporary name; it is renamed when everything is written.
            masks: the split.
            encoded: every row, in order, with the result of `encode`.
        """

    def describe(self, out: Path, splits: Sequence[str]) -> None:  # noqa: B027
        """Write files that describe all finished splits of a result together, if the format has any."""
