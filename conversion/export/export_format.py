"""`ExportFormat`: the base class of the formats that other tools read."""

from __future__ import annotations

import abc
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..core.errors import some
from ..facts import config_name
from .mask_set import MaskRow, MaskSet

logger = logging.getLogger("imagenet_s")

Ids = NDArray[np.integer[Any]]
"""H x W class ids."""


@dataclass(frozen=True)
class ExportFormat(abc.ABC):
    """One format. Masks are encoded in worker processes, `write` is called in the process that started them.

    Attributes:
        config: `"50"`, `"300"` or `"919"`, in any spelling.
    """

    name: ClassVar[str]
    config: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", config_name(self.config))

    def encode(self, row: MaskRow, ids: Ids) -> Any:
        """Encode one mask as anything that can be pickled."""
        raise NotImplementedError

    def encoder(self, masks: MaskSet, folder: Path) -> Callable[[MaskRow, Ids], Any]:
        """What encodes the masks of a split: `encode`, which is pickled with this format, or for a format that needs
        more than masks another function that can be pickled.

        Args:
            masks: the split.
            folder: that of `write`.

        Raises:
            ImageNetSError: the split lacks what is needed.
        """
        return self.encode

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


def warn_of_masks_without_class(image_ids: Sequence[str]) -> None:
    """Count and name the images that a format leaves out because their mask does not show their class."""
    if image_ids:
        logger.warning("%d masks have no pixel of their image's class, left out: %s", len(image_ids), some(image_ids))
