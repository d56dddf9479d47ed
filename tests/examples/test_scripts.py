"""Every example runs, as a person would run it, on the miniature it makes for itself."""

import ast
import functools
import importlib
import os
import pickle
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import build_parser, main
from imagenet_s.conversion.facts import COMPOSITE_KINDS
from imagenet_s.conversion.synthetic import expected_rows
from imagenet_s.metrics import Localization, ObjectReliance, compare

EXAMPLES = Path(imagenet_s.__file__).with_name("examples")
SCRIPTS = {path.name for path in EXAMPLES.glob("*.py")} - {"miniature.py"}


def run(script: str, *arguments: str, cwd: Path, home: Path | None = None, code: int = 0) -> str:
    """What it prints; what it complains of where another exit code than 0 is expected."""
    home = home or cwd
    environment = {**os.environ, "HF_HOME": str(home / "hf"), "HF_HUB_OFFLINE": "1", "TMPDIR": str(home)}
    command = [sys.executable, str(EXAMPLES / script), *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "copy construct" not in done.stderr
    assert not list(home.glob("imagenet-s-*")), "temporary folders are removed"
    return done.stderr if code else done.stdout


def test_cluster_pixels(tmp_path: Path) -> None:
    printed = run("cluster_pixels.py", "--clusters", "60", cwd=tmp_path)
    assert printed.startswith("9 images, 60 clusters, 50 classes")
    figures = dict(re.findall(r"^(\w+) +(\d+\.\d\d) ", printed, re.MULTILINE))
    assert set(figures) == {"hungarian", "pixel", "majority"}, "more clusters than classes: ids can't be classes"
    assert float(figures["majority"]) > 0


def test_score_saliency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("score_saliency.py", "--thresholds", "0", "mean", "--save", "my scores", cwd=tmp_path)
    assert printed.startswith("9 images")
    lines = {line.split()[0]: line.split() for line in printed.splitlines()[2:-1]}
    assert lines["iou_at_0"][1] == lines["iou_at_0"][2], "the threshold 0 picks everything, whatever the map"
    assert 0 < float(lines["average_precision"][1]) <= 100
    a, b = (Localization.load(tmp_path / "my scores" / f"{name}.npz") for name in ("contrast", "center"))
    expected = 100 * compare(a, b, "average_precision")["difference"]
    assert f"{expected:+.2f}" in lines["average_precision"][3]
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(printed.splitlines()[-1])[1:]) == 0, "the last line runs as it is"
    assert "average_precision" in capsys.readouterr().out


def test_a_miniature_of_ones_own(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    """The error of a list that is not the official one names an option that scripts have."""
    arguments = ["--images", "3", "--data-dir", str(miniature("folders")), "--annotations-dir", str(annotations)]
    complaint = run("score_saliency.py", *arguments, cwd=tmp_path, code=1)
    assert complaint.splitlines()[-1].startswith("score_saliency.py: ")  # an old Hub client warns first
    assert "--no-verify" in complaint
    assert "Traceback" not in complaint
    assert run("score_saliency.py", *arguments, "--no-verify", cwd=tmp_path).startswith("3 images")


def test_all_scripts_read_data_alike() -> None:
    for script in SCRIPTS:
        code = (EXAMPLES / script).read_text(encoding="utf-8")
        for call in ("data_parser(__doc__)", "data_options(args", "    run(main)\n"):
            assert call in code, script


@pytest.mark.slow
@pytest.mark.parametrize("script", ["cluster_pixels.py", "score_saliency.py"])
def test_what_is_left_out_is_said(script: str, tmp_path: Path) -> None:
    message = "the first ones only; --images N takes more"
    printed = run(script, "--images", "3", cwd=tmp_path)
    assert printed.startswith("3 images")
    assert message in printed
    assert message not in run(script, "--images", "9", cwd=tmp_path), "there are no more than nine"


@pytest.mark.parametrize(("script", "default"), [("cluster_pixels.py", 500), ("score_saliency.py", 1000)])
def test_help_names_how_many_are_scored(script: str, default: int, tmp_path: Path) -> None:
    assert re.search(rf"--images IMAGES +how many [^(]*\(default:\s+{default}\)", run(script, "--help", cwd=tmp_path))


@pytest.mark.vision
def test_linear_probe(tmp_path: Path) -> None:
    printed = run("linear_probe.py", "--size", "64", "--epochs", "8", cwd=tmp_path)
    losses = [float(loss) for loss in re.findall(r"^epoch \d: loss (\d+\.\d+)$", printed, re.MULTILINE)]
    assert len(losses) == 8
    assert losses[-1] < losses[0], "the layer learns"
    assert re.search(r"^mIoU \d+\.\d\d %, Acc \d+\.\d\d % of 9 images$", printed, re.MULTILINE)


@pytest.mark.vision
def test_finetune_segformer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run("finetune_segformer.py", "--size", "32", "--output", "out", cwd=tmp_path)
    for figure in ("eval_mean_iou", "eval_boundary_mean_iou", "eval_f_measure", "eval_image_accuracy"):
        assert figure in printed
    assert (tmp_path / "out" / "model.safetensors").is_file()
    assert len(list((tmp_path / "out" / "predictions").glob("n*/ILSVRC2012_val_*.png"))) == 9
    assert '"other": 0' in (tmp_path / "out" / "config.json").read_text()
    assert not (tmp_path / "segformer-imagenet-s").exists(), "nothing is written beside what is named"
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert main(shlex.split(printed.splitlines()[-1])[1:]) == 0, "the last line runs as it is"
    assert "mIoU" in capsys.readouterr().out


@pytest.mark.vision
def test_finetune_segformer_reads_in_spawned_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS and Windows, and with forkserver in Python 3.14: what a worker gets is pickled."""
    pytest.importorskip("torchvision")
    from torchvision.transforms import v2

    from imagenet_s.conversion.transforms import joint

    monkeypatch.syspath_prepend(str(EXAMPLES))
    inputs_of = importlib.import_module("finetune_segformer").inputs_of
    transform = pickle.loads(pickle.dumps(functools.partial(inputs_of, joint(v2.Resize((8, 8))))))
    made = transform({"image": [Image.new("RGB", (9, 9))], "annotation": [Image.new("I;16", (9, 9))]})
    assert [made["pixel_values"][0].shape, made["labels"][0].shape] == [(3, 8, 8), (8, 8)]


@pytest.mark.vision
def test_finetune_segformer_without_output(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    printed = run("finetune_segformer.py", "--size", "32", cwd=tmp_path / "here", home=tmp_path / "home")
    assert list((tmp_path / "here").iterdir()) == []
    assert not list((tmp_path / "home").glob("imagenet-s*"))
    assert "9 predictions" in printed.splitlines()[-1]


@pytest.mark.torch
def test_stream_shards_reads_what_the_printed_command_writes(
    miniature: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = shutil.copytree(miniature("folders"), tmp_path / "it's mine")
    message = run("stream_shards.py", "--data-dir", str(data_dir), cwd=tmp_path, code=2)
    words = shlex.split(re.findall("`(imagenet-s convert .*?)`", message)[0])
    parsed = build_parser().parse_args(words[1:])
    assert (parsed.imagenet, parsed.splits) == (str(data_dir), ["train"])
    monkeypatch.chdir(tmp_path)
    assert main([*words[1:], "--no-verify", "--max-shard-size", "40KB"]) == 0, "with what a miniature needs"
    printed = run("stream_shards.py", "--shards", "OUT", cwd=tmp_path)
    assert printed.startswith("rank 0 of 1: ")
    before, after, different = map(int, re.findall(r"\d+", printed.splitlines()[-1]))
    assert different == before + after == len(expected_rows("50", "train"))


@pytest.mark.torch
def test_stream_shards(tmp_path: Path) -> None:
    printed = run("stream_shards.py", "--num-workers", "2", cwd=tmp_path)
    assert printed.count("torch.uint8") == 4
    before, after, different = map(int, re.findall(r"\d+", printed.splitlines()[-1]))
    assert before == 16
    assert different == before + after


@pytest.mark.torch
def test_region_zero_shot(tmp_path: Path) -> None:
    printed = run("region_zero_shot.py", "--batch-size", "4", cwd=tmp_path)
    assert printed.startswith("9 regions, 50 classes")
    rows = re.findall(r"^(\w+) +(\d+\.\d\d) +(\d+\.\d\d)$", printed, re.MULTILINE)
    assert [name for name, _, _ in rows] == ["alpha", "crop", "blur", "whole"]
    assert all(0 <= float(top1) <= float(top5) <= 100 for _, top1, top5 in rows)


@pytest.mark.torch
def test_object_reliance(tmp_path: Path) -> None:
    printed = run("object_reliance.py", "--save", "a.npz", "--report", "page.html", "--workers", "1", cwd=tmp_path)
    assert printed.startswith("9 images, 5 classes; percent, and 95 % intervals")
    rows = re.findall(r"^(\w+) +([+-]?\d+\.\d\d) \(.*\) +(?:\d+\.\d\d +)?(\d+)$", printed, re.MULTILINE)
    figures = {name: (float(value), int(images)) for name, value, images in rows}
    assert {*COMPOSITE_KINDS, "background_gap", "object_only_drop", "flipped"} == set(figures)
    assert figures["original"][0] > 50, "the network learns its images"
    assert figures["mixed_same"][1] == 8, "of a class with one image"
    saved = ObjectReliance.load(tmp_path / "a.npz")
    assert figures["background_gap"][0] == round(100 * saved.compute()["background_gap"], 2)
    assert saved.record["options"] == {"split": "validation", "fill": "mean, of partners tile", "seed": 0}
    assert "Images that flip" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.vision
def test_object_reliance_of_classifiers_from_timm_and_transformers(
    miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    """Small networks with random weights, from folders as both libraries write them."""
    import timm
    import torch
    from transformers import ConvNextImageProcessor, ResNetConfig, ResNetForImageClassification, pipeline

    torch.manual_seed(0)
    theirs, ours = str(tmp_path / "transformers"), str(tmp_path / "timm")
    config = ResNetConfig(num_labels=1000, embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    ResNetForImageClassification(config).save_pretrained(theirs)
    ConvNextImageProcessor(size={"shortest_edge": 224}).save_pretrained(theirs)
    timm.models.save_for_hf(timm.create_model("mobilenetv3_small_050"), ours)
    answers = {}
    for name in (theirs, f"timm:local-dir:{ours}"):
        printed = run("object_reliance.py", "--model", name, "--kinds", "original", "--save", "a.npz", cwd=tmp_path)
        assert printed.startswith("9 images, 5 classes")
        answers[name] = ObjectReliance.load(tmp_path / "a.npz").per_image()
        assert len(set(answers[name]["rank_original"])) > 1
    rows = imagenet_s.load_dataset(
        "50", split="validation", data_dir=miniature("folders"), annotations_dir=annotations, verify=False
    )
    images = {row["image_id"]: row["image"] for row in rows}
    classify = pipeline("image-classification", theirs, top_k=1)
    labels = [classify(images[name].convert("RGB"))[0]["label"] for name in answers[theirs]["name"]]
    assert [f"LABEL_{answer}" for answer in answers[theirs]["answer_original"]] == labels


def test_all_of_them_are_run_and_listed() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    assert {name for name in SCRIPTS if f'run("{name}"' in here} == SCRIPTS
    assert set(re.findall(r"\[`(\w+\.py)`\]", (EXAMPLES / "README.md").read_text(encoding="utf-8"))) == SCRIPTS


def test_every_option_is_explained() -> None:
    """Read and not run: most scripts need libraries that are optional."""
    options = [
        (path.name, ast.unparse(node.args[0]), {keyword.arg for keyword in node.keywords})
        for path in EXAMPLES.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument"
    ]
    assert len(options) > 20
    assert [option for option in options if "help" not in option[2]] == []
