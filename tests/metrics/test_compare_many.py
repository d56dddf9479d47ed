"""`compare_many`, `power` and figures of one's own: by brute force, by simulation, in any order."""

import itertools
import json
import math

import numpy as np
import pytest
from scipy.stats import norm

from imagenet_s.metrics import Localization, MatchedIoU, compare, compare_many, power
from imagenet_s.metrics.matched_miou.bootstrap import resamples

MASK = np.array([[0, 0, 3, 3], [0, 3, 3, 1000], [0, 0, 0, 0]])


def run_of(seed: int, good: float, images: int = 25) -> Localization:
    """Maps that are the object and noise, in some share."""
    metric = Localization()
    for number in range(images):
        generator = np.random.default_rng([number, seed])
        metric.update(good * (MASK == 3) + generator.random(MASK.shape), MASK, 3, f"image_{number:03d}")
    return metric


@pytest.fixture(scope="module")
def runs() -> dict[str, Localization]:
    return {f"run {name}": run_of(seed, good) for seed, (name, good) in enumerate(zip("dacb", (0.2, 0.5, 0.2, 0.9)))}


def test_by_brute_force(runs):
    result = compare_many(runs, "average_precision", 60, 0.9, 4)
    names = sorted(runs[next(iter(runs))].names)
    values = {}
    for name, run in runs.items():
        columns = run.per_image()
        values[name] = [columns["average_precision"][columns["name"].index(image)] for image in names]
    means = {name: math.fsum(own) / len(own) for name, own in values.items()}
    assert [entry["name"] for entry in result["runs"]] == sorted(means, key=means.get, reverse=True)
    best = result["runs"][0]["name"]
    drawn = [
        {name: math.fsum(own[i] for i in positions) / len(names) for name, own in values.items()}
        for positions in resamples(len(names), 60, 4)
    ]
    for entry in result["runs"]:
        name = entry["name"]
        assert entry["value"] == means[name]
        own = [means_of[name] for means_of in drawn]
        assert (entry["low"], entry["high"]) == pytest.approx(tuple(np.quantile(own, [0.05, 0.95])), abs=1e-12)
        apart = np.quantile([means_of[name] - means_of[best] for means_of in drawn], [0.05, 0.95])
        assert (entry["difference_low"], entry["difference_high"]) == pytest.approx(tuple(apart), abs=1e-12)
        ranks = [1 + sum(other > means_of[name] for other in means_of.values()) for means_of in drawn]
        assert entry["first"] == ranks.count(1) / 60
        low, high = np.quantile(ranks, [0.05, 0.95])
        assert (entry["rank_low"], entry["rank_high"]) == (math.floor(low), math.ceil(high))
        if name != best:
            pair = compare(runs[name], runs[best], "average_precision", 60, 0.9, 4)
            assert entry["difference"] == pytest.approx(pair["difference"], abs=1e-15)
    adjusted = [entry["p_adjusted"] for entry in result["runs"]]
    assert adjusted[0] == 1
    ordered = sorted(entry["p"] for entry in result["runs"][1:])
    assert sorted(adjusted[1:]) == pytest.approx(
        [max(min(1, (3 - k) * ordered[k]) for k in range(i + 1)) for i in range(3)]
    )
    assert [entry["distinguishable"] for entry in result["runs"]] == [p < 0.1 for p in adjusted]


def test_the_same_bytes_for_any_order_of_runs(runs):
    expected = json.dumps(compare_many(runs, resamples=50))
    for order in itertools.permutations(runs):
        assert json.dumps(compare_many({name: runs[name] for name in order}, resamples=50)) == expected


def test_masks_with_a_matching_each():
    def counted(shift: int) -> MatchedIoU:
        metric = MatchedIoU(5)
        for number in range(12):
            generator = np.random.default_rng(number)
            reference = np.kron(generator.integers(0, 6, (3, 3)), np.ones((3, 3), int))
            prediction = np.where(generator.random((9, 9)) < 0.1 * (shift + 1), 0, reference)
            metric.update(np.where(prediction > 0, (prediction - 1 + shift) % 5 + 1, 0), reference, str(number))
        return metric

    runs = {"z": counted(2), "b": counted(1), "a": counted(0)}
    matching = ("hungarian", {1: 5, **{i: i - 1 for i in range(2, 6)}}, "none")
    result = compare_many(runs, "mean_iou", 50, matching=matching)
    assert [entry["name"] for entry in result["runs"]] == ["a", "b", "z"]
    assert result["runs"][1]["value"] > 0.5, "each run has its own matching"
    with pytest.raises(ValueError, match="2 matchings for 3 runs"):
        compare_many(runs, matching=("none", "none"))


def test_own_figures(runs, tmp_path):
    a, b = run_of(1, 0.5), run_of(2, 0.2)
    for run, shift in ((a, 0.0), (b, 0.1)):
        run.add_figure("deletion", {name: number / 50 + shift for number, name in enumerate(run.names)})
    a.save(tmp_path / "a.npz")
    again = Localization.load(tmp_path / "a.npz")
    assert again.per_image() == a.per_image()
    assert compare(again, b)["deletion"]["difference"] == pytest.approx(-0.1)
    result = compare_many({"a": again, "b": b}, "deletion", 20, lower_is_better=True)
    assert [entry["name"] for entry in result["runs"]] == ["a", "b"]
    assert result["runs"][0]["first"] == 1
    assert compare_many({"a": a, "b": b}, "deletion", 20)["runs"][0]["name"] == "b"
    with pytest.raises(ValueError, match="deletion"):
        compare_many({"a": a, "c": runs["run a"]}, "deletion")


def test_own_figures_of_parts():
    first, second = run_of(0, 0.5, 4), Localization()
    second.update(MASK == 3, MASK, 3, "another")
    first.add_figure("insertion", {"image_001": 0.25, "image_002": math.nan})
    second.add_figure("insertion", {"another": 1})
    column = first.merge(second).per_image()["insertion"]
    assert column[1] == 0.25
    assert column[4] == 1
    assert [math.isnan(value) for value in column] == [True, False, True, True, False]


def test_own_figures_that_are_none(runs):
    run = run_of(0, 0.5, 3)
    for key, values, message in (
        ("average_precision", {}, "expected a name of its own; the run has auroc"),
        ("name", {}, "expected a name of its own"),
        ("", {}, "expected a name of its own"),
        ("x", {"cat": 1.0}, "1 images that were not counted: cat; the run has image_000"),
        ("x", {"image_000": "1"}, "of image_000 is '1': expected a number"),
        ("x", {"image_000": math.inf}, "of image_000 is inf"),
    ):
        with pytest.raises(ValueError, match=message):
            run.add_figure(key, values)
    assert run.own_figures == []


def test_power_by_its_formula(runs):
    a, b = runs["run a"], runs["run b"]
    result = power(a, b, "average_precision", 0.9, 0.01)
    columns = [run.per_image()["average_precision"] for run in (a, b)]
    differences = [first - second for first, second in zip(*columns)]
    z = norm.ppf(0.995) + norm.ppf(0.9)
    assert result.num_images == 25
    assert result.difference == compare(a, b, "average_precision")["difference"]
    assert result.standard_deviation == pytest.approx(np.std(differences, ddof=1))
    assert result.smallest_difference == pytest.approx(z * np.std(differences, ddof=1) / 5)
    spread = math.sqrt(sum(np.var(column, ddof=1) for column in columns))
    assert result.unpaired_smallest_difference == pytest.approx(z * spread / 5)
    for delta in (0.01, -0.01, 0.2):
        assert result.images_for(delta) == math.ceil((z * result.standard_deviation / delta) ** 2)
        assert result.images_for(delta, paired=False) == math.ceil((z * spread / delta) ** 2)
    assert result.images_for(result.smallest_difference * 1.0000001) == 25


def test_power_of_nothing(runs):
    a = runs["run a"]
    for arguments, message in (((1.0,), "power=1.0"), ((0.8, 0.0), "alpha=0.0")):
        with pytest.raises(ValueError, match=message):
            power(a, a, "average_precision", *arguments)
    with pytest.raises(ValueError, match="delta=0"):
        power(a, a, "average_precision").images_for(0)
    with pytest.raises(ValueError, match="1 images have average_precision in both runs"):
        power(run_of(0, 0.1, 1), run_of(1, 0.1, 1), "average_precision")


@pytest.mark.slow
def test_power_by_simulation():
    """A difference of the size that 60 images can tell is found in four of five experiments."""
    significant, repetitions, number, spread = 0, 2000, 60, 0.2
    delta = (norm.ppf(0.975) + norm.ppf(0.8)) * spread / math.sqrt(number)
    for seed in range(repetitions):
        differences = np.random.default_rng([3, seed]).normal(delta, spread, number)
        z = differences.mean() / (np.std(differences, ddof=1) / math.sqrt(number))
        significant += abs(z) > norm.ppf(0.975)
    assert abs(significant / repetitions - 0.8) < 4 * math.sqrt(0.8 * 0.2 / repetitions) + 0.01


def test_refused(runs):
    with pytest.raises(ValueError, match="1 run: expected at least two"):
        compare_many({"a": runs["run a"]})
    with pytest.raises(ValueError, match="resamples=1"):
        compare_many(runs, resamples=1)
    with pytest.raises(ValueError, match=r"key='iou' \(--key\)"):
        compare_many(runs, "iou")
    fewer = run_of(9, 0.1, 20)
    with pytest.raises(ValueError, match="only a has 5 of its 25 images: image_020"):
        compare_many({"a": runs["run a"], "z": fewer})
