"""Scores by the size of the object and by class, the share that chance gets, the map of the centre."""

import json
import math

import numpy as np
import pytest

from imagenet_s.cli.main import main
from imagenet_s.metrics import Localization, center_map


def scored() -> Localization:
    """Objects of 4, 5, 6, 25, 30, 60 and 100 of 100 pixels; the ignored ones do not count; one image without it."""
    metric = Localization()
    for number, size in enumerate((4, 5, 6, 25, 30, 60, 100, 0)):
        mask = np.full(120, 1000)
        mask[:100] = 0
        mask[:size] = 7 if number % 2 else 9
        values = np.random.default_rng(number).random((10, 12)) + 0.5 * (mask.reshape(10, 12) % 1000 > 0)
        metric.update(values, mask.reshape(10, 12), 7 if number % 2 else 9, f"image_{number}")
    return metric


def test_shares_and_sizes():
    metric = scored()
    columns = metric.per_image()
    assert columns["object_share"][:7] == [0.04, 0.05, 0.06, 0.25, 0.3, 0.6, 1.0]
    assert math.isnan(columns["object_share"][7])
    expected = {"s": [0, 1], "ms": [2, 3], "ml": [4], "l": [5, 6]}
    for size, values in metric.by_size().items():
        assert values["num_images"] == len(expected[size])
        for key in (*metric.keys, "object_share"):
            present = [columns[key][i] for i in expected[size] if not math.isnan(columns[key][i])]
            assert values[key] == pytest.approx(math.fsum(present) / len(present) if present else math.nan, nan_ok=True)
    assert metric.compute()["object_share"] == pytest.approx(sum(columns["object_share"][:7]) / 7)
    by_category = metric.by_category()
    assert list(by_category) == [7, 9]
    assert by_category[7]["average_precision"] == pytest.approx(
        np.mean([columns["average_precision"][i] for i in (1, 3, 5)])
    )


def test_saved_and_merged(tmp_path):
    metric = scored()
    metric.save(tmp_path / "a.npz")
    assert repr(Localization.load(tmp_path / "a.npz").by_size()) == repr(metric.by_size())
    other = Localization()
    other.update(np.eye(3), np.eye(3, dtype=int) * 3, 3, "another")
    assert metric.merge(other).by_size()["ml"]["num_images"] == 2


def test_scores_of_earlier_versions_have_no_size(tmp_path):
    scored().save(tmp_path / "a.npz")
    arrays = dict(np.load(tmp_path / "a.npz"))
    del arrays["pixels"]
    np.savez(tmp_path / "b.npz", **arrays)
    old = Localization.load(tmp_path / "b.npz")
    assert {values["num_images"] for values in old.by_size().values()} == {0}
    assert math.isnan(old.compute()["object_share"])
    arrays["pixels"] = np.zeros((3, 2), np.int32)
    np.savez(tmp_path / "c.npz", **arrays)
    with pytest.raises(ValueError, match="do not fit"):
        Localization.load(tmp_path / "c.npz")


def test_on_the_command_line(tmp_path, capsys):
    scored().save(tmp_path / "a.npz")
    assert main(["evaluate-maps", "--counts", str(tmp_path / "a.npz"), "--by-size", "--per-class"]) == 0
    printed = capsys.readouterr().out
    assert "by size of the object" in printed
    assert "object_share" in printed
    assert [line.split()[0] for line in printed.splitlines()[-2:]] == ["7", "9"]
    assert main(["evaluate-maps", "--counts", str(tmp_path / "a.npz"), "--by-size", "--per-class", "--json", "-"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["by_size"]["s"]["num_images"] == 2
    assert set(written["per_category"]) == {"7", "9"}


def test_center_map():
    for height, width in ((1, 1), (4, 5), (60, 31)):
        values = center_map(height, width)
        assert values.shape == (height, width)
        np.testing.assert_array_equal(values, values[::-1, ::-1])
        assert values.max() <= 1
        assert values.argmax() // width == (height - 1) // 2
    with pytest.raises(ValueError, match="height=0"):
        center_map(0, 3)
    with pytest.raises(TypeError, match="float"):
        center_map(3.5, 4)
