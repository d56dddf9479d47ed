"""Every usual way to cut image and mask alike is right; where they are cut differently, that is what is found."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from generated_split import Loader, Split, write_split
from geometries import CUTS, DIFFER, laid

from imagenet_s.conversion import check_loader

FAST = (
    *("timm 0.9 at 224", "squash 256, crop 224", "long side 224, padded", "kept", "crop 224 alone", "quarter turn"),
    *(
        "16 x 16",
        "image cut, mask squashed",
        "image kept, mask cut",
        "mask mirrored",
        "image turned",
    ),
)


def cases(names: Iterable[str]) -> list[Any]:
    return [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in names]


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return write_split(tmp_path_factory.mktemp("split"), "919")


@pytest.mark.parametrize("with_images", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", cases(CUTS))
def test_cut_alike(split: Split, name: str, with_images: bool) -> None:
    loader = Loader(split, lambda row: laid(row, CUTS[name], CUTS[name]))
    report = check_loader(loader, split.masks, "919", imagenet=split.imagenet if with_images else None)
    if name == "quarter turn" and not with_images:
        assert {finding.fault.key for finding in report.findings} <= {"mask-turned"}
    else:
        assert report.right, report


@pytest.mark.parametrize("name", cases(DIFFER))
def test_cut_differently(split: Split, name: str) -> None:
    image, mask, fault = DIFFER[name]
    loader = Loader(split, lambda row: laid(row, image, mask))
    report = check_loader(loader, split.masks, "919", imagenet=split.imagenet)
    # Where both are cut at random, a mask may fit so badly that it looks like another one's.
    others = {"pairing"} if name == "two random crops" else set()
    assert {finding.fault.key for finding in report.findings} - others == {fault}, report
    assert report.findings[0].fault.key == fault
    assert report.findings[0].images > len(split.rows) / 2


def test_ids_are_read_through_a_crop(split: Split) -> None:
    """Geometry and ids are found independently of each other."""
    cut = CUTS["timm 0.9 at 224"]
    for how, fault in ((lambda ids: ids & 255, "red-only"), (lambda ids: ids * (ids != 1000), "ignored-as-other")):
        loader = Loader(split, lambda row, how=how: laid(row, cut, cut, how))
        report = check_loader(loader, split.masks, "919", imagenet=split.imagenet)
        assert {finding.fault.key for finding in report.findings} == {fault}, report


@pytest.mark.vision
def test_torchvision(split: Split) -> None:
    """Its own transforms, on image and mask together."""
    import torch
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    crops = [v2.Compose([v2.Resize(248), v2.CenterCrop(224)]), v2.RandomResizedCrop(224, scale=(0.3, 1.0))]
    flips = [v2.RandomHorizontalFlip(1.0), v2.ColorJitter(0.2, 0.2)]
    for transform in (*crops, v2.Compose([*flips, crops[0]])):
        torch.manual_seed(0)

        def item(row: object, transform: v2.Transform = transform) -> object:
            image, mask = tv_tensors.Image(row.image), tv_tensors.Mask(torch.from_numpy(row.ids))  # type: ignore
            cut = transform(image, mask)
            return {"image": cut[0], "mask": cut[1], "image_id": row.image_id}  # type: ignore

        report = check_loader(Loader(split, item), split.masks, "919", imagenet=split.imagenet)
        assert report.right, report


def test_an_unknown_image_is_no_error(split: Split, tmp_path: Path) -> None:
    """Images that are not of the split, beside their masks."""
    loader = Loader(split, lambda row: {"image": row.image, "mask": row.ids, "image_id": "ILSVRC2012_val_00049999"})
    report = check_loader(loader, split.masks, "919", imagenet=split.imagenet)
    assert {finding.fault.key for finding in report.findings} == {"missing", "missing-by-folder", "extra", "twice"}
