"""`imagenet-s distance-match`, start to end on the miniature; what comes out is scored and submitted."""

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from brute_distance import brute_embeddings, brute_labels
from PIL import Image

pytest.importorskip("torch")

from imagenet_s.cli.main import main
from imagenet_s.conversion.masks.codec import decode_mask
from imagenet_s.conversion.synthetic import images_of, mask_ids
from imagenet_s.conversion.synthetic.expected import rgb_pixels
from imagenet_s.metrics.distance_matching import upsample
from imagenet_s.metrics.distance_matching.image_batches import target_size

pytestmark = pytest.mark.torch

Layouts = Callable[[str], Path]
COLOURS = '''
import torch


def colours(batch):
    """The mean colour of squares of 4 x 4, and a constant."""
    means = torch.nn.functional.avg_pool2d(batch, 4)
    return torch.cat([means, torch.ones_like(means[:, :1])], 1)


def wrong(batch):
    return batch.mean((2, 3))


class Conv(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = torch.nn.Conv2d(3, 8, 4, 4)

    def forward(self, batch):
        return self.conv(batch)


conv = Conv()
'''
K, TEMPERATURE = 10, 0.07


@pytest.fixture
def imagenet(request: pytest.FixtureRequest, miniature: Layouts, tmp_path: Path) -> Path:
    """The miniature; or a copy without an image, which the test names."""
    gone = getattr(request, "param", None)
    if gone is None:
        return miniature("folders")
    source = shutil.copytree(miniature("folders"), tmp_path / "imagenet")
    next(source.rglob(f"{gone}.JPEG")).unlink()
    return source


@pytest.fixture
def run(imagenet: Path, annotations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command with the miniature's usual arguments, in a folder that holds colour_backbone.py."""
    (tmp_path / "colour_backbone.py").write_text(COLOURS)
    monkeypatch.chdir(tmp_path)
    options = ["--annotations-dir", str(annotations), "--no-verify", "--config", "50", "--workers", "0", "--size", "64"]

    def command(output: Path, *more: str, backbone: str = "colour_backbone:colours") -> int:
        return main(["distance-match", str(imagenet), str(output), "--backbone", backbone, *options, *more])

    return command


def brute_force(image_id: str) -> np.ndarray:
    """The protocol in NumPy loops, for the colour features: bank, then every pixel of one image."""
    import torch

    def features(image_id: str) -> np.ndarray:
        image = Image.fromarray(rgb_pixels(image_id))
        small = np.asarray(image.resize(target_size(image.size, 64), Image.Resampling.BILINEAR), np.float64) / 255
        small = (small - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        h, w = small.shape[0] // 4, small.shape[1] // 4
        means = small[: h * 4, : w * 4].reshape(h, 4, w, 4, 3).mean((1, 3))
        with_ones = np.concatenate([means, np.ones((h, w, 1))], 2).transpose(2, 0, 1)
        return upsample(torch.from_numpy(with_ones), 4).numpy()

    bank, ids = [], []
    for image in images_of("50", "train_semi"):
        embeddings = brute_embeddings(features(image.image_id), mask_ids(image, "50"))
        bank += embeddings.values()
        ids += embeddings
    labels = brute_labels(features(image_id), np.array(bank), ids, K, TEMPERATURE)
    height, width = rgb_pixels(image_id).shape[:2]
    return labels[np.arange(height)[:, None] * labels.shape[0] // height, np.arange(width) * labels.shape[1] // width]


def test_start_to_end(
    run: Callable[..., int],
    miniature: Layouts,
    annotations: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    assert run(out, "--splits", "validation", "test") == 0
    assert sorted(path.name for path in out.iterdir()) == ["embeddings.npz", "test", "validation"]
    capsys.readouterr()
    gt = miniature("tree-50") / "ImageNetS50" / "validation-segmentation"
    common = ["--config", "50", "--json", "-"]
    assert main(["evaluate", "--predict-dir", str(out / "validation"), "--gt-dir", str(gt), *common]) == 0
    scored = json.loads(capsys.readouterr().out)
    assert scored["num_images"] == len(images_of("50", "validation"))
    assert scored["mean_iou"] > 0.02, "colours tell the miniature's classes apart a little"
    where = ["--annotations-dir", str(annotations), "--no-verify", "--imagenet", str(miniature("folders"))]
    submit = ["submit", str(out / "test"), str(tmp_path / "out.zip"), "--protocol", "distance", *common, *where]
    assert main(submit) == 0
    checked = json.loads(capsys.readouterr().out)
    assert checked["problems"] == []
    assert checked["sizes_checked"] == len(images_of("50", "test"))


def test_next_steps(run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every printed line is run as it is; the folder of this test is the current one."""
    assert run(Path("it's out"), "--splits", "validation", "test") == 0
    score, pack = capsys.readouterr().err.strip().splitlines()[-2:]
    assert main(shlex.split(score.removeprefix("Score it: "))[1:]) == 0
    assert f"{len(images_of('50', 'validation'))} images, ImageNet-S-50" in capsys.readouterr().out
    assert main(shlex.split(pack.removeprefix("Pack it: "))[1:]) == 0
    assert (tmp_path / "OUT.zip").is_file()
    assert "not checked" not in capsys.readouterr().err


@pytest.mark.parametrize("imagenet", ["ILSVRC2012_val_00000206"], indirect=True)
def test_the_next_step_leaves_out_the_same_images(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Path("out"), "--on-missing", "skip") == 0
    score = capsys.readouterr().err.strip().splitlines()[-1]
    assert main(shlex.split(score.removeprefix("Score it: "))[1:]) == 0
    assert "8 of 9 images, ImageNet-S-50" in capsys.readouterr().out


def test_as_the_protocol_says(run: Callable[..., int], tmp_path: Path) -> None:
    """Against loops; a pixel may differ where float32 decides a tie."""
    assert run(tmp_path / "out") == 0
    for image in images_of("50", "validation")[:2]:
        got = decode_mask(tmp_path / "out" / "validation" / image.class_wnid / f"{image.image_id}.png")
        want = brute_force(image.image_id)
        assert got.shape == want.shape
        assert (got != want).mean() < 0.002


def test_again_and_after_an_interruption(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(out) == 0
    written = {path: path.read_bytes() for path in out.rglob("*.png")}
    gone = sorted(written)[3]
    gone.unlink()
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    assert run(out, "--batch-size", "1") == 0
    assert f"{len(written)} predictions, 1 of them new" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in out.rglob("*.png")} == written
    assert {path: path.stat().st_mtime_ns for path in times} == times, "embeddings included"


def test_damaged_embeddings_are_named(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is damaged: one message, no prediction is touched."""
    out = tmp_path / "out"
    assert run(out) == 0
    path = out / "embeddings.npz"
    sound = path.read_bytes()
    with np.load(path) as stored:
        arrays = dict(stored)
    written = {path: path.read_bytes() for path in out.rglob("*.png")}
    damaged = [b"", sound[:1000], sound[:-200], sound[:300] + b"x" + sound[301:]]
    for change in ({"made_with": "[]"}, {"made_with": "{"}, {"ids": arrays["ids"][1:]}, {"ids": arrays["ids"] + 0.5}):
        file = io.BytesIO()
        np.savez(file, **{**arrays, **change})
        damaged.append(file.getvalue())
    for data in damaged:
        path.write_bytes(data)
        assert run(out) == 1
        (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
        assert f"{path} holds no embeddings of distance-match (" in line
        assert path.read_bytes() == data
    assert {path: path.read_bytes() for path in out.rglob("*.png")} == written


def test_no_progress_bars_into_pipes(imagenet: Path, annotations: Path, tmp_path: Path) -> None:
    """Neither our own nor those of datasets, which builds two splits here."""
    (tmp_path / "colour_backbone.py").write_text(COLOURS)
    options = ["--annotations-dir", str(annotations), "--no-verify", "--config", "50", "--workers", "0", "--size", "64"]
    command = ["distance-match", str(imagenet), "out", "--backbone", "colour_backbone:colours", *options]
    environment = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    arguments = [sys.executable, "-m", "imagenet_s.cli.main", *command]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    (line,) = done.stderr.splitlines()
    assert line.startswith("Score it: ")
    assert "\r" not in done.stderr


def test_another_backbone_needs_another_output(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(out) == 0
    assert run(out, backbone="colour_backbone:conv") == 1
    assert "was begun with backbone colour_backbone:colours" in capsys.readouterr().err
    assert run(out, "-k", "3") == 1
    assert "k 10 and now 3" in capsys.readouterr().err
    (tmp_path / "full" / "validation").mkdir(parents=True)
    assert run(tmp_path / "full") == 1
    assert "holds validation, and no embeddings.npz says" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("backbone", "text"),
    [
        ("no_such_module:f", "there is no module no_such_module"),
        ("colour_backbone:absent", "has no callable 'absent'"),
        ("colour_backbone:wrong", "expected a tensor B x D x h x w"),
    ],
)
def test_what_is_no_backbone(
    backbone: str, text: str, run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "out", backbone=backbone) == 1
    assert text in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [["--temperature", "0"], ["--temperature", "nan"]])
def test_wrong_settings_leave_nothing(
    wrong: list[str], run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They would be recorded beside the embeddings, and the right ones refused as others."""
    assert run(tmp_path / "out", *wrong) == 1
    assert "expected numbers above 0" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_train_is_not_predicted(run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "out", "--splits", "train") == 1
    assert "validation (the default) and test are predicted" in capsys.readouterr().err


TINY = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.mark.parametrize("kind", ["vit", "dinov2", "dinov2_with_registers", "resnet", "swin", "convnext"])
def test_models_of_transformers(kind: str, run: Callable[..., int], tmp_path: Path) -> None:
    import torch
    import transformers

    from imagenet_s.metrics.distance_matching.backbone import open_backbone

    torch.manual_seed(0)
    configs = {
        "vit": lambda: transformers.ViTConfig(image_size=32, patch_size=8, **TINY),
        "dinov2": lambda: transformers.Dinov2Config(image_size=28, patch_size=14, **TINY),
        "dinov2_with_registers": lambda: transformers.Dinov2WithRegistersConfig(image_size=28, patch_size=14, **TINY),
        "resnet": lambda: transformers.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"
        ),
        "swin": lambda: transformers.SwinConfig(
            image_size=64, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4
        ),
        "convnext": lambda: transformers.ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2),
    }
    strides = {"vit": 8, "dinov2": 14, "dinov2_with_registers": 14, "resnet": 8, "swin": 8, "convnext": 8}
    folder = tmp_path / kind
    transformers.AutoModel.from_config(configs[kind]()).save_pretrained(folder)
    backbone = open_backbone(str(folder), torch.device("cpu"))
    side = strides[kind]
    with torch.inference_mode():
        image = torch.rand(1, 3, 6 * side, 4 * side)
        features = backbone.features(image)
        assert features.shape[2:] == (6, 4)
        # Rows are rows: only the features near a change in the image change most.
        changed = image.clone()
        changed[:, :, : 2 * side, :] = 5.0
        moved = (backbone.features(changed) - features).abs().mean(1)[0]
        assert moved[:1].mean() > moved[4:].mean()
    assert open_backbone(str(folder), torch.device("cpu")).identity == backbone.identity
    assert run(tmp_path / "out", backbone=str(folder)) == 0
    assert len(list((tmp_path / "out" / "validation").rglob("*.png"))) == len(images_of("50", "validation"))
