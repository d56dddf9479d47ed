"""Public loaders and invented ones: no false alarm on a right one, and each wrong one under its right name."""

import functools
import inspect
from typing import Any

import numpy as np
import pytest
from generated_split import Loader, Split, write_split
from PIL import ImageOps
from public_loaders import IN_50, IN_919, NOT_COMPARED, Make, eight_bits, grey_above_zero, unlabelled_is_ignored

import imagenet_s
from imagenet_s.conversion import check_loader
from imagenet_s.conversion.loader_check import LoaderReport

CASES = [
    *(("919", name, *case) for name, case in IN_919.items()),
    *(("50", name, *case) for name, case in IN_50.items()),
]


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Split]:
    return {config: write_split(tmp_path_factory.mktemp(config), config) for config in ("919", "50")}


def report_of(split: Split, make: Make, with_images: bool = True) -> LoaderReport:
    if "config" in inspect.signature(make).parameters:
        make = functools.partial(make, config=split.config)
    return check_loader(
        Loader(split, make), split.masks, split.config, imagenet=split.imagenet if with_images else None
    )


def keys(report: LoaderReport) -> set[str]:
    return {finding.fault.key for finding in report.findings}


@pytest.mark.parametrize("with_images", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("config", "name", "make", "faults"), CASES, ids=[f"{case[0]} {case[1]}" for case in CASES])
def test_faults(
    splits: dict[str, Split], config: str, name: str, make: Make, faults: set[str], with_images: bool
) -> None:
    report = report_of(splits[config], make, with_images)
    if name == "returns None" and not with_images:
        faults = {"missing"}  # nothing says the folders
    assert keys(report) == faults, report
    assert not report.not_compared
    assert report.right == (not faults)


@pytest.mark.parametrize("with_images", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make, id=name, marks=pytest.mark.slow if name == "rotated" else ())
        for name, make in NOT_COMPARED.items()
    ],
)
def test_what_cannot_be_laid_over_is_no_fault(splits: dict[str, Split], make: Make, with_images: bool) -> None:
    report = report_of(splits["919"], make, with_images)
    assert not report.findings
    assert not report.right
    assert "can't be laid over" in report.not_compared[0]


def test_mends(splits: dict[str, Split]) -> None:
    """The mend follows from what was seen."""

    def mends(make: Make, config: str = "919") -> dict[str, str]:
        return {finding.fault.key: finding.fault.mend for finding in report_of(splits[config], make).findings}

    assert "rgb[..., 0] + 256 * rgb[..., 1]" in mends(eight_bits)["red-only"]
    assert "rgb[..., 0] + 256 * rgb[..., 1]" in mends(grey_above_zero, "50")["grey"]
    assert "not mask > 0" in mends(grey_above_zero)["ignored-as-object"]
    assert "two ids" in mends(lambda row: unlabelled_is_ignored(row, 1000))["other-as-ignored"]


def test_counts_are_of_what_changes(splits: dict[str, Split]) -> None:
    """L > 0 loses the class 1 alone; uint8 the ids above 255."""
    rows = splits["50"].rows
    faults = {finding.fault.key: finding.images for finding in report_of(splits["50"], grey_above_zero).findings}
    assert faults["grey"] == sum((row.ids == 1).any() for row in rows)
    assert faults["ignored-as-object"] == sum((row.ids == 1000).any() for row in rows)
    (finding,) = report_of(splits["919"], eight_bits).findings
    assert finding.images == sum(((row.ids > 255) & (row.ids < 1000)).any() for row in splits["919"].rows)


def test_a_few_odd_items_are_a_note(splits: dict[str, Split]) -> None:
    """Beside a reading that explains the rest."""
    odd = splits["919"].rows[7].image_id

    def item(row: Any) -> Any:
        ids = row.ids
        return {"mask": (ids * 7 % 9 + 1) * (ids > 0) if row.image_id == odd else ids, "image_id": row.image_id}

    report = report_of(splits["919"], item)
    assert report.right
    assert [note for note in report.notes if "1 of 20 items not explained" in note and odd in note]


def test_mispaired_items_have_no_other_fault(splits: dict[str, Split]) -> None:
    """Two lists sorted apart, and 1000 read as 255."""
    rows = splits["919"].rows
    masks = dict(zip(sorted(row.image_id for row in rows), sorted(rows, key=lambda row: row.mask_path.name[::-1])))

    def item(row: Any) -> Any:
        ids = masks[row.image_id].ids
        ids[ids == 1000] = 255
        return {"image": row.image, "mask": ids, "image_id": row.image_id}

    report = report_of(splits["919"], item)
    assert keys(report) <= {"pairing", "ignored-as-class"}, report
    pairing = next(finding for finding in report.findings if finding.fault.key == "pairing")
    assert pairing.images == sum(masks[row.image_id] != row for row in rows)


@pytest.mark.slow
def test_masks_of_others_after_resizing(splits: dict[str, Split]) -> None:
    """The image fits, its mask doesn't: that is told by the image alone."""
    rows = splits["919"].rows
    following = dict(zip(rows, [*rows[1:], rows[0]]))

    def item(row: Any) -> Any:
        image, mask = row.image.resize((224, 224)), following[row].png.resize((224, 224), 0)
        return {"image": image, "mask": mask, "image_id": row.image_id}

    report = report_of(splits["919"], item)
    assert keys(report) <= {"pairing"}
    assert sum(finding.images for finding in report.findings) > 0.5 * len(rows)
    assert not keys(report_of(splits["919"], item, with_images=False))


def test_changed_parts_are_no_fault_of_pairing(splits: dict[str, Split]) -> None:
    """A part erased, or more pixels ignored: what can't be told is not named."""

    def erased(row: Any) -> Any:
        ids = row.ids
        ids[: ids.shape[0] // 3, : ids.shape[1] // 2] = 0
        return {"image": row.image, "mask": ids, "image_id": row.image_id}

    report = report_of(splits["919"], erased)
    assert not report.right
    assert not keys(report)


@pytest.mark.slow
def test_images_that_look_otherwise(splits: dict[str, Split]) -> None:
    """Colours change, the place does not; another image is found."""
    for change in (ImageOps.invert, ImageOps.grayscale, ImageOps.equalize):
        report = report_of(
            splits["919"],
            lambda row, change=change: {"image": change(row.image), "mask": row.ids, "image_id": row.image_id},
        )
        assert report.right, report
    rows = splits["919"].rows
    others = dict(zip(rows, [*rows[5:], *rows[:5]]))
    report = report_of(
        splits["919"], lambda row: {"image": others[row].image, "mask": row.ids, "image_id": row.image_id}
    )
    assert report.findings[0].fault.key == "pairing"
    assert report.findings[0].images > 0.8 * len(rows)


def test_the_own_class_alone(splits: dict[str, Split]) -> None:
    """With its id: the other classes became `other`."""

    def alone(row: Any) -> Any:
        ids = row.ids
        own = imagenet_s.categories("919").id_of(row.wnid)
        return {"mask": np.where((ids == own) | (ids == 1000), ids, 0), "image_id": row.image_id}

    assert keys(report_of(splits["919"], alone)) == {"ids-merged"}


def test_all_zero(splits: dict[str, Split]) -> None:
    for size in (None, (64, 64)):

        def item(row: Any, size: Any = size) -> Any:
            blue = row.png.getchannel(2)
            return {"mask": blue.resize(size) if size else blue, "image_id": row.image_id}

        assert keys(report_of(splits["919"], item, with_images=False)) == {"zero"}
