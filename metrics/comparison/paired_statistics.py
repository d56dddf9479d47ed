"""Statistics of runs over the same images: resampled means, ranks, a permutation test, Holm's adjustment.

Everything takes a matrix of images x runs without NaN. Images and runs are in a fixed order (by name), so that the same
runs give the same digits whatever order they came in.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..matched_miou.bootstrap import interval, resamples

Floats = NDArray[np.float64]

EXACT_UP_TO = 12
"""Images up to which all 2^n assignments of signs are tried; more images are tested with random ones."""
PERMUTATIONS = 10_000
_AT_ONCE = 500
_EQUAL = 1e-12
"""Sums of the same differences in another order may differ by this much, relative to the sum of their sizes."""


def resampled_means(values: Floats, samples: int, seed: int) -> Floats:
    """The mean of each run in each resample of the images, resamples x runs.

    Args:
        values: images x runs.
        samples: number of resamples; each draws as many images as there are, with replacement, for all runs alike.
        seed: of `numpy.random.default_rng`.
    """
    return np.stack([values[positions].mean(axis=0) for positions in resamples(len(values), samples, seed)])


def ranks(means: Floats) -> NDArray[np.int64]:
    """The rank of each run in each row, 1 for the highest mean; equal means share the better rank."""
    return 1 + (means[:, None, :] > means[:, :, None]).sum(axis=2)


def rank_interval(ranks_of_run: NDArray[np.int64], level: float) -> tuple[int, int]:
    """The ranks between which the middle `level` of the resamples lies, rounded outwards to whole ranks."""
    low, high = interval(ranks_of_run.astype(np.float64), level)
    return int(np.floor(low)), int(np.ceil(high))


def sign_flip_p_values(differences: Floats, seed: int) -> list[float]:
    """Two-sided p-values of a paired permutation test: is the mean difference of the images zero?

    If two runs were exchangeable, the sign of every image's difference would be a coin toss. The p-value is the share
    of assignments of signs whose mean is at least as far from 0 as the observed one: of all of them up to `EXACT_UP_TO`
    images; otherwise of 10,000 drawn ones and the observed one.

    Args:
        differences: images x comparisons; all comparisons are tested with the same signs.
        seed: of `numpy.random.default_rng`.
    """
    number = len(differences)
    least = np.abs(differences.sum(axis=0)) - _EQUAL * np.abs(differences).sum(axis=0)
    if number <= EXACT_UP_TO:
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=number))).reshape(-1, number)
        extreme = (np.abs(signs @ differences) >= least).sum(axis=0)
        return (extreme / len(signs)).tolist()
    generator = np.random.default_rng(seed)
    extreme = np.ones(differences.shape[1], np.int64)
    for start in range(0, PERMUTATIONS, _AT_ONCE):
        shape = (min(_AT_ONCE, PERMUTATIONS - start), number)
        signs = generator.integers(0, 2, shape, np.int8).astype(np.float64)
        # the sum over signs of -1 and 1 is twice that over 0 and 1, minus the sum of all
        extreme += (np.abs(2 * (signs @ differences) - differences.sum(axis=0)) >= least).sum(axis=0)
    return (extreme / (PERMUTATIONS + 1)).tolist()


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for how many tests were made (Holm, 1979), in the order given."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for position, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - position) * p_values[i]))
        adjusted[i] = largest
    return adjusted
