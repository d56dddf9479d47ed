"""Images and masks never part: a checkerboard goes through every geometry of torchvision's v2."""

import inspect

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

pytest.importorskip("torchvision")
pytestmark = pytest.mark.vision

import torch  # noqa: E402
from torchvision import tv_tensors  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

from imagenet_s.conversion.transforms import joint  # noqa: E402

DARK, LIGHT, FILL = 20, 230, 125
fills = st.sampled_from([FILL, (FILL, FILL, FILL), {tv_tensors.Image: FILL, tv_tensors.Mask: 0}])
sizes = st.integers(24, 96)
nearest = st.just(v2.InterpolationMode.NEAREST)
probability = st.just(1.0)
degrees = st.integers(0, 180)
some = st.floats(0.0, 0.4)

GEOMETRIES = {
    v2.CenterCrop: st.builds(v2.CenterCrop, st.tuples(sizes, sizes)),
    v2.ElasticTransform: st.builds(v2.ElasticTransform, alpha=st.floats(1, 60), interpolation=nearest, fill=fills),
    v2.Pad: st.one_of(
        st.builds(v2.Pad, st.integers(0, 15), fills),
        st.builds(v2.Pad, st.integers(0, 15), padding_mode=st.sampled_from(["edge", "reflect", "symmetric"])),
    ),
    v2.RandomAffine: st.builds(
        v2.RandomAffine, degrees, st.tuples(some, some), st.just((0.5, 1.5)), shear=st.integers(0, 30), fill=fills
    ),
    v2.RandomCrop: st.builds(v2.RandomCrop, st.tuples(sizes, sizes), pad_if_needed=st.just(True), fill=fills),
    v2.RandomHorizontalFlip: st.builds(v2.RandomHorizontalFlip, probability),
    v2.RandomPerspective: st.builds(v2.RandomPerspective, st.floats(0.1, 0.6), probability, nearest, fill=fills),
    v2.RandomResize: st.builds(v2.RandomResize, st.integers(20, 40), st.integers(41, 90)),
    v2.RandomResizedCrop: st.builds(v2.RandomResizedCrop, st.tuples(sizes, sizes)),
    v2.RandomRotation: st.builds(v2.RandomRotation, degrees, expand=st.booleans(), fill=fills),
    v2.RandomShortestSize: st.builds(v2.RandomShortestSize, sizes, st.integers(97, 120)),
    v2.RandomVerticalFlip: st.builds(v2.RandomVerticalFlip, probability),
    v2.RandomZoomOut: st.builds(v2.RandomZoomOut, fill=fills, p=probability),
    v2.Resize: st.builds(v2.Resize, st.tuples(sizes, sizes)),
    v2.ScaleJitter: st.builds(v2.ScaleJitter, st.tuples(sizes, sizes), st.just((0.7, 2.0))),
}
REFUSED = {v2.FiveCrop, v2.TenCrop}
"""They make several images of one, and take no masks."""
WITHOUT_BOXES = {v2.RandomIoUCrop}
"""Needs boxes beside the image."""


def test_every_geometry_is_here() -> None:
    """Whatever torchvision moves pixels with, in its own module of geometry."""
    module = inspect.getmodule(v2.Resize)
    classes = {
        value for name, value in vars(v2).items() if inspect.isclass(value) and inspect.getmodule(value) is module
    }
    assert classes - {v2.Transform} == {*GEOMETRIES, *REFUSED, *WITHOUT_BOXES}


@st.composite
def checkerboards(draw: st.DrawFn) -> tuple[Image.Image, np.ndarray, tuple[int, int]]:
    """An image of dark and light cells, at least 10 pixels wide, and a mask of one id each."""
    cell = draw(st.integers(10, 16))
    height, width = draw(st.integers(3, 5)) * cell, draw(st.integers(3, 5)) * cell
    dark, light = draw(st.lists(st.integers(0, 999), min_size=2, max_size=2, unique=True))
    board = np.add.outer(np.arange(height) // cell, np.arange(width) // cell) % 2 == 1
    pixels = np.repeat(np.where(board, LIGHT, DARK).astype(np.uint8)[..., None], 3, -1)
    return Image.fromarray(pixels), np.where(board, light, dark).astype(np.int32), (dark, light)


@pytest.mark.parametrize("kind", GEOMETRIES, ids=lambda kind: kind.__name__)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_image_and_mask_never_part(kind: type, data: st.DataObject) -> None:
    """Where the image is dark the mask has the dark cells' id, where it is light the other; else it is a border."""
    image, ids, (dark, light) = data.draw(checkerboards())
    transform = data.draw(GEOMETRIES[kind])
    torch.manual_seed(data.draw(st.integers(0, 999)))
    row = joint(transform)({"image": image, "annotation": Image.fromarray(ids)})
    pixels, mask = row["image"].float().mean(0), row["annotation"]
    assert mask.dtype == torch.int64
    assert pixels.shape == mask.shape
    assert set(mask.unique().tolist()) <= {dark, light, 1000}
    fills = isinstance(transform, v2.CenterCrop)
    filled = 0 if fills else FILL
    inner = _far_from_edges(mask)
    assume(bool(inner.any()))
    shown = torch.full_like(pixels, filled)
    shown[mask == dark], shown[mask == light] = DARK, LIGHT
    if fills:
        # Dark cells and the black that torchvision fills with differ by 20 grey values.
        assert ((shown - pixels).abs()[inner] < 8).all()
    else:
        assert ((shown - pixels).abs()[inner] < 50).all(), transform


def _far_from_edges(mask: torch.Tensor, distance: int = 2) -> torch.Tensor:
    """H x W bool: all mask pixels up to so far away have the same id. Bilinear images blend only across edges."""
    same = torch.nn.functional.max_pool2d
    window, padded = 2 * distance + 1, mask[None, None].float()
    inner = (same(padded, window, 1, distance) == -same(-padded, window, 1, distance))[0, 0]
    # A crop may leave less than a pixel of a cell at the rim, which a bilinear image shows and a mask does not.
    rim = torch.zeros_like(inner)
    rim[3:-3, 3:-3] = True
    return inner & rim


@pytest.mark.parametrize(
    "transform",
    [
        v2.CenterCrop(60),
        v2.CenterCrop((60, 10)),
        v2.Pad(3),
        v2.Pad(3, fill=255),
        v2.Pad(3, fill={tv_tensors.Mask: 0, "others": 0}),
        v2.RandomAffine(0, translate=(0.5, 0.5), fill=(1, 2, 3)),
        v2.RandomRotation((45, 45)),
        v2.RandomRotation((30, 30), expand=True, fill={tv_tensors.Image: (9, 9, 9)}),
        v2.RandomPerspective(0.8, p=1),
        v2.RandomZoomOut(p=1),
        v2.RandomCrop(70, pad_if_needed=True),
        v2.Compose([v2.Pad(9), v2.RandomApply([v2.CenterCrop(90)], p=1)]),
        v2.Lambda(lambda mask: v2.functional.crop(mask, -5, -5, 20, 20)),
        v2.Lambda(lambda mask: v2.functional.resized_crop(mask, -5, 30, 20, 20, [7, 9])),
        v2.Lambda(lambda mask: v2.functional.crop(mask, 90, 90, 20, 20)),
    ],
    ids=repr,
)
def test_borders_are_ignored_whatever_the_fill(transform: v2.Transform) -> None:
    """Also where torchvision fills with 0 and takes no fill: 0 is a class, and so is 255."""
    ids = Image.fromarray(np.full((40, 50), 919, np.int32))
    torch.manual_seed(1)
    mask = joint(transform)({"image": Image.new("RGB", (50, 40)), "annotation": ids})["annotation"]
    assert set(mask.unique().tolist()) - {919} == {1000}


def test_masks_are_resized_as_pillow_does() -> None:
    """Nearest about the pixels' centres: torch's own "nearest" is half a pixel off."""
    ids = np.random.default_rng(0).integers(0, 1001, (45, 61)).astype(np.int32)
    for height, width in ((20, 33), (90, 120), (31, 100)):
        mask = joint(v2.Resize((height, width)))({"image": Image.new("RGB", (61, 45)), "annotation": ids})["annotation"]
        expected = np.asarray(Image.fromarray(ids).resize((width, height), Image.Resampling.NEAREST))
        np.testing.assert_array_equal(mask.numpy(), expected)


@pytest.mark.parametrize("transform", [v2.RandAugment(), v2.AutoAugment(), v2.TrivialAugmentWide(), v2.FiveCrop(9)])
def test_what_takes_no_masks_says_so(transform: v2.Transform) -> None:
    with pytest.raises(TypeError, match="not supported"):
        joint(transform)({"image": Image.new("RGB", (50, 40)), "annotation": np.zeros((40, 50), np.int32)})
