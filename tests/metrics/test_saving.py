"""What the folder `matched_miou` writes by itself: complete, or not there."""

import os

import pytest

from imagenet_s.metrics import MatchedIoU, save_match
from imagenet_s.metrics.matched_miou.saving import save_bytes


def test_a_file_is_replaced_and_a_link_stays(tmp_path):
    (tmp_path / "latest").symlink_to("runs/3")
    for content in (b"old", b"new"):
        save_bytes(tmp_path / "latest", content)
        assert (tmp_path / "latest").is_symlink()
        assert (tmp_path / "runs" / "3").read_bytes() == content
        assert os.listdir(tmp_path / "runs") == ["3"]


def test_an_error_leaves_the_old_file(tmp_path, monkeypatch):
    save_bytes(tmp_path / "x", b"old")

    def interrupted(*paths):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_bytes(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_an_open_file(tmp_path):
    metric = MatchedIoU(2)
    metric.update([[0, 7]], [[0, 2]])
    with (tmp_path / "counts").open("wb") as counts, (tmp_path / "match").open("wb") as match:
        metric.save(counts)
        save_match({0: 0, 7: 2}, match)
    assert MatchedIoU.load(tmp_path / "counts").digest() == metric.digest()
    assert (tmp_path / "match").read_bytes() == b'{"7": 2, "0": 0}'
