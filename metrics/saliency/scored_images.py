"""What `Localization` keeps of each image, and the means over some of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..matched_miou.scores import SIZES, UPPER_PERCENT
from .map_array import Floats
from .means_over_images import bootstrap, check_average, means
from .score_formulas import ImageScores


@dataclass
class ScoredImages:
    """Images as columns, in the order in which they were added."""

    keys: list[str]
    """The names of the scores."""
    names: list[str] = field(default_factory=list)
    """Empty where none was given."""
    targets: list[int] = field(default_factory=list)
    rows: list[Floats] = field(default_factory=list)
    """The scores of an image, in the order of `keys`."""
    states: list[tuple[bool, bool, bool]] = field(default_factory=list)
    """Absent, constant, full."""
    pixels: list[tuple[int, int]] = field(default_factory=list)
    """Pixels of the target, and valid pixels; 0, 0 where that is not known, as of files of earlier versions."""

    def __len__(self) -> int:
        return len(self.names)

    @property
    def known_names(self) -> set[str]:
        return set(self.names) - {""}

    def add(self, name: str, target: int, image: ImageScores) -> None:
        self.names.append(name)
        self.targets.append(target)
        self.rows.append(image.values)
        self.states.append((image.absent, image.constant, image.full))
        self.pixels.append(image.pixels)

    def extend(self, other: ScoredImages) -> None:
        self.names += other.names
        self.targets += other.targets
        self.rows += other.rows
        self.states += other.states
        self.pixels += other.pixels

    def values(self, positions: Sequence[int] | None = None) -> Floats:
        """The scores of all images, or of those at `positions`: images x scores."""
        rows = self.rows if positions is None else [self.rows[i] for i in positions]
        return np.stack(rows) if rows else np.zeros((0, len(self.keys)))

    def used(self) -> list[int]:
        """The positions of the images that show their target."""
        return [i for i, (absent, _, _) in enumerate(self.states) if not absent]

    def object_shares(self) -> list[float]:
        """The target's share of the valid pixels of each image; NaN where it is not known."""
        return [k / n if k else math.nan for k, n in self.pixels]

    def means_of(self, positions: Sequence[int], average: str) -> dict[str, Any]:
        """The mean of each score and of `object_share` over the images at `positions`, and `num_images`."""
        shares = np.array(self.object_shares())[list(positions)].reshape(-1, 1)
        targets = [self.targets[i] for i in positions]
        averages = means(np.hstack([self.values(positions), shares]), targets, check_average(average))
        return {**dict(zip((*self.keys, "object_share"), averages)), "num_images": len(positions)}

    def by_size(self, average: str) -> dict[str, dict[str, Any]]:
        """`means_of` the images of each size of object."""
        positions: dict[str, list[int]] = {size: [] for size in SIZES}
        for i, (k, n) in enumerate(self.pixels):
            if k:
                size = next((size for size, percent in zip(SIZES, UPPER_PERCENT) if 100 * k <= percent * n), SIZES[-1])
                positions[size].append(i)
        return {size: self.means_of(own, average) for size, own in positions.items()}

    def by_category(self) -> dict[int, dict[str, Any]]:
        """`means_of` the images of each target that is shown."""
        used = self.used()
        positions: dict[int, list[int]] = {target: [] for target in sorted({self.targets[i] for i in used})}
        for i in used:
            positions[self.targets[i]].append(i)
        return {target: self.means_of(own, "image") for target, own in positions.items()}

    def intervals(self, average: str, samples: int, seed: int, level: float) -> dict[str, tuple[float, float]]:
        """Bootstrap intervals of the means of `keys`: the same for the same images, in whatever order."""
        used = sorted(self.used(), key=lambda i: (self.names[i], self.targets[i], self.rows[i].tobytes()))
        targets = [self.targets[i] for i in used]
        values = self.values(used)
        return dict(zip(self.keys, bootstrap(values, targets, check_average(average), samples, seed, level)))
