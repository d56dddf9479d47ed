"""Ranks by brute force, the permutation test beside SciPy's, Holm by hand, intervals and power by simulation."""

import inspect
import itertools
import math

import numpy as np
import pytest
from scipy import stats

from imagenet_s.metrics.comparison import paired_statistics as ps
from imagenet_s.metrics.matched_miou.bootstrap import interval, resamples

# SciPy 1.15 has another name for it.
SEED = {"rng" if "rng" in inspect.signature(stats.permutation_test).parameters else "random_state": 2}


def made(number: int, runs: int, seed: int = 0, ties: bool = False) -> np.ndarray:
    generator = np.random.default_rng(seed)
    values = generator.normal(0.5, 0.2, (number, 1)) + generator.normal(0.01, 0.1, (number, runs))
    return np.round(values * 10) / 2 if ties else values  # halves, whose sums are exact


@pytest.mark.parametrize("ties", [False, True])
def test_ranks_by_brute_force(ties):
    values = made(9, 5, ties=ties)
    means = ps.resampled_means(values, 50, 3)
    for row, positions in zip(means, resamples(9, 50, 3)):
        expected = [math.fsum(values[positions, run]) / 9 for run in range(5)]
        assert row == pytest.approx(expected, abs=1e-15)
    ranked = ps.ranks(means)
    for row, ranks in zip(means.tolist(), ranked.tolist()):
        assert ranks == [1 + sum(other > own for other in row) for own in row]
    low, high = ps.rank_interval(ranked[:, 2], 0.95)
    assert low <= np.quantile(ranked[:, 2], 0.025)
    assert high >= np.quantile(ranked[:, 2], 0.975)
    assert 1 <= low <= high <= 5


@pytest.mark.parametrize("number", [1, 2, 7, 12])
def test_exact_permutations_are_scipys(number):
    for seed in range(4):
        values = made(number, 4, seed, ties=seed % 2 == 1)
        differences = values[:, 1:] - values[:, :1]
        for column, p in zip(differences.T, ps.sign_flip_p_values(differences, 0)):
            signs = itertools.product((-1, 1), repeat=number)
            sums = [abs(math.fsum(column * flips)) for flips in signs]
            assert p == sum(total >= abs(math.fsum(column)) - 1e-12 for total in sums) / 2**number
            if number > 1:
                peer = stats.permutation_test(
                    (column,), np.mean, permutation_type="samples", n_resamples=2**number, vectorized=False
                )
                assert p == pytest.approx(peer.pvalue, abs=1e-12)


def test_random_permutations_are_near_scipys():
    values = made(60, 6, seed=5)
    differences = values[:, 1:] - values[:, :1] + np.array([0, 0.01, 0.02, 0.03, 0.2])
    p_values = ps.sign_flip_p_values(differences, 1)
    assert p_values == ps.sign_flip_p_values(differences, 1)
    for column, p in zip(differences.T, p_values):
        peer = stats.permutation_test((column,), np.mean, permutation_type="samples", n_resamples=9999, **SEED)
        assert p == pytest.approx(peer.pvalue, abs=5 * math.sqrt(0.25 / 9999) * 2)
    assert p_values[-1] == 1 / 10_001, "the smallest p-value that 10,000 permutations can give"


def test_equal_runs_have_a_p_value_of_1():
    assert ps.sign_flip_p_values(np.zeros((5, 1)), 0) == [1.0]
    assert ps.sign_flip_p_values(np.zeros((50, 1)), 0) == [1.0]


def test_holm():
    assert ps.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert ps.holm([0.5, 0.9]) == [1.0, 1.0]
    assert ps.holm([]) == []


@pytest.mark.slow
def test_intervals_cover_what_they_say():
    """2,000 repetitions: the share of 95 % intervals that hold the true difference, within its own error."""
    truth, covered, repetitions = 0.03, 0, 2000
    for seed in range(repetitions):
        generator = np.random.default_rng([7, seed])
        differences = generator.normal(truth, 0.25, (200, 1))
        low, high = interval(ps.resampled_means(differences, 400, seed)[:, 0], 0.95)
        covered += low <= truth <= high
    error = math.sqrt(0.95 * 0.05 / repetitions)
    assert abs(covered / repetitions - 0.95) < 4 * error


@pytest.mark.slow
def test_p_values_reject_as_often_as_they_say():
    rejected, repetitions = 0, 1000
    for seed in range(repetitions):
        differences = np.random.default_rng([11, seed]).normal(0, 1, (12, 1))
        rejected += ps.sign_flip_p_values(differences, seed)[0] <= 0.05
    assert abs(rejected / repetitions - 0.05) < 4 * math.sqrt(0.05 * 0.95 / repetitions)
