"""What is wrong with predictions is reported by file, and nothing is written."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from predicted_masks import IDS, KEYS, prediction, submit

from imagenet_s.conversion.mask_codec import encode_official_png
from imagenet_s.conversion.submission.image_sizes import image_sizes
from imagenet_s.conversion.synthetic import IMAGES

IMAGE_ID = next(one for one in IDS if IMAGES[one].size[0] != IMAGES[one].size[1])
KEY, NAME = KEYS[IMAGE_ID], f"{IMAGE_ID}.png"
SIZE = IMAGES[IMAGE_ID].size


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def constant(value: int, size: tuple[int, int] = SIZE) -> bytes:
    return encode_official_png(np.full(size[::-1], value))


RIGHT = encode_official_png(prediction(IMAGE_ID))
FLIPPED = bytearray(RIGHT)
FLIPPED[len(RIGHT) // 2] ^= 0xFF
CONTENTS = {
    "flipped": (FLIPPED, "unreadable", f"{KEY} is not a readable PNG"),
    "truncated": (RIGHT[:-20], "unreadable", f"{KEY} is not a readable PNG"),
    "empty": (b"", "unreadable", f"{KEY} is not a readable PNG (it is empty)"),
    "grey": (png(Image.new("L", SIZE)), "not RGB", f"{KEY} is an image with 8-bit grey"),
    "16-bit grey": (png(Image.new("I;16", SIZE)), "not RGB", f"{KEY} is 16-bit grey, not RGB"),
    "palette": (png(Image.new("P", SIZE)), "not RGB", f"{KEY} is an image with a palette"),
    "another id": (constant(51), "ids", f"mask id 51 in {KEY}: ImageNet-S-50 has 0..50"),
    "ignored": (constant(1000), "ids", f"{KEY} holds 1000"),
    "blue": (png(Image.new("RGB", SIZE, (1, 0, 9))), "ids", f"{KEY} has values in its blue channel"),
    "another size": (constant(0, SIZE[::-1]), "size", f"{KEY} is"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_contents(name: str, predictions: Path, annotations: Path, miniature: Callable[[str], Path]) -> None:
    content, kind, message = CONTENTS[name]
    (predictions / KEY).write_bytes(content)
    sizes = image_sizes("50", "test", miniature("folders"), annotations, verify=False)
    (problem,) = submit(predictions, annotations, sizes=sizes).problems
    assert problem.kind == kind
    assert problem.message.startswith(message)
    assert os.listdir(predictions.parent) == ["predictions"], "no zip, no temporary file"


@pytest.mark.parametrize(
    ("target", "kind", "message"),
    [
        (None, "missing", f"{KEY} is missing"),
        (f"n02099601/{NAME}", "folder", f"n02099601/{NAME} belongs to {KEY}"),
    ],
)
def test_names(target: str | None, kind: str, message: str, predictions: Path, annotations: Path) -> None:
    (predictions / KEY).unlink()
    if target:
        (predictions / target).parent.mkdir(exist_ok=True)
        (predictions / target).write_bytes(RIGHT)
    (problem,) = submit(predictions, annotations).problems
    assert (problem.kind, problem.message) == (kind, message)


def test_all_problems_are_listed(predictions: Path, annotations: Path, tmp_path: Path) -> None:
    (tmp_path / "out.zip").write_bytes(b"an earlier one")
    (predictions / KEYS[IDS[0]]).unlink()
    for image_id, name in zip(IDS[1:], ("grey", "another id", "empty")):
        (predictions / KEYS[image_id]).write_bytes(CONTENTS[name][0])
    (predictions / KEYS[IDS[4]]).with_name("ILSVRC2012_val_00000001.png").write_bytes(RIGHT)
    (predictions / "notes.txt").write_text("mine")
    problems = submit(predictions, annotations).problems
    kinds = ["extra", "extra", "ids", "missing", "not RGB", "unreadable"]
    assert sorted(problem.kind for problem in problems) == kinds
    assert "notes.txt is no prediction of the list" in {problem.message for problem in problems}
    assert (tmp_path / "out.zip").read_bytes() == b"an earlier one"
