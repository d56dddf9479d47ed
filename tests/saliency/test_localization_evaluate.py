"""The folder as an `evaluate` module, with the package installed: in batches, combined, in several processes."""

import doctest
import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import evaluate
import numpy as np
import pytest
from made_maps import bits, made
from PIL import Image

import imagenet_s
from imagenet_s.metrics import Localization

IMAGES = made(9)
ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "metrics" / "localization"


def expected(**options):
    metric = Localization(**options)
    metric.update_batch(*zip(*IMAGES))
    return metric


def columns(images=IMAGES):
    return dict(zip(("predictions", "references", "targets"), list(zip(*images))[:3]))


@pytest.fixture
def metric(module_path, tmp_path):
    return evaluate.load(module_path, cache_dir=str(tmp_path))


def test_add_and_compute(metric):
    for values, mask, target, name in IMAGES:
        metric.add(prediction=values, reference=mask, target=target, name=name)
    assert len(metric) == len(IMAGES)
    result = metric.compute(average="category")
    assert bits(result) == bits(expected().compute("category"))
    json.dumps(result)
    with pytest.raises(ValueError, match="nothing was added"):
        metric.compute()


def test_where_the_package_has_it(tmp_path):
    metric = evaluate.load(imagenet_s.LOCALIZATION, cache_dir=str(tmp_path))
    assert bits(metric.compute(**columns())) == bits(expected().compute())


def test_everything_in_one_call_and_options(module_path, tmp_path):
    options = {"thresholds": (0.25, "mean_std"), "tolerance": 2, "relevance": "absolute"}
    metric = evaluate.load(module_path, cache_dir=str(tmp_path), **options)
    assert bits(metric.compute(**columns())) == bits(expected(**options).compute())


def test_combined(metric, module_path, tmp_path):
    other = evaluate.load(module_path, cache_dir=str(tmp_path), thresholds=(0.1,))
    both = evaluate.combine({"first": metric, "second": other}, force_prefix=True)
    both.add_batch(**columns())
    result = both.compute()
    assert result["first_iou_at_mean"] == expected().compute()["iou_at_mean"]
    assert result["second_iou_at_0.1"] == expected(thresholds=(0.1,)).compute()["iou_at_0.1"]


def test_mistakes(metric):
    metric.add_batch(**columns())
    for call, message in (
        (lambda: metric.add(prediction=[[1]], reference=[[3]]), "target=CLASS_ID"),
        (lambda: metric.add_batch(predictions=[[[1]]], references=[[[3]]]), "targets="),
        (lambda: metric.compute(average="pixels"), "average='pixels'"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    given = columns([(np.eye(2), np.full((2, 2), 3), 3, "more")])
    with pytest.raises(ValueError, match="image_000 was scored already"):
        metric.compute(**columns(), names=["image_000"] * len(IMAGES))
    with pytest.raises(ValueError, match="all three or none"):
        metric.compute(predictions=given["predictions"], references=given["references"])
    with pytest.raises(ValueError, match="the map of image 9 holds NaN"):
        metric.compute(**{**given, "predictions": [np.full((2, 2), np.nan)]})
    assert len(metric) == len(IMAGES)
    assert metric.compute(**given)["num_images"] == expected().compute()["num_images"] + 1


@pytest.mark.parametrize("keep_in_memory", [False, True])
def test_one_result_after_the_other(module_path, tmp_path, keep_in_memory):
    metric = evaluate.load(module_path, cache_dir=str(tmp_path), keep_in_memory=keep_in_memory)
    for _ in range(2):
        metric.add_batch(**columns())
        assert bits(metric.compute()) == bits(expected().compute())


def test_two_processes(module_path, tmp_path):
    for values, mask, _, name in IMAGES:
        np.savez(tmp_path / f"{name}.npz", values=values, mask=mask)
    script = tmp_path / "one_of_several.py"
    script.write_text(
        "import json, sys\n"
        "import evaluate\n"
        "import numpy as np\n"
        "folder, cache, total, rank, output = sys.argv[1:]\n"
        "total, rank = int(total), int(rank)\n"
        "metric = evaluate.load(folder, cache_dir=cache, num_process=total, process_id=rank, experiment_id='run')\n"
        f"for name, target in {[(name, target) for _, _, target, name in IMAGES]}[rank::total]:\n"
        "    data = np.load(f'{name}.npz')\n"
        "    metric.add(prediction=data['values'], reference=data['mask'], target=target, name=name)\n"
        "result = metric.compute()\n"
        "assert (result is None) == (rank != 0)\n"
        "if result:\n"
        "    open(output, 'w').write(json.dumps(result))\n"
    )
    arguments = [sys.executable, str(script), module_path, str(tmp_path / "cache"), "2"]
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    output = tmp_path / "result.json"
    running = [subprocess.Popen([*arguments, str(rank), str(output)], env=environment, cwd=tmp_path) for rank in (0, 1)]
    assert [item.wait(timeout=120) for item in running] == [0, 0]
    assert bits(json.loads(output.read_text())) == bits(expected().compute())
    assert not list((tmp_path / "cache").rglob("*.arrow"))


@pytest.mark.parametrize("name", ["map_array", "score_formulas", "localization_metric"])
def test_docstrings(name):
    module = importlib.import_module(f"imagenet_s.metrics.saliency.{name}")
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert (result.failed, result.attempted > 0) == (0, True)


def test_what_evaluate_shows(module_path, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    metric = evaluate.load(module_path, cache_dir=str(tmp_path))
    test = doctest.DocTestParser().get_doctest(metric.inputs_description, {"evaluate": evaluate}, "inputs", None, 0)
    assert len(test.examples) == 3
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_card(monkeypatch):
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(FOLDER / "README.md"), module_relative=False)
    assert (result.failed, result.attempted > 3) == (0, True)


def test_the_function_of_the_space(module_path, tmp_path):
    spec = importlib.util.spec_from_file_location("localization_app", Path(module_path) / "app.py")
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    maps, masks = [], []
    for values, mask, _, name in IMAGES[:3]:
        maps.append(str(tmp_path / f"{name}.npy"))
        np.save(maps[-1], values)
        (tmp_path / "masks").mkdir(exist_ok=True)
        masks.append(str(tmp_path / "masks" / f"{name}.png"))
        Image.fromarray(mask).save(masks[-1])
    pictures, figures, rows = app.score(maps, masks[::-1], 3, "signed", "none")
    metric = Localization()
    for values, mask, _, name in IMAGES[:3]:
        metric.update(values, mask, 3, name)
    result = metric.compute()
    assert dict(figures)["average_precision"] == f"{100 * result['average_precision']:.2f}"
    assert [picture.size[::-1] for picture in pictures] == [mask.shape for _, mask, _, _ in IMAGES[:3]]
    assert sorted(row[0] for row in rows) == [name for *_, name in IMAGES[:3]]
    anything = app.score(maps[:1], masks[:1], 0, "signed", "none")[1]
    assert float(dict(anything)["num_images"]) == 1
    with pytest.raises(ValueError, match="without a partner: image_002"):
        app.score(maps, masks[:2], 3, "signed", "none")
