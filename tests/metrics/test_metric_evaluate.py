"""The folder as an `evaluate` module: alone, in batches, combined, in several processes."""

import json
import math
import subprocess
import sys
from pathlib import Path

import evaluate
import numpy as np
import pytest
from mask_forms import forms
from test_metric_figures import metric_of
from test_metric_sums import bits

PAIRS = [
    (
        np.random.default_rng(i).integers(0, 7, (12, 15)),
        np.random.default_rng(i + 9).choice([0, 1, 2, 3, 4, 1000], (12, 15)),
    )
    for i in range(9)
]


@pytest.fixture
def metric(module_path, tmp_path):
    return evaluate.load(module_path, cache_dir=str(tmp_path))


def test_add_and_compute(metric):
    for prediction, reference in PAIRS:
        metric.add(prediction=prediction, reference=reference)
    assert len(metric) == len(PAIRS)
    result = metric.compute(num_classes=4, matching="hungarian")
    assert bits(result) == bits(metric_of(PAIRS).compute("hungarian"))
    assert set(result) == {
        *("mean_iou", "boundary_mean_iou", "per_category_iou", "per_category_boundary_iou"),
        *(f"{kind}_{size}" for kind in ("mean_iou", "boundary_mean_iou") for size in ("s", "ms", "ml", "l")),
        *("image_accuracy", "f_measure", "matching", "num_images"),
        *("matching_open_pairs", "mean_iou_tie_range"),
    }
    json.dumps(result)


def test_everything_in_one_call(metric):
    predictions, references = np.stack([p for p, _ in PAIRS]), np.stack([g for _, g in PAIRS])
    result = metric.compute(predictions=predictions, references=references, num_classes=4, matching="pixel")
    assert bits(result) == bits(metric_of(PAIRS).compute("pixel"))


def test_every_form_of_a_mask(metric, tmp_path):
    shapes = forms([[0, 1, 1], [2, 3, 1]], tmp_path)
    metric.add_batch(predictions=list(shapes.values()), references=list(shapes.values())[::-1])
    assert metric.compute(num_classes=3)["mean_iou"] == 1.0


def test_nothing_but_counts_is_written(metric, tmp_path):
    mask = np.zeros((1000, 1000), int)
    mask[500:] = 3
    metric.writer_batch_size = 1
    for _ in range(20):
        metric.add(prediction=mask, reference=mask)
    written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert 0 < written < 20 * 1024
    assert metric.compute(num_classes=3)["num_images"] == 20
    assert not list(tmp_path.rglob("*.arrow"))


def test_combined(metric, module_path, tmp_path):
    other = evaluate.load(module_path, cache_dir=str(tmp_path))
    both = evaluate.combine({"first": metric, "second": other}, force_prefix=True)
    both.add_batch(predictions=[p for p, _ in PAIRS], references=[g for _, g in PAIRS])
    result = both.compute(num_classes=4, matching="majority")
    expected = metric_of(PAIRS).compute("majority")
    assert result["first_mean_iou"] == result["second_mean_iou"] == expected["mean_iou"]
    assert result["second_f_measure"] == expected["f_measure"]


@pytest.mark.parametrize("processes", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_processes_of_their_own(module_path, tmp_path, processes):
    script = tmp_path / "one_of_several.py"
    script.write_text(
        "import json, sys\n"
        "import evaluate\n"
        "import numpy as np\n"
        "folder, cache, total, rank, output = sys.argv[1:]\n"
        "total, rank = int(total), int(rank)\n"
        "metric = evaluate.load(folder, cache_dir=cache, num_process=total, process_id=rank, experiment_id='run')\n"
        "for i in range(3)[rank::total]:\n"  # with four processes the last one has no image
        "    draw = np.random.default_rng\n"
        "    gt = draw(i + 9).choice([0, 1, 2, 3, 4, 1000], (12, 15))\n"
        "    metric.add(prediction=draw(i).integers(0, 7, (12, 15)), reference=gt, name=str(i))\n"
        "result = metric.compute(num_classes=4, matching='hungarian')\n"
        "assert (result is None) == (rank != 0)\n"
        "assert 'imagenet_s' not in sys.modules\n"
        "if result:\n"
        "    open(output, 'w').write(json.dumps(result))\n"
    )
    arguments = [sys.executable, str(script), module_path, str(tmp_path / "cache"), str(processes)]
    environment = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    evaluate.load(module_path)  # and, below, one process first: copying the module is not what is tested
    running = [
        subprocess.Popen([*arguments, str(rank), str(tmp_path / "result.json")], env=environment, cwd=tmp_path)
        for rank in range(processes)
    ]
    assert [process.wait(100) for process in running] == [0] * processes
    result = json.loads((tmp_path / "result.json").read_text())
    expected = metric_of(PAIRS[:3]).compute("hungarian")
    result["matching"] = {int(k): v for k, v in result["matching"].items()}
    assert bits(result) == bits(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"predictions": [[[1]]], "references": [[[1]], [[1]]]}, "1 predictions, 2 references: expected as many"),
        ({"predictions": [[[1]]], "references": [[[1]]], "names": []}, "and 0 names"),
        ({"predictions": [[[1]]]}, "both"),
        (
            {"predictions": np.zeros((2, 920, 4, 4)), "references": np.zeros((2, 4, 4), int)},
            r"2 x 920 x 4 x 4, as logits",
        ),
        ({"predictions": "mask.png", "references": ["mask.png"]}, "a single str"),
        (
            {"predictions": [np.zeros((9, 4, 4))], "references": [[[1]]], "names": ["cat"]},
            "prediction of cat holds float64",
        ),
        (
            {"predictions": [[[1]]], "references": [[[1, 2]]]},
            r"image 1 \(in the order given\): the prediction is 1 x 1",
        ),
    ],
)
def test_wrong_batches(metric, arguments, message):
    with pytest.raises(ValueError, match=message):
        metric.add_batch(**arguments)
    assert len(metric) == 0


def test_wrong_calls_lose_nothing(metric, monkeypatch):
    monkeypatch.setitem(sys.modules, "munkres", None)
    with pytest.raises(ImportError, match="pip install munkres"):
        metric.compute(num_classes=2, matching="munkres")
    metric.add(prediction=[[1]], reference=[[1]])
    for arguments, message in [
        ({}, "compute needs num_classes"),
        ({"num_classes": 2.5}, "expected whole numbers"),
        ({"num_classes": 2, "matching": "hungry"}, "neither a matching"),
        ({"num_classes": 2, "matching": {"1": 9}}, r"classes 0\.\.2"),
    ]:
        with pytest.raises(ValueError, match=message):
            metric.compute(**arguments)
    assert metric.compute(num_classes=1)["mean_iou"] == 0.5


def test_nothing_added(metric):
    with pytest.raises(ValueError, match="nothing was added"):
        metric.compute(num_classes=2)
    with pytest.raises(ValueError, match="nothing"):
        metric.compute(num_classes=2, predictions=[], references=[])
    with pytest.raises(ValueError, match="both"):
        metric.add(prediction=[[1]])


@pytest.mark.parametrize("in_memory", [False, True])
@pytest.mark.parametrize(
    ("reference", "prediction", "message"),
    [
        ([[9]], [[1]], "id 9 in the reference of cat"),
        ([[1]], [[1000]], "prediction of cat holds 1000"),
        ([[1]], [[7]], "cat"),
    ],
)
def test_a_refused_compute_keeps_what_was_added(module_path, tmp_path, reference, prediction, message, in_memory):
    metric = evaluate.load(module_path, cache_dir=str(tmp_path), keep_in_memory=in_memory)
    metric.add(prediction=[[1]], reference=[[1]], name="dog")
    metric.add(prediction=prediction, reference=reference, name="cat")
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            metric.compute(num_classes=4)
    assert len(metric) == 2
    metric.add(prediction=[[2]], reference=[[2]], name="bird")
    result = metric.compute(num_classes=1000, matching="none", ignore_index=2000)
    assert result["num_images"] == 3
    assert result["per_category_iou"][1] > 0
    assert result["per_category_iou"][2] == 1
    assert not list(tmp_path.rglob("*.arrow"))
    with pytest.raises(ValueError, match="nothing was added"):
        metric.compute(num_classes=4)
    metric.add(prediction=[[1]], reference=[[1]])
    assert metric.compute(num_classes=1)["num_images"] == 1


def test_images_of_a_refused_call_are_given_again(metric):
    batch = {"predictions": [[[60]]], "references": [[[60]]], "names": ["cat"]}
    metric.add(prediction=[[1]], reference=[[1]], name="dog")
    with pytest.raises(ValueError, match="was it made for 300 classes"):
        metric.compute(num_classes=50, **batch)
    assert len(metric) == 1
    assert metric.compute(num_classes=300, **batch)["num_images"] == 2


def test_the_same_name_twice(metric):
    metric.add_batch(predictions=[[[1]]] * 2, references=[[[1]]] * 2, names=["cat"] * 2)
    with pytest.raises(ValueError, match="cat was counted already"):
        metric.compute(num_classes=1)


def test_every_sibling_is_named_where_evaluate_looks(module_path):
    folder = Path(module_path)
    siblings = {path.stem for path in folder.glob("*.py")} - {"__init__", "matched_miou", "app"}
    lines = (folder / "matched_miou.py").read_text().splitlines()
    named = {line.split()[1][1:] for line in lines if line.startswith("from .")}
    assert named == siblings
    assert not [line for line in lines if line.startswith("from .") and ("#" in line or "(" in line)]


def test_ignored_pixels_by_any_id(metric):
    metric.add(prediction=[[1, 1]], reference=[[1, 255]])
    result = metric.compute(num_classes=1, ignore_index=255)
    assert result["per_category_iou"] == [0.0, 1.0]
    assert math.isnan(result["mean_iou_s"])
