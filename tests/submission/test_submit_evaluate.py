"""Predictions written, zipped and scored from the zip give the same figures as from the folder."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from predicted_masks import write_predictions

from imagenet_s.cli.main import main


@pytest.mark.parametrize("config", ["50", "919"])
def test_scored_from_the_zip_as_from_the_folder(
    config: str,
    miniature: Callable[[str], Path],
    annotations: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = write_predictions(tmp_path / "predictions", config, "validation")
    out = tmp_path / "out.zip"
    where = ["--annotations-dir", str(annotations), "--no-verify"]
    submit = ["submit", str(folder), str(out), "--config", config, "--split", "validation", "--protocol", "free"]
    assert main([*submit, *where]) == 0
    assert "not checked" not in capsys.readouterr().err, "the masks of validation tell the sizes"
    gt = miniature(f"tree-{config}") / f"ImageNetS{config}" / "validation-segmentation"
    figures = []
    for predictions in (folder, out):
        scoring = ["--gt-dir", str(gt), "--config", config, "--matching", "hungarian", "--json", "-"]
        assert main(["evaluate", "--predict-dir", str(predictions), *scoring]) == 0
        figures.append(json.loads(capsys.readouterr().out))
    assert figures[0] == figures[1]
    assert 0 < figures[0]["mean_iou"] < 1
