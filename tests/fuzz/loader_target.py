"""Datasets of any items for check-loader: each ends in a report, or is refused by one clear error."""

import functools
import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from judge import Target
from PIL import Image

from imagenet_s.conversion.core.errors import printable
from imagenet_s.conversion.loader_check import FAULTS, check_loader
from imagenet_s.conversion.masks.codec import encode_official_png
from imagenet_s.conversion.synthetic import images_of, mask_ids

_DTYPES = (
    "uint8",
    "uint16",
    "int16",
    "int64",
    "uint64",
    "bool",
    "float16",
    "float32",
    "float64",
    "complex64",
    "U3",
    "O",
)
_SHAPES = ((), (0,), (0, 0), (1, 1), (1, 7), (3, 3), (9, 0), (1, 1, 1), (3, 9, 9), (51, 6, 6), (9, 9, 3), (2, 2, 2, 2))
_ODD = (None, "", "x", b"\xff", 0, -1, 2**70, 1e308, [], {}, [[]], [[1], [2, 3]], [[None]], ("a",), object, Ellipsis)
_KEYS = ("mask", "image", "labels", "id", "x", "", "a.b", "annotation", "pixel_values", "0", "path", "é\x1b")
_IMAGES = images_of("50", "validation")

Change = Callable[[Any, random.Random], Any]
_CHANGES: tuple[Change, ...] = (
    lambda ids, rng: ids.T,
    lambda ids, rng: ids[:: rng.choice((1, -1, 2))],
    lambda ids, rng: ids[: rng.randrange(1, 40), rng.randrange(30) :],
    lambda ids, rng: np.pad(ids, rng.randrange(9), constant_values=rng.choice((0, 255, 1000))),
    lambda ids, rng: np.array(
        Image.fromarray(ids.astype(np.int32)).resize((rng.randrange(1, 99), rng.randrange(1, 99)), 0)
    ),
    lambda ids, rng: ids * rng.choice((0, -1, 0.5, 1e300, 2**40)),
    lambda ids, rng: ids + rng.choice((1, -1, 0.25, 2**62)),
    lambda ids, rng: np.where(ids == rng.choice((0, 1, 1000)), rng.choice((0, -1, 255, 1000)), ids),
    lambda ids, rng: ids % rng.choice((2, 7, 256)),
    lambda ids, rng: ids / rng.choice((255, 1000, 3)),
    lambda ids, rng: ids + np.random.default_rng(rng.randrange(99)).normal(0, rng.choice((0.1, 9)), ids.shape),
    lambda ids, rng: np.where(np.eye(*ids.shape) > 0, rng.choice((np.nan, np.inf, -1)), ids),
)


def _value(rng: random.Random, ids: Any, image_id: str) -> Any:
    kind = rng.randrange(8)
    if kind < 4:
        for _ in range(rng.choice((0, 1, 1, 2))):
            ids = rng.choice(_CHANGES)(ids, rng)
        return ids
    if kind == 4:
        return np.zeros(rng.choice(_SHAPES)).astype(rng.choice(_DTYPES))
    if kind == 5:
        return Image.new(
            rng.choice(("L", "1", "P", "RGB", "RGBA", "I", "I;16", "F", "CMYK")), (rng.randrange(1, 40), 30)
        )
    return rng.choice((image_id, f"/x/{image_id}.JPEG", "nowhere.png", *_ODD))


def _item(rng: random.Random, ids: Any, image_id: str) -> Any:
    values = [_value(rng, ids, image_id) for _ in range(rng.randrange(1, 4))]
    kind = rng.randrange(6)
    if kind == 0:
        return values[0]
    if kind == 1:
        return tuple(values)
    named: dict[Any, Any] = {rng.choice(_KEYS): value for value in values}
    if rng.random() < 0.8:
        named["image_id"] = image_id
    if kind == 2:
        named = {"sample": named, 5: values[0]}
    if kind == 3:
        return SimpleNamespace(**{key: value for key, value in named.items() if str(key).isidentifier()})
    return named


class _Data:
    def __init__(self, rng: random.Random) -> None:
        self._seed, self._images = rng.random(), rng.choices(_IMAGES, k=rng.randrange(7))
        self._style = rng.random() < 0.6
        self.classes = rng.choice((None, ["a", "b"], {0: "x", 1: 2}, 7, ["goldfish"] * 50))

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> Any:
        image = self._images[index]
        rng = random.Random(f"{self._seed} {0 if self._style else index}")  # mostly each item in the same way
        if rng.random() < 0.02:
            raise rng.choice((KeyError, OverflowError, StopIteration, RecursionError))("x\x1b[2J")
        return _item(rng, mask_ids(image, "50").astype(np.int64), image.image_id)


def _check(data: bytes, folder: Path) -> int:
    masks = folder / "masks"
    if not masks.exists():
        shutil.rmtree(folder, ignore_errors=True)
        for image in _IMAGES:
            path = masks / image.class_wnid / f"{image.image_id}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_official_png(mask_ids(image, "50")))
    rng = random.Random(data.decode())
    dataset: Any = _Data(rng)
    keys = {f"{name}_key": rng.choice(_KEYS) for name in ("mask", "image", "id") if rng.random() < 0.05}
    if data.startswith(b"sound"):
        dataset, keys = [{"mask": mask_ids(image, "50"), "image_id": image.image_id} for image in _IMAGES], {}
    elif rng.random() < 0.1 and _sound(dataset):
        dataset = iter(list(dataset))
    report = check_loader(
        dataset, masks, "50", ignore_id=rng.choice((None, None, -1, 255)), limit=rng.choice((None, 3)), **keys
    )
    assert report.right == (not report.findings and not report.not_compared)
    assert {finding.fault.key for finding in report.findings} <= set(FAULTS)
    assert all(0 <= finding.images <= max(finding.of, 50) for finding in report.findings)
    for text in (*report.notes, *report.not_compared):
        assert 3 < len(text) < 2000, text
        json.dumps(printable(text))
    return len(report.findings)


def _sound(dataset: _Data) -> bool:
    try:
        return bool(list(dataset))
    except Exception:  # noqa: BLE001
        return False


@functools.cache
def _samples() -> dict[str, bytes]:
    return {str(number): f"sound {number}".encode() for number in range(4)}


class _Datasets(Target):
    """Each input is the seed of a Dataset; no bytes are damaged."""

    def inputs(self, number: int, seed: int) -> Iterator[tuple[str, bytes]]:
        for count in range(number):
            yield "0", f"{seed} {count}".encode()


LOADERS = _Datasets("loader-items", _samples, _check)
