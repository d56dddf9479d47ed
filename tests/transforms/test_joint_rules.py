"""What `joint` refuses of a pipeline, what it says then, in which forms it takes rows, and rows without masks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from datasets import Image, concatenate_datasets, interleave_datasets
from PIL import Image as PILImage

pytest.importorskip("torchvision")
pytestmark = pytest.mark.vision

import torch  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402
from torchvision import transforms as v1  # noqa: E402
from torchvision import tv_tensors  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

from imagenet_s import ImageNetSError  # noqa: E402
from imagenet_s.conversion.transforms import joint  # noqa: E402

CROP = v2.Compose([v2.Resize(64), v2.CenterCrop(56), v2.ToDtype(torch.float32, scale=True)])


@pytest.fixture
def row() -> dict[str, Any]:
    """120 x 160: a square of 777 with a border of 1000, and a smaller one of 1."""
    ids = np.zeros((120, 160), np.uint16)
    ids[20:80, 30:90], ids[23:77, 33:87], ids[40:60, 100:140] = 1000, 777, 1
    pixels = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    return {"image": PILImage.fromarray(pixels), "annotation": PILImage.fromarray(ids), "image_id": "a"}


def of_mask(function: Callable[[torch.Tensor], Any]) -> Any:
    """A pipeline that changes the mask alone; without torchvision's bookkeeping, as a function of both."""
    return lambda image, mask: (image, function(mask.as_subclass(torch.Tensor)))


def interpolated(mask: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.interpolate(mask[None, None].float(), (60, 80), mode="bilinear")[0, 0]


REFUSED = {
    "floats": (v2.Lambda(lambda x: x / 255), r"the mask torch\.float32"),
    "whole numbers as floats": (of_mask(lambda mask: mask.float()), r"torch\.float32"),
    "bfloat16": (of_mask(lambda mask: mask.bfloat16()), "bfloat16"),
    "NaN": (of_mask(lambda mask: torch.full(mask.shape, torch.nan)), r"torch\.float32"),
    "complex": (of_mask(lambda mask: mask.cfloat()), "complex"),
    "8 bits": (of_mask(lambda mask: mask.byte()), r"torch\.uint8"),
    "a binary mask": (of_mask(lambda mask: mask > 0), r"torch\.bool"),
    "an array": (of_mask(lambda mask: mask.numpy()), "the mask ndarray"),
    "an image": (of_mask(v2.functional.to_pil_image), "the mask Image"),
    "no mask": (lambda image, mask: (image, None), "the mask NoneType"),
    "interpolated": (lambda image, mask: (v2.functional.resize(image, [60, 80]), interpolated(mask).long()), "did not"),
    "ids from 0": (of_mask(lambda mask: mask - 1), "-1"),
    "255 for ignored": (of_mask(lambda mask: mask.masked_fill(mask == 1000, 255)), "did not have: 255"),
    "-100 for ignored": (of_mask(lambda mask: mask.masked_fill(mask == 1000, -100)), "did not have: -100"),
    "overflow": (of_mask(lambda mask: mask.to(torch.int16) * 70), "did not have"),
    "a channel": (of_mask(lambda mask: mask[None]), r"shape \(1, 120, 160\)"),
    "one-hot": (of_mask(lambda mask: torch.nn.functional.one_hot(mask.long(), 1001)), r"\(120, 160, 1001\)"),
    "a smaller mask": (of_mask(lambda mask: mask[::2, ::2]), r"\(60, 80\) beside an image of \(120, 160\)"),
    "a smaller image": (v2.Lambda(lambda image: image[:, ::2, ::2], tv_tensors.Image), r"image of \(60, 80\)"),
    "a turned mask": (of_mask(lambda mask: mask.T), r"\(160, 120\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_mask_that_is_not_the_one_given(name: str, row: dict[str, Any]) -> None:
    pipeline, message = REFUSED[name]
    with pytest.raises(ImageNetSError, match=message):
        joint(pipeline)(row)


@pytest.mark.parametrize(
    "pipeline",
    [
        of_mask(lambda mask: mask.masked_fill(mask > 0, 1000)),  # erased pixels are ignored
        of_mask(lambda mask: torch.zeros_like(mask)),  # one id left
        of_mask(lambda mask: mask.to(torch.uint16)),
        of_mask(lambda mask: mask.fill_(1000)),  # in place
        v2.ToPureTensor(),
        v2.Compose([v2.Lambda(lambda image: image.float().mean((1, 2)), tv_tensors.Image)]),  # no image: features
        lambda image, mask: [image, mask],
    ],
)
def test_what_is_no_fault(pipeline: Any, row: dict[str, Any]) -> None:
    mask = joint(pipeline)(row)["annotation"]
    assert type(mask) is tv_tensors.Mask
    assert mask.dtype == torch.int64
    assert mask.shape == (120, 160)


V1_OR_OF_THE_IMAGE = {
    "v1": v1.Compose([v1.Resize(64), v1.ToTensor()]),
    "a v1 module": v1.RandomCrop(50),
    "v1 in v2": v2.Compose([v2.RandomHorizontalFlip(), v1.Resize(64)]),
    "a function of the image": lambda image: image,
    "no masks": v2.RandAugment(),
}


@pytest.mark.parametrize("name", V1_OR_OF_THE_IMAGE)
def test_what_can_not_be_called_with_a_mask(name: str, row: dict[str, Any]) -> None:
    """The error of torchvision or of Python, and what was asked of the pipeline."""
    with pytest.raises(
        TypeError, match=r"(argument|not supported).*joint calls its .* tv_tensors\.Image.*transforms\.v2"
    ):
        joint(V1_OR_OF_THE_IMAGE[name])(row)


@pytest.mark.parametrize(
    ("returned", "kind"),
    [
        (lambda image, mask: image, "an? Image"),
        (lambda image, mask: {"image": image, "mask": mask}, "a dict"),
        (lambda image, mask: (image, mask, 1), "a tuple of 3"),
        (lambda image, mask: None, "a NoneType"),
        (lambda image, mask: torch.zeros(2, 120, 160), "a Tensor"),
    ],
)
def test_what_is_no_image_and_mask(returned: Any, kind: str, row: dict[str, Any]) -> None:
    with pytest.raises(ImageNetSError, match=rf"returned {kind}.*takes the two back"):
        joint(returned)(row)


def test_a_function_of_both_where_there_is_no_mask(load) -> None:
    with pytest.raises(TypeError, match="with the image alone"):
        joint(lambda image, mask: (image, mask))(load("test")[0])


@pytest.mark.parametrize("kind", ["torch", "numpy"])
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_rows_that_are_formatted(kind: str, streaming: bool, split: str, load) -> None:
    """`datasets` then gives masks of 1 x H x W, and a batch of images of one size as one array."""
    plain = list(load(split).with_transform(joint(CROP)))
    for mask_missing in (None, 1000):
        for options in ({}, {"batched": True, "batch_size": 4}, {"batched": True, "batch_size": 1}):
            formatted = load(split, streaming=streaming).with_format(kind)
            names = ["imagenet_label", "category", "wnid"]
            rows = formatted.map(joint(CROP, missing=mask_missing), remove_columns=names, **options)
            for expected, given in zip(plain, rows):
                assert given["image_id"] == expected["image_id"]
                np.testing.assert_array_equal(np.asarray(given["image"]), np.asarray(expected["image"]))
                if expected["annotation"] is not None:
                    np.testing.assert_array_equal(np.squeeze(np.asarray(given["annotation"])), expected["annotation"])
                elif mask_missing is not None:
                    assert (np.asarray(given["annotation"]) == 1000).all()


def test_annotations_that_are_not_decoded(load) -> None:
    rows = load("validation")
    stored = rows.cast_column("annotation", Image(decode=False)).with_transform(joint(CROP))
    for row, given in zip(rows.with_transform(joint(CROP)), stored):
        assert torch.equal(row["annotation"], given["annotation"])


def test_a_grey_array_is_a_row(row: dict[str, Any]) -> None:
    grey = np.asarray(row["image"].convert("L"))
    assert torch.equal(joint(v2.Identity())({**row, "image": grey})["image"][0], torch.from_numpy(grey.copy()))


def test_annotations_of_floats_are_refused(row: dict[str, Any]) -> None:
    """A `map` may have stored such: they would be cut to integers."""
    with pytest.raises(ImageNetSError, match="float64"):
        joint(CROP)({**row, "annotation": np.asarray(row["annotation"]) / 2})


def test_masks_with_a_meaning_of_their_own_are_refused(row: dict[str, Any]) -> None:
    ids = np.asarray(row["annotation"])
    with pytest.raises(ImageNetSError, match="partly masked"):
        joint(CROP)({**row, "annotation": np.ma.masked_array(ids, ids == 777)})
    palette = PILImage.fromarray((ids % 256).astype(np.uint8)).convert("P")
    with pytest.raises(ImageNetSError, match="indices of a palette"):
        joint(CROP)({**row, "annotation": palette})


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.int64, np.uint64])
def test_ids_of_every_width(dtype: Any, row: dict[str, Any]) -> None:
    ids = np.where(np.asarray(row["annotation"]) == 1, 1, 0).astype(dtype)
    mask = joint(v2.Identity())({**row, "annotation": ids})["annotation"]
    assert torch.equal(mask.as_subclass(torch.Tensor), torch.from_numpy(ids.astype(np.int64)))


@pytest.mark.parametrize("mode", ["P", "L", "LA", "RGBA", "CMYK", "1"])
def test_images_of_other_modes_become_rgb(mode: str, row: dict[str, Any]) -> None:
    image = row["image"].convert(mode)
    given = joint(v2.Identity())({**row, "image": image})["image"]
    assert torch.equal(given.as_subclass(torch.Tensor), v2.functional.pil_to_tensor(image.convert("RGB")))


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("mix", [concatenate_datasets, interleave_datasets])
def test_rows_without_masks_share_batches(mix: Any, streaming: bool, load) -> None:
    semi, train = load("train_semi", streaming=streaming), load("train", streaming=streaming)
    unlabelled = {row["image_id"] for row in train} - {row["image_id"] for row in semi}
    assert unlabelled
    rows = mix([semi, train.filter(lambda row: row["image_id"] in unlabelled)])
    random = v2.Compose([v2.RandomResizedCrop(48), v2.RandomRotation(20), v2.ToDtype(torch.float32, scale=True)])
    prepared = rows.map(joint(random, missing=1000)) if streaming else rows.with_transform(joint(random, missing=1000))
    kinds = set()
    for batch in DataLoader(prepared, batch_size=4):
        assert batch["annotation"].dtype == torch.int64
        assert batch["annotation"].shape[1:] == (48, 48) == batch["image"].shape[2:]
        for image_id, mask in zip(batch["image_id"], batch["annotation"]):
            kinds.add(image_id in unlabelled)
            assert bool((mask == 1000).all()) == (image_id in unlabelled)
    assert kinds == {False, True}


def test_missing_is_the_id_everywhere(load) -> None:
    """Also where the pipeline adds pixels; where there is no column of masks; and the other rows stay as they are."""
    padded = v2.Pad(5)
    row = load("test")[0]
    mask = joint(padded, missing=-100)(row)["annotation"]
    assert type(mask) is tv_tensors.Mask
    assert mask.dtype == torch.int64
    assert mask.shape == joint(padded)(row)["image"].shape[1:]
    assert mask.unique().tolist() == [-100]
    without = load("train").remove_columns("annotation").with_transform(joint(padded, missing=np.int64(1000)))
    assert without[0]["annotation"].unique().tolist() == [1000]
    row = load("validation")[0]
    assert torch.equal(joint(padded, missing=-100)(row)["annotation"], joint(padded)(row)["annotation"])


@pytest.mark.parametrize("missing", ["1000", 1000.0, True, (1000,)])
def test_missing_is_an_id(missing: Any) -> None:
    with pytest.raises(ImageNetSError, match="1000 is ignored"):
        joint(CROP, missing=missing)


@pytest.mark.parametrize("kind", [np.int64, np.int16, np.uint16])
def test_images_are_8_bits(kind: type, row: dict[str, Any]) -> None:
    """A stream with_format("numpy") has images of int64, which v2.ToDtype would divide by 2**63."""
    expected = joint(CROP)(row)["image"]
    assert torch.equal(joint(CROP)({**row, "image": np.asarray(row["image"]).astype(kind)})["image"], expected)
    with pytest.raises(ImageNetSError, match=r"0\.\.300"):
        joint(CROP)({**row, "image": np.linspace(0, 300, 120 * 160 * 3).reshape(120, 160, 3).astype(kind)})


def test_pipelines_draw_alike_with_and_without_missing(load) -> None:
    """A seed gives the same image whether the mask is there or made."""
    row, crop = load("test")[0], v2.RandomResizedCrop(40)
    images = []
    for function in (joint(crop), joint(crop, missing=1000)):
        torch.manual_seed(3)
        images.append(function(row)["image"])
    assert torch.equal(*images)
