"""`PredictionWriter`."""

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion import PredictionWriter
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.masks.codec import decode_mask
from imagenet_s.conversion.submission.prediction_writer import resize_to_pil_size
from imagenet_s.conversion.synthetic import images_of

IMAGE, WNID = "ILSVRC2012_val_00000206", "n01644373"


def test_official_form(tmp_path: Path) -> None:
    """RGB, id = R + 256 * G, at the place that the official tools look at."""
    ids = np.array([[0, 1, 255], [256, 300, 919]])
    with PredictionWriter(tmp_path, "919") as writer:
        path = writer.write(IMAGE, ids, WNID)
    assert path == str(tmp_path / WNID / f"{IMAGE}.png")
    with Image.open(path) as image:
        assert image.mode == "RGB"
        pixels = np.asarray(image).astype(int)
    assert (pixels[..., 0] + 256 * pixels[..., 1] == ids).all()
    assert not pixels[..., 2].any()
    assert os.listdir(tmp_path / WNID) == [f"{IMAGE}.png"], "no temporary file"
    assert writer.written == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.int64])
def test_any_integers(dtype: type, tmp_path: Path) -> None:
    ids = np.arange(6, dtype=dtype).reshape(2, 3)
    ids.flags.writeable = False
    path = PredictionWriter(tmp_path, 50).write(IMAGE, ids, WNID)
    np.testing.assert_array_equal(decode_mask(path), ids)


@pytest.mark.parametrize("size", [(7, 5), (3, 2), (30, 20), (1, 1), (6, 1000)])
def test_resized_with_nearest(size: tuple[int, int], tmp_path: Path) -> None:
    """As Pillow does it, in whose convention the size is given."""
    ids = np.random.default_rng(0).integers(0, 51, (12, 18)).astype(np.uint8)
    want = np.asarray(Image.fromarray(ids).resize(size, Image.Resampling.NEAREST))
    np.testing.assert_array_equal(resize_to_pil_size(ids, size), want)
    path = PredictionWriter(tmp_path, "50").write(IMAGE, ids, WNID, pil_size=size)
    np.testing.assert_array_equal(decode_mask(path), want)
    assert Image.open(path).size == size


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        (np.zeros((51, 4, 4)), "Take the argmax over the channels first"),
        (np.zeros((4, 4)), "is float64 of the shape"),
        (np.zeros((4, 4), bool), "is bool"),
        (np.zeros((1, 4, 4), int), "expected H x W ids"),
        (np.zeros((0, 4), int), "has no pixels"),
        (np.full((2, 2), 1000), "1000 marks ignored pixels"),
        (np.array([[0, 51], [1000, 1]]), "1000 marks ignored pixels"),
        (np.full((2, 2), -1), "negative ids"),
        (np.full((2, 2), 51), "was it made for 300"),
        (np.full((2, 2), 65_537), "65537"),
        (np.full((2, 2), 2**40), "an official mask holds ids up to 65535"),
    ],
)
def test_what_is_no_prediction(ids: np.ndarray, text: str, tmp_path: Path) -> None:
    writer = PredictionWriter(tmp_path, "50")
    with pytest.raises(ImageNetSError, match=text) as error:
        writer.write(IMAGE, ids, WNID)
    assert IMAGE in str(error.value)
    assert not list(tmp_path.iterdir())
    assert writer.written == 0


def test_clusters(tmp_path: Path) -> None:
    path = PredictionWriter(tmp_path, "50", num_ids=500).write(IMAGE, np.full((2, 2), 500), WNID)
    assert decode_mask(path).max() == 500
    with pytest.raises(ImageNetSError, match=r"expected 0\.\.500"):
        PredictionWriter(tmp_path, "50", num_ids=500).write(IMAGE, np.full((2, 2), 501), WNID)
    with pytest.raises(ImageNetSError, match=r"expected 0\.\.65535: an official mask holds ids up to 65535"):
        PredictionWriter(tmp_path, "50", num_ids=10**6).write(IMAGE, np.full((2, 2), 70_000), WNID)


def test_class_folders_from_the_list(annotations: Path, tmp_path: Path) -> None:
    """They are ImageNet-S', which for some images are not ImageNet's."""
    writer = PredictionWriter(tmp_path, "50", split="validation", annotations_dir=annotations, verify=False)
    images = images_of("50", "validation")
    assert sorted(writer.missing()) == [image.image_id for image in images]
    for image in images[:-1]:
        path = writer.write(image.image_id, np.zeros((2, 2), int))
        assert path == str(tmp_path / image.class_wnid / f"{image.image_id}.png")
        assert image.image_id in writer
    assert writer.missing() == [images[-1].image_id]
    assert images[0].imagenet_wnid != images[0].class_wnid
    with pytest.raises(ImageNetSError, match=f"belongs to the class folder {images[0].class_wnid}"):
        writer.write(images[0].image_id, np.zeros((2, 2), int), images[0].imagenet_wnid)
    with pytest.raises(ImageNetSError, match="is not in the split"):
        writer.write("ILSVRC2012_val_99999999", np.zeros((2, 2), int))


def test_class_folders_of_training_images(tmp_path: Path) -> None:
    writer = PredictionWriter(tmp_path, "919")
    assert writer.write("n01443537_64", np.zeros((2, 2), int)) == str(tmp_path / "n01443537" / "n01443537_64.png")
    merged = writer.write("n03887697_346", np.zeros((2, 2), int))
    assert merged == str(tmp_path / "n15075141" / "n03887697_346.png")


@pytest.mark.parametrize(
    ("image_id", "wnid", "text"),
    [
        (IMAGE, None, "give wnid"),
        (IMAGE, "n99999999", "no class folder of ImageNet-S-919"),
        (IMAGE, "n03887697", "part of n15075141"),
        ("../../x", "n01443537", "expected a name"),
        (f"{WNID}/{IMAGE}", WNID, "expected a name"),
    ],
)
def test_places_that_no_prediction_has(image_id: str, wnid: str | None, text: str, tmp_path: Path) -> None:
    with pytest.raises(ImageNetSError, match=text):
        PredictionWriter(tmp_path, "919").write(image_id, np.zeros((2, 2), int), wnid)
    with pytest.raises(ImageNetSError, match="a split"):
        PredictionWriter(tmp_path, "919").missing()


def write_many(directory: str, value: int) -> None:
    writer = PredictionWriter(directory, "50")
    for _ in range(40):
        writer.write(IMAGE, np.full((60, 80), value), WNID)


def test_several_processes(tmp_path: Path) -> None:
    """All write the same image; a reader sees a complete one at any time."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write_many, args=(str(tmp_path), value)) for value in (7, 41)]
    for process in processes:
        process.start()
    seen = set()
    while any(process.is_alive() for process in processes):
        if (tmp_path / WNID / f"{IMAGE}.png").exists():
            ids = decode_mask(tmp_path / WNID / f"{IMAGE}.png")
            assert ids.shape == (60, 80)
            assert ids.min() == ids.max()
            seen.add(int(ids.max()))
    assert [process.exitcode for process in processes] == [0, 0]
    assert seen
    assert seen <= {7, 41}
    assert os.listdir(tmp_path / WNID) == [f"{IMAGE}.png"]


@pytest.mark.torch
def test_tensors(tmp_path: Path) -> None:
    import torch

    logits = torch.rand(51, 4, 5, requires_grad=True)
    path = PredictionWriter(tmp_path, "50").write(IMAGE, logits.argmax(0), WNID, pil_size=(10, 8))
    want = torch.nn.functional.interpolate(logits.argmax(0)[None, None].float(), (8, 10), mode="nearest-exact")
    np.testing.assert_array_equal(decode_mask(path), want[0, 0].numpy())
