"""Looking at images on their way into rows: what is usual costs a look at its header and is not copied."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.imagenet.base import IMAGE_TYPE
from imagenet_s.conversion.synthetic import IMAGES, image_bytes

USUAL = [name for name, image in IMAGES.items() if image.kind in ("rgb", "grey")][-5:]
SIDEWAYS = next(name for name, image in IMAGES.items() if "exif" in image.kind or "orient" in image.kind)


def images(names: list[str]) -> pa.StructArray:
    data = pa.array([image_bytes(name) for name in names], pa.binary())
    paths = pa.array([f"{name}.JPEG" for name in names], pa.string())
    return pa.StructArray.from_arrays([data, paths], fields=list(IMAGE_TYPE))


def places(found: pa.StructArray | pa.ChunkedArray) -> set[int]:
    """Where in memory the bytes of some images lie."""
    chunks = found.chunks if isinstance(found, pa.ChunkedArray) else [found]
    return {chunk.field("bytes").buffers()[2].address for chunk in chunks if len(chunk)}


@pytest.fixture
def no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a usual image was looked at closely")

    monkeypatch.setattr(examples, "check_whole", refuse)
    monkeypatch.setattr(examples, "upright", refuse)


@pytest.mark.usefixtures("no_second_look")
@pytest.mark.parametrize("piece", [slice(None), slice(2, 4)], ids=["whole", "slice"])
def test_usual_images_pass_as_they_are(piece: slice) -> None:
    given = images(USUAL)[piece]
    found = examples._examined(given, USUAL[piece], None)
    assert found.to_pylist() == given.to_pylist()
    assert places(found) == places(given)


@pytest.mark.usefixtures("no_second_look")
def test_the_test_would_notice() -> None:
    with pytest.raises(AssertionError, match="looked at closely"):
        examples._examined(images([*USUAL, SIDEWAYS]), [*USUAL, SIDEWAYS], None)


def test_only_what_is_sideways_is_replaced() -> None:
    names = [*USUAL, SIDEWAYS, *USUAL]
    given = images(names)
    found = examples._examined(given, names, None)
    same = [a == b for a, b in zip(found.to_pylist(), given.to_pylist())]
    assert same == [name != SIDEWAYS for name in names]
    assert len(places(found) - places(given)) == 1, "the others were copied"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[: len(data) // 2], "damaged"),
        (lambda data: b"", "empty"),
        (lambda data: b"GIF89a" + data, "neither JPEG nor PNG"),
    ],
    ids=["cut off", "empty", "no image"],
)
def test_a_damaged_image_is_named(damage: Callable[[bytes], bytes], said: str) -> None:
    data = [image_bytes(USUAL[0]), damage(image_bytes(USUAL[1]))]
    given = pa.StructArray.from_arrays([pa.array(data, pa.binary()), pa.nulls(2, pa.string())], fields=list(IMAGE_TYPE))
    with pytest.raises(ImageNetSError, match=f"{USUAL[1]}: .*{said}"):
        examples._examined(given, USUAL[:2], None)
