"""What the docstrings, the card and the docs show is true; the Space's function works."""

import doctest
import importlib
import importlib.metadata
import importlib.util
import re
import sys
from pathlib import Path

import evaluate
import pytest
from mask_forms import write_official

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "imagenet_s.metrics"
MODULES = [
    f"{PACKAGE}.matched_miou.{name}"
    for name in ("read_mask", "boundary", "counts", "own_figures", "metric", "matched_miou")
]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    failed, tried = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
    assert tried > 0 or name.endswith("matched_miou.matched_miou")


def test_what_evaluate_shows(module_path, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    metric = evaluate.load(module_path, cache_dir=str(tmp_path))
    test = doctest.DocTestParser().get_doctest(metric.inputs_description, {"evaluate": evaluate}, "inputs", None, 0)
    assert len(test.examples) == 3
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_card(monkeypatch):
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(ROOT / "metrics" / "matched_miou" / "README.md"), module_relative=False)
    assert (result.failed, result.attempted > 3) == (0, True)


def test_the_docs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "metric.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    assert examples
    for example in examples:
        exec(example, {"masks": [("cat", [[0, 1]], [[0, 1]])], "print": lambda *values: None})
    assert (tmp_path / "counts.npz").is_file()


def test_every_definition_is_in_the_docs():
    from imagenet_s.report import TITLES

    text = (ROOT / "docs" / "metric.md").read_text(encoding="utf-8")
    named = [name for name in re.findall(r"`(\w+)\.(\w+)`", text) if name[1] not in ("py", "json", "html", "npz")]
    assert len(named) > 5
    for module, function in named:
        assert hasattr(importlib.import_module(f"{PACKAGE}.matched_miou.{module}"), function), (module, function)
    assert not [title for title in TITLES.values() if not re.search(rf"\b{title}\b", text)]


def test_the_space(module_path, tmp_path):
    write_official(tmp_path / "pred.png", [[0, 7], [7, 7]])
    write_official(tmp_path / "gt.png", [[0, 2], [2, 1000]])
    spec = importlib.util.spec_from_file_location("space_app", Path(module_path) / "app.py")
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    pictures, figures, classes, images = app.score(
        [str(tmp_path / "pred.png")], [str(tmp_path / "gt.png")], 2.0, "hungarian"
    )
    assert ["mIoU", "66.67"] in figures
    assert ["L (above 50 %)", "100.00"] in figures
    assert ["ML (25 to 50 %)", "–"] in figures
    assert classes == [[0, "0", "100.00", "100.00"], [2, "7", "100.00", "100.00"]]
    assert images == [["gt.png", "100.00", "100.00"]]
    assert len(pictures) == 1
    assert figures[-1] == ["FMeasure", "100.00"], "there is only one match"
    write_official(tmp_path / "both.png", [[1, 2]])
    both = [str(tmp_path / "both.png")]
    _, figures, _, _ = app.score(both, both, 4.0, "hungarian_pixel")
    assert figures[-2:] == [
        ["mIoU that ties of the matching allow", "0.00 to 40.00"],
        ["Pairs that the matching leaves open", "2"],
    ]
    assert "gradio" not in sys.modules
    assert not [requirement for requirement in importlib.metadata.requires("imagenet-s") if "gradio" in requirement]
