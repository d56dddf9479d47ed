"""Images that `datasets` did not decode, beside upright masks: the same pixels as those that it decodes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torchvision")
pytestmark = pytest.mark.vision

from datasets import Image  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1] / "dataset" / "pairs"))

from odd_pairs import UPRIGHT, expected_pair, write_odd_annotations, write_odd_imagenet  # noqa: E402

import imagenet_s  # noqa: E402
from imagenet_s.conversion.transforms import joint  # noqa: E402


@pytest.mark.parametrize("decoder", ["pillow", "simplejpeg"])
@pytest.mark.parametrize("layout", ["folders", "tars"])
@pytest.mark.parametrize("split", ["train_semi", "validation"])
def test_undecoded_images(split: str, layout: str, decoder: str, tmp_path: Path) -> None:
    if decoder == "simplejpeg":
        pytest.importorskip("simplejpeg")
    rows = imagenet_s.load_dataset(
        "50",
        data_dir=write_odd_imagenet(tmp_path / "imagenet", layout),
        annotations_dir=write_odd_annotations(tmp_path / "annotations", odd=UPRIGHT),
        split=split,
        verify=False,
    )
    stored = rows.cast_column("image", Image(decode=False)).with_transform(joint(v2.Identity(), decoder=decoder))
    for row, given in zip(rows, stored):
        np.testing.assert_array_equal(given["image"].permute(1, 2, 0), np.asarray(row["image"]), row["image_id"])
        if row["image_id"] in UPRIGHT:
            pixels, ids = expected_pair(row["image_id"], "50")
            np.testing.assert_array_equal(given["image"].permute(1, 2, 0), pixels)
            np.testing.assert_array_equal(given["annotation"], ids)
