"""The metric that docs/mmsegmentation.md shows, in MMEngine itself."""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mmengine")
pytestmark = pytest.mark.torch
ROOT = Path(__file__).resolve().parents[2]

RUN = """
import json, sys
import numpy as np
import torch
import torch.distributed as dist
from mmengine.evaluator import Evaluator
from mmengine.structures import BaseDataElement, PixelData

rank, world, port = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if world > 1:
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=world)
data = np.load(sys.argv[4])
number = len(data["gt"])
evaluator = Evaluator([dict(type="ImageNetSMetric", num_classes=5)])
# As a distributed sampler hands them out: every process has as many, so the first image is repeated.
for i in range(rank, number + (-number) % world, world):
    ids, target = (torch.from_numpy(data[name][i % number])[None] for name in ("pred", "gt"))
    sample = BaseDataElement(pred_sem_seg=PixelData(data=ids), gt_sem_seg=PixelData(data=target))
    evaluator.process(data_samples=[sample], data_batch=None)
figures = evaluator.evaluate(number)
if rank == 0:
    print(json.dumps(figures))
if world > 1:  # threads of gloo that outlive the interpreter abort the process
    dist.destroy_process_group()
"""


def adapter() -> str:
    text = (ROOT / "docs" / "mmsegmentation.md").read_text(encoding="utf-8")
    return next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "BaseMetric" in block)


@pytest.mark.parametrize("world", [1, 2])
def test_the_documented_metric(tmp_path, world):
    from imagenet_s.metrics import HEADLINES, MatchedIoU

    generator = np.random.default_rng(0)
    gt = np.kron(generator.choice([0, 1, 2, 3, 4, 5, 1000], (5, 6, 7)), np.ones((1, 4, 5), np.int64))
    pred = np.kron(generator.integers(0, 6, (5, 8, 5)), np.ones((1, 3, 7), np.int64))
    np.savez(tmp_path / "masks.npz", gt=gt, pred=pred)
    (tmp_path / "run.py").write_text(adapter() + RUN)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ranks = [
        subprocess.Popen(
            [sys.executable, "run.py", str(rank), str(world), port, str(tmp_path / "masks.npz")],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(world)
    ]
    printed = [process.communicate(timeout=300) for process in ranks]
    assert [process.returncode for process in ranks] == [0] * world, printed
    expected = MatchedIoU(5)
    for pair in zip(pred, gt):
        expected.update(*pair)
    figures = expected.compute("none")
    result = json.loads(printed[0][0].splitlines()[-1])
    assert result == {f"imagenet_s/{name}": pytest.approx(100 * figures[name], nan_ok=True) for name in HEADLINES}
