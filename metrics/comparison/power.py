"""`power`: how small a difference of two runs can be told with so many images, and how many images a difference needs.

Normal approximation (Cohen, 1988), for a two-sided test at level alpha. Both runs score the same images, so that the
spread of the differences of single images counts; `unpaired` is what it would take with other images for each run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from .aligned_runs import Matchings, aligned_runs
from .saved_run import Run


@dataclass(frozen=True)
class Power:
    """What two runs over the same images can tell; all differences are those of the figure, as fractions.

    Attributes:
        key: the figure.
        num_images: n, images with a value in both runs.
        difference: the mean of a - b.
        standard_deviation: s, of the differences of single images.
        smallest_difference: (z(1 - alpha / 2) + z(power)) s / sqrt(n).
        unpaired_standard_deviation: sqrt(s_a^2 + s_b^2), of the values of single images in either run.
        unpaired_smallest_difference: the same with it: n images for each run, other ones.
        power: the probability with which a true difference of this size is found.
        alpha: that with which one is found where there is none.
    """

    key: str
    num_images: int
    difference: float
    standard_deviation: float
    smallest_difference: float
    unpaired_standard_deviation: float
    unpaired_smallest_difference: float
    power: float
    alpha: float

    def images_for(self, delta: float, paired: bool = True) -> int:
        """How many images a true difference needs to be found: ceil(((z(1 - alpha / 2) + z(power)) s / delta)^2).

        Args:
            delta: the difference, as a fraction; its sign does not matter.
            paired: False for the number of images of each run if they are not the same.

        Raises:
            ValueError: no difference, 0 or not finite.
        """
        if not math.isfinite(delta) or delta == 0:
            raise ValueError(f"delta={delta} (--power): expected a difference other than 0, as a fraction: 0.01.")
        spread = self.standard_deviation if paired else self.unpaired_standard_deviation
        return math.ceil((_quantiles(self.power, self.alpha) * spread / delta) ** 2)


def power(
    a: Run,
    b: Run,
    key: str,
    power: float = 0.8,
    alpha: float = 0.05,
    *,
    matching: Matchings = "none",
) -> Power:
    """How small a difference can be told with the images of two runs.

    Args:
        a: a run, every image of it with a name.
        b: another of the same kind, over the same images.
        key: a figure that `compare` has.
        power: the probability with which a true difference is to be found.
        alpha: that with which one may be found where there is none.
        matching: of two `MatchedIoU`, as in `compare`.

    Raises:
        ValueError: as `compare`; fewer than two images with a value in both, a power or alpha outside 0..1.
    """
    if not 0 < alpha < 1 or not 0 < power < 1:
        raise ValueError(f"power={power}, alpha={alpha}: expected probabilities between 0 and 1, as 0.8 and 0.05.")
    values = aligned_runs({"a": a, "b": b}, matching).values(key)
    number = len(values)
    if number < 2:
        raise ValueError(f"{number} images have {key} in both runs: a spread needs at least 2.")
    spread = float(np.std(values[:, 0] - values[:, 1], ddof=1))
    unpaired = math.sqrt(float(np.var(values, axis=0, ddof=1).sum()))
    factor = _quantiles(power, alpha) / math.sqrt(number)
    difference = math.fsum((values[:, 0] - values[:, 1]).tolist()) / number
    return Power(key, number, difference, spread, factor * spread, unpaired, factor * unpaired, power, alpha)


def _quantiles(power: float, alpha: float) -> float:
    return float(norm.ppf(1 - alpha / 2) + norm.ppf(power))
