"""Thousands of tiny images as the Hub's Parquet has them, and a list of test images among them."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from imagenet_s.conversion.facts import categories

IMAGES, FILES, ROW_GROUP = 2000, 2, 20
_SCHEMA = pa.schema([("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())])


def write_hub_parquet(root: Path) -> int:
    """`data/validation-*.parquet`: images 1 to 2,000 in two files; returns their size."""
    (root / "data").mkdir(parents=True)
    stored = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 255, (150, 200, 3), np.uint8)
    Image.fromarray(pixels).save(stored, "JPEG", quality=90)
    size, in_file = 0, IMAGES // FILES
    for file in range(FILES):
        paths = [f"ILSVRC2012_val_{file * in_file + k + 1:08d}_n01440764.JPEG" for k in range(in_file)]
        rows = {"image": [{"bytes": stored.getvalue(), "path": path} for path in paths], "label": [0] * in_file}
        path = root / "data" / f"validation-{file:05d}-of-{FILES:05d}.parquet"
        options = {"row_group_size": ROW_GROUP, "compression": "none", "use_dictionary": False}
        pq.write_table(pa.table(rows, schema=_SCHEMA), path, write_statistics=False, **options)
        size += path.stat().st_size
    return size


def write_test_list(folder: Path, images: int = IMAGES) -> dict[str, str]:
    """The test list of 50 with a quarter of so many images, as ImageNet-S has one of ImageNet's; image id -> class.

    The classes have very different sizes.
    """
    random = np.random.default_rng(0)
    numbers = random.permutation(np.arange(1, images + 1))[: images // 4]
    wnids = categories("50").wnids[1:]
    members = {f"ILSVRC2012_val_{k:08d}": wnids[int(50 * random.random() ** 2)] for k in numbers.tolist()}
    lines = [f"{wnid}/{image_id}.JPEG {wnid}/{image_id}.JPEG" for image_id, wnid in members.items()]
    (folder / "ImageNetS_im50_mapping_test.txt").write_text("\n".join(lines))
    return members
