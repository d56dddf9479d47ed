"""What is wrong with predictions is reported by file, and nothing is written."""

import io
import os
import random
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from predicted_masks import IDS, KEYS, prediction, submit

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.masks.codec import encode_official_png
from imagenet_s.conversion.submission.image_sizes import image_sizes
from imagenet_s.conversion.submission.submission_zip import check_submission
from imagenet_s.conversion.synthetic import IMAGES

IMAGE_ID = next(image_id for image_id in IDS if IMAGES[image_id].size[0] != IMAGES[image_id].size[1])
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


@pytest.mark.parametrize("ending", [".PNG", ".npy"])
def test_other_files_than_predictions_are_named(ending: str, predictions: Path, annotations: Path) -> None:
    for path in list(predictions.rglob("*.png")):
        path.rename(path.with_suffix(ending))
    with pytest.raises(
        ImageNetSError, match=rf"holds no predictions \(it holds n\d+/\w+\{ending}, .* more\): expected"
    ):
        submit(predictions, annotations)


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


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_zip(compression: int, predictions: Path, annotations: Path, tmp_path: Path) -> None:
    """Wherever it is damaged: problems, or one error that names the zip; never an exception of a library."""
    submit(predictions, annotations)
    with zipfile.ZipFile(tmp_path / "out.zip") as good, zipfile.ZipFile(tmp_path / "x.zip", "w", compression) as packed:
        for name in good.namelist():
            packed.writestr(name, good.read(name))
    intact, damage = (tmp_path / "x.zip").read_bytes(), random.Random(compression)
    ends, errors = Counter(), []
    for _ in range(100):
        data = bytearray(intact)
        for _ in range(damage.randint(1, 8)):
            start = damage.choice([0, len(data) - 1500])  # anywhere, or in the directory at the end
            data[damage.randrange(start, len(data))] = damage.randrange(256)
        path = tmp_path / "damaged.zip"
        path.write_bytes(data[: damage.choice([len(data), damage.randrange(len(data))])])
        try:
            ends[bool(check_submission(path, "50", annotations_dir=annotations, verify=False).problems)] += 1
        except ImageNetSError as error:
            errors.append(str(error))
    assert ends[True] > 10
    assert len(errors) > 10
    assert all("damaged.zip" in error for error in errors)


def test_a_png_that_claims_to_be_huge(predictions: Path, annotations: Path) -> None:
    """A hundred bytes whose header says 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"x")), (b"IEND", b"")]
    data = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    (predictions / KEY).write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    (problem,) = submit(predictions, annotations).problems
    assert (problem.kind, problem.name) == ("unreadable", KEY)
