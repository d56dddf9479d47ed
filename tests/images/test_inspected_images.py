"""Images are inspected on their way into rows: rotated ones are replaced, damaged ones named, others not copied."""

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from imagenet_s.conversion.converted.columns import IMAGE_TYPE
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.dataset.examples import _inspected
from imagenet_s.conversion.images import image_inspection as inspection
from imagenet_s.conversion.images.image_inspection import files_to_replace
from imagenet_s.conversion.synthetic import IMAGES, image_bytes

USUAL = [name for name, image in IMAGES.items() if image.kind in ("rgb", "grey")][-5:]
ROTATED = next(name for name, image in IMAGES.items() if image.kind == "orientation6")


def images(contents: dict[str, bytes]) -> pa.StructArray:
    paths = pa.array([f"{name}.JPEG" for name in contents], pa.string())
    return pa.StructArray.from_arrays([pa.array(contents.values(), pa.binary()), paths], fields=list(IMAGE_TYPE))


def addresses(stored: pa.StructArray | pa.ChunkedArray) -> set[int]:
    """The memory that holds the bytes of the images."""
    chunks = stored.chunks if isinstance(stored, pa.ChunkedArray) else [stored]
    return {chunk.field("bytes").buffers()[2].address for chunk in chunks if len(chunk)}


@pytest.mark.parametrize("piece", [slice(None), slice(2, 4)], ids=["all", "slice"])
def test_usual_images_are_not_copied(piece: slice) -> None:
    given = images({name: image_bytes(name) for name in USUAL})[piece]
    inspected, unusable = _inspected(given, USUAL[piece], None, range(len(given)), None)
    assert not unusable
    assert inspected.to_pylist() == given.to_pylist()
    assert addresses(inspected) == addresses(given)


def test_only_the_rotated_image_is_replaced() -> None:
    names = [*USUAL[:3], ROTATED, *USUAL[3:]]
    given = images({name: image_bytes(name) for name in names})
    inspected, _ = _inspected(given, names, None, range(len(names)), None)
    same = [a == b for a, b in zip(inspected.to_pylist(), given.to_pylist())]
    assert same == [name != ROTATED for name in names]
    assert len(addresses(inspected) - addresses(given)) == 1, "the others were copied"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "damaged"),
        (lambda data: b"", "empty"),
        (lambda data: b"GIF89a" + data, "neither JPEG nor PNG"),
    ],
    ids=["truncated", "empty", "no image"],
)
def test_a_damaged_image_is_named(damage: Callable[[bytes], bytes], message: str) -> None:
    given = images({USUAL[0]: image_bytes(USUAL[0]), USUAL[1]: damage(image_bytes(USUAL[1]))})
    with pytest.raises(ImageNetSError, match=f"{USUAL[1]}: .*{message}"):
        _inspected(given, USUAL[:2], None, range(2), None)


def test_files_are_opened_as_binary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows changes line ends and stops at Ctrl-Z otherwise; this machine need not be one."""
    path, plain, flags = tmp_path / "x.JPEG", os.open, []
    path.write_bytes(image_bytes(USUAL[0]))
    monkeypatch.setattr(inspection, "_BINARY", 1 << 30)
    monkeypatch.setattr(os, "open", lambda name, flag: flags.append(flag) or plain(name, flag & ~(1 << 30)))
    assert files_to_replace([str(path)]) == []
    assert flags == [os.O_RDONLY | 1 << 30]
