"""docs/training-loops.md, docs/shards.md and the Trainer's example on two ranks: the figures of one process."""

import json
import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from page_code import blocks_of, prepared

import imagenet_s
from imagenet_s.metrics import MatchedIoU

pytest.importorskip("torchvision")
pytestmark = pytest.mark.vision

import torch  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(imagenet_s.__file__).parent
BLOCKS = {
    page: [block for block in blocks_of(ROOT / "docs" / page) if block.language == "python"]
    for page in ("training-loops.md", "shards.md")
}
BEGINNING = "squash = joint("
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
LAUNCH = [
    sys.executable,
    "-m",
    "accelerate.commands.launch",
    "--cpu",
    "--num_processes",
    "2",
    "--main_process_port",
    "0",
]


def code_of(page: str, with_text: str) -> str:
    """The one block that holds a text."""
    [code] = [block.code for block in BLOCKS[page] if with_text in block.code]
    return code


def run(command: list[str], folder: Path) -> str:
    environment = {
        **os.environ,
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": os.pathsep.join([str(PACKAGE), os.environ.get("PYTHONPATH", "")]),
        "IMAGENET_S_ANNOTATIONS_DIR": str(folder / "annotations"),
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1",
    }
    options: dict[str, Any] = {"cwd": folder, "env": environment, "text": True, "start_new_session": True}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) as process:
        try:
            printed, complained = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:  # a rank that waits for another one
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 0, complained[-4000:]
    return printed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the miniature in `imagenet` and `annotations`, seven images of it being scored."""
    folder = tmp_path_factory.mktemp("ranks")
    with prepared(folder):
        pass
    return folder


@pytest.fixture(scope="module")
def alone(folder: Path) -> dict[str, float]:
    """The figures of one process, image by image, by the NumPy metric."""
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(folder / "annotations"))
        exec(beginning(), names)
        metric = MatchedIoU(50)
        for row in names["validation"]:
            with torch.no_grad():
                ids = names["model"](row["image"][None]).argmax(1)  # of the size of the mask
            metric.update(ids[0], row["annotation"])
    return metric.compute()


def beginning() -> str:
    """With the odd number of images that two ranks share unequally."""
    code = code_of("training-loops.md", BEGINNING)
    code = code.replace('data_dir="/data/imagenet"', 'data_dir="imagenet", verify=False')
    before = "validation = validation.select_columns"
    assert before in code
    code = code.replace(before, "validation = validation.select(range(7))\n" + before)
    return code + "model.bias.data[0] += 0.6  # some pixels are `other`, and so right\n"


@pytest.mark.parametrize(
    ("command", "text"),
    [
        pytest.param(TORCHRUN, "dist.init_process_group", id="torchrun"),
        pytest.param(LAUNCH, "accelerator.prepare", id="accelerate"),
        pytest.param([sys.executable], "LightningModule", id="lightning"),
    ],
)
def test_two_ranks_are_one(folder: Path, alone: dict[str, float], command: list[str], text: str) -> None:
    if text == "LightningModule":
        pytest.importorskip("lightning")
    script = folder / "validate.py"
    write = (
        'import json\nif int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", 0))) == 0:\n'
        '    open("figures.json", "w").write(json.dumps(figures))\n'
    )
    script.write_text(f"{beginning()}\n{code_of('training-loops.md', text)}\n{write}")
    run([*command, str(script)], folder)
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["num_images"] == alone["num_images"] == 7
    expected = {name: torch.tensor(float(alone[name])).item() for name in figures}
    assert repr(figures) == repr(expected), "to the last bit of float32"
    assert 0 < figures["mean_iou"] < figures["f_measure"]


def test_the_trainer_on_two_ranks(folder: Path) -> None:
    """Without a GPU and without a word about it: one model, losses that are means, each image once."""
    script = str(ROOT / "examples" / "finetune_segformer.py")
    data = ["--data-dir", "imagenet", "--annotations-dir", "annotations", "--no-verify", "--size", "32"]
    printed = run([*TORCHRUN, script, *data, "--num-workers", "1", "--output", "two"], folder)
    losses = re.findall(r"'(?:eval|train)_loss': '?([\d.]+)", printed)
    # A model that knows nothing of 51 classes; the Trainer would multiply by 2.
    assert [float(loss) for loss in losses] == pytest.approx([math.log(51)] * 2, rel=0.1)
    assert re.findall(r"'eval_num_images': '?(\d+)", printed) == ["9"], "one process prints, and nothing counts twice"
    assert len(list((folder / "two" / "predictions").glob("n*/*.png"))) == 9


@pytest.fixture(scope="module")
def shards(folder: Path) -> Path:
    """The folder with the miniature's train in `out`, in shards of few rows."""
    from imagenet_s.conversion.shards import Options, convert

    options = Options(splits=("train",), verify=False, max_shard_size="15KB")
    convert(folder / "imagenet", folder / "out", "919", folder / "annotations", options)
    return folder


def share_of(rank: int) -> dict[str, Any]:
    """The names that docs/shards.md has defined when a rank of two has its part of the stream."""
    names: dict[str, Any] = {"rank": rank, "world_size": 2}
    exec("from datasets import load_dataset\n" + code_of("shards.md", "mine = split_dataset_by_node(train"), names)
    return names


def test_equal_steps(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shards)
    code = code_of("shards.md", "islice(")
    assert code.count("    ...\n") == 1
    rows, steps = [], []
    for rank in range(2):
        names = share_of(rank) | {"made": []}
        rows.append(len(list(names["mine"].select_columns(["image_id"]))))
        exec(code.replace("    ...\n", "    made.append(batch)\n"), names)
        steps.append(len(names["made"]))
    assert rows[0] != rows[1], "else nothing is to be mended here"
    assert steps == [sum(rows) // 8] * 2


@pytest.mark.parametrize("rank", [0, 1])
def test_stop_and_resume(rank: int, shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchdata")
    monkeypatch.chdir(shards)
    names = share_of(rank)
    exec(code_of("shards.md", "StatefulDataLoader"), names)
    whole = [row["image_id"] for batch in names["loader_of"](3) for row in batch]
    # Three batches were trained on before the state was saved.
    assert names["remaining"] == whole[12:]
    assert len(whole) == len(set(whole)) > 24
    other = [row["image_id"] for batch in names["loader_of"](4) for row in batch]
    assert other[:12] != whole[:12], "an order of its own"
