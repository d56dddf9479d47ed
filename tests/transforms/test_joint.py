"""`joint` over rows of the data set: map-style, streamed, without masks, in other processes, from bytes."""

import pickle
from typing import Any

import numpy as np
import pytest
from datasets import Image
from PIL import Image as PILImage

pytest.importorskip("torchvision")
pytestmark = pytest.mark.vision

import torch  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402
from torchvision import tv_tensors  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

from imagenet_s import ImageNetSError  # noqa: E402
from imagenet_s.conversion.transforms import joint  # noqa: E402

CROP = v2.Compose([v2.Resize(64), v2.CenterCrop(56), v2.ToDtype(torch.float32, scale=True)])


def same(row: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(
        torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in zip(row.values(), other.values())
    )


def test_without_changes_rows_are_themselves(load) -> None:
    """Pixels and ids are those of the row, as tensors; the other columns stay."""
    rows = load("validation")
    for row, given in zip(rows, rows.with_transform(joint(v2.Identity()))):
        assert type(given["image"]) is tv_tensors.Image
        assert type(given["annotation"]) is tv_tensors.Mask
        assert given["annotation"].dtype == torch.int64
        np.testing.assert_array_equal(given["image"].permute(1, 2, 0), np.asarray(row["image"]))
        np.testing.assert_array_equal(given["annotation"], np.asarray(row["annotation"]))
        assert {k: v for k, v in given.items() if k not in ("image", "annotation")} == {
            k: v for k, v in row.items() if k not in ("image", "annotation")
        }


@pytest.mark.parametrize("layout", ["folders", "parquet"])
def test_streams_give_the_same(layout: str, load) -> None:
    mapped = {row["image_id"]: row for row in load("validation", layout).with_transform(joint(CROP))}
    stream = load("validation", layout, streaming=True)
    for streamed in (stream.map(joint(CROP)), stream.map(joint(CROP), batched=True, batch_size=4)):
        rows = list(streamed)
        assert len(rows) == len(mapped) == 9
        assert all(same(row, mapped[row["image_id"]]) for row in rows)


def test_no_mask_stays_none(load) -> None:
    for rows in (load("test").with_transform(joint(CROP)), load("test", streaming=True).map(joint(CROP))):
        assert all(row["annotation"] is None and row["image"].shape == (3, 56, 56) for row in rows)
    without = load("train").remove_columns("annotation").with_transform(joint(CROP))
    assert set(without[0]) == set(without.column_names)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_data_loader_batches_it(workers: int, load) -> None:
    rows = load("validation").select_columns(["image", "annotation", "category"]).with_transform(joint(CROP))
    batches = list(DataLoader(rows, batch_size=4, num_workers=workers))
    assert [len(batch["image"]) for batch in batches] == [4, 4, 1]
    assert batches[0]["image"].shape == (4, 3, 56, 56)
    assert batches[0]["annotation"].shape == (4, 56, 56)
    assert batches[0]["annotation"].dtype == torch.int64
    expected = torch.stack([row["annotation"] for row in rows])
    assert torch.equal(torch.cat([batch["annotation"] for batch in batches]), expected)


def test_one_draw_an_image(load) -> None:
    """Each image has parameters of its own, which it shares with its mask."""
    row = load("validation")[0]
    flip = joint(v2.RandomHorizontalFlip())
    torch.manual_seed(0)
    flipped = flip({name: [value] * 32 for name, value in row.items()})
    upright = np.asarray(row["image"]).transpose(2, 0, 1), np.asarray(row["annotation"])
    kinds = set()
    for image, mask in zip(flipped["image"], flipped["annotation"]):
        turned = not np.array_equal(image, upright[0])
        kinds.add(turned)
        np.testing.assert_array_equal(mask, upright[1][:, ::-1] if turned else upright[1])
    assert kinds == {False, True}


def test_it_can_be_sent_to_another_process(load) -> None:
    row = load("validation")[0]
    assert same(pickle.loads(pickle.dumps(joint(CROP)))(row), joint(CROP)(row))


@pytest.mark.parametrize("decoder", ["pillow", "simplejpeg"])
@pytest.mark.parametrize("layout", ["folders", "tars"])
def test_undecoded_images_have_the_same_pixels(layout: str, decoder: str, load) -> None:
    """All odd files of the miniature: grey, CMYK, PNG, with an EXIF orientation. From paths and from bytes."""
    if decoder == "simplejpeg":
        pytest.importorskip("simplejpeg")
    rows = load("train", layout)
    stored = rows.cast_column("image", Image(decode=False)).with_transform(joint(v2.Identity(), decoder=decoder))
    for row, given in zip(rows, stored):
        np.testing.assert_array_equal(given["image"].permute(1, 2, 0), np.asarray(row["image"]), row["image_id"])


def test_what_it_refuses(load, tmp_path) -> None:
    row = load("validation")[0]
    with pytest.raises(ImageNetSError, match="turbojpeg"):
        joint(CROP, decoder="turbojpeg")  # type: ignore[arg-type]
    with pytest.raises(ImageNetSError, match="column 'image'"):
        joint(CROP)({"pixels": row["image"]})
    with pytest.raises(ImageNetSError, match="H x W"):
        joint(CROP)({**row, "annotation": row["annotation"].resize((5, 5))})
    with pytest.raises(ImageNetSError, match="H x W"):
        joint(CROP)({**row, "annotation": PILImage.new("RGB", row["image"].size)})
    with pytest.raises(ImageNetSError, match=r"torch\.uint8"):
        joint(v2.Lambda(lambda mask: mask.to(torch.uint8), tv_tensors.Mask))(row)
    damaged = tmp_path / "n01440764_1.JPEG"
    damaged.write_bytes(b"\xff\xd8 and no more")
    for decoder in ("pillow", "simplejpeg"):
        with pytest.raises(ImageNetSError, match=r"n01440764_1\.JPEG can't be decoded"):
            joint(CROP, decoder=decoder)({"image": {"path": str(damaged), "bytes": None}})


@pytest.mark.parametrize(
    "dtypes", [torch.float32, {tv_tensors.Image: torch.float32, tv_tensors.Mask: torch.int16, "others": None}]
)
def test_masks_are_int64_whatever_the_pipeline_converts(dtypes, load) -> None:
    row = load("validation")[0]
    given = joint(v2.ToDtype(dtypes, scale=True))(row)
    assert (given["image"].dtype, given["annotation"].dtype) == (torch.float32, torch.int64)
    np.testing.assert_array_equal(given["annotation"], np.asarray(row["annotation"]))
