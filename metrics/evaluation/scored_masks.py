"""`ScoredMasks`: predictions beside their references, to be read again after they were scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...conversion.masks.split_masks import SplitMasks
from ..matched_miou.read_mask import read_mask


@dataclass(frozen=True)
class ScoredMasks:
    """Masks that were scored.

    Attributes:
        predictions, references: their masks.
        pairs: the key of a reference -> that of its prediction; a reference without one was scored as `other`.
    """

    predictions: SplitMasks
    references: SplitMasks
    pairs: Mapping[str, str]

    def read(self, key: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """The ids of reference and prediction, H x W each, before matching."""
        reference = read_mask(self.references.read(key), f"the reference of {key}")
        if key not in self.pairs:
            return reference, np.zeros_like(reference)
        return reference, read_mask(self.predictions.read(self.pairs[key]), f"the prediction of {key}")
