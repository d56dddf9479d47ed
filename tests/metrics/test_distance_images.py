"""What goes into a backbone, and in which company."""

import numpy as np
import pytest
from PIL import Image

from imagenet_s.metrics.distance_matching.backbone import to_map
from imagenet_s.metrics.distance_matching.image_batches import (
    ImageDataset,
    PreparedImage,
    batches_by_size,
    target_size,
)


@pytest.mark.parametrize("multiple", [1, 14, 16])
@pytest.mark.parametrize("size", [(500, 375), (375, 500), (10, 1000), (300, 300), (33, 50)])
def test_sizes(size: tuple[int, int], multiple: int) -> None:
    width, height = target_size(size, 256, multiple)
    assert width % multiple == height % multiple == 0
    assert abs(min(width, height) - 256) <= multiple / 2
    ratio = max(size) / min(size)
    assert abs(max(width, height) - 256 * ratio) <= multiple / 2 + 1


def test_normalised_as_imagenet() -> None:
    """A picture of ImageNet's mean colour is 0; red is red, rows are rows."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:20] = (124, 116, 104)
    row = {"image_id": "a", "wnid": "b", "image": Image.fromarray(pixels), "annotation": None}
    example = ImageDataset([row], 40, 1)[0]
    assert example.pixels.shape == (3, 40, 60)
    assert example.size == (40, 60)
    assert np.abs(example.pixels[:, :18]).max() < 0.02
    np.testing.assert_allclose(example.pixels[:, -1, 0], -np.array([0.485 / 0.229, 0.456 / 0.224, 0.406 / 0.225]), 1e-4)


def test_batches_hold_one_size_and_lose_nothing() -> None:
    sizes = [4, 8, 4, 4, 8, 12, 4]
    examples = [PreparedImage(str(i), "", (1, 1), np.zeros((3, s, 4)), None) for i, s in enumerate(sizes)]
    batches = list(batches_by_size(examples, 2))
    assert all(len({image.pixels.shape for image in batch}) == 1 for batch in batches)
    assert [[image.image_id for image in batch] for batch in batches] == [["0", "2"], ["1", "4"], ["3", "6"], ["5"]]


def test_tokens_to_maps() -> None:
    """Row by row, after whatever tokens come first; larger patches where a model has merged them."""
    grid = np.arange(6 * 5).reshape(6, 5)

    for prefix in (0, 1, 5):
        tokens = np.concatenate([np.full(prefix, -1), grid.ravel()])[None, :, None]
        for patch in (8, 4):
            np.testing.assert_array_equal(to_map(tokens, 48, 40, patch)[0, 0], grid)
    with pytest.raises(ValueError, match="expected B x D x h x w"):
        to_map(np.zeros((1, 29, 1)), 48, 40, 8)
    with pytest.raises(ValueError, match="expected B x D x h x w"):
        to_map(np.zeros((1, 30, 1)), 48, 40, None)
