"""`image_sizes`: from the headers of any layout, or from the masks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from predicted_masks import IDS

from imagenet_s.conversion.submission.image_sizes import image_sizes
from imagenet_s.conversion.synthetic import images_of, write_imagenet

Layouts = Callable[[str], Path]


@pytest.mark.parametrize("layout", ["folders", "tars", "parquet"])
def test_sizes_are_those_of_the_stored_pixels(layout: str, annotations: Path, miniature: Layouts) -> None:
    """Images that a viewer would turn included."""
    for config in ("50", "919"):
        sizes = image_sizes(config, "test", miniature(layout), annotations, verify=False)
        assert sizes == {image.image_id: image.size for image in images_of(config, "test")}


def test_a_header_longer_than_usual(annotations: Path, tmp_path: Path) -> None:
    root = Path(write_imagenet(tmp_path / "imagenet", "flat"))
    Image.new("RGB", (70, 50)).save(root / "val" / f"{IDS[0]}.JPEG", "JPEG", comment=b"x" * 20_000)
    assert image_sizes("50", "test", root, annotations, verify=False)[IDS[0]] == (70, 50)


def test_sizes_of_validation_come_from_its_masks(annotations: Path) -> None:
    sizes = image_sizes("919", "validation", None, annotations, verify=False)
    assert sizes == {image.image_id: image.size for image in images_of("919", "validation")}
    assert image_sizes("919", "test", None, annotations, verify=False) == {}
