"""70 pairs of masks as folders, zips and shards, and a tree with gaps: fixtures of tests of files and commands."""

import io
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mask_forms import write_official
from PIL import Image

from imagenet_s.metrics import MatchedIoU

NUMBER = 70


def masks(seed, clusters):
    generator = np.random.default_rng(seed)
    return {
        f"n0144{i % 3}/ILSVRC2012_val_{i:08d}.png": np.kron(generator.choice(clusters, (3, 4)), np.ones((8, 9), int))
        for i in range(NUMBER)
    }


GT = masks(1, [0, 1, 2, 50, 1000])
PRED = masks(2, [0, 1, 2, 7, 300])


@pytest.fixture(scope="session")
def trees(tmp_path_factory):
    """Form -> (predictions, references)."""
    root = tmp_path_factory.mktemp("trees")
    for side, tree in (("pred", PRED), ("gt", GT)):
        for key, ids in tree.items():
            write_official(root / side / key, ids)
        (root / side / "method.txt").write_text("no mask")
        with zipfile.ZipFile(root / f"{side}.zip", "w") as archive:
            archive.writestr("__MACOSX/n01440/._x.png", "litter")
            for key in tree:
                archive.write(root / side / key, f"ImageNetS50/validation-segmentation/{key}")
        _write_shards(root / f"{side}-data" / "50", tree)
    return {
        "folder": (root / "pred", root / "gt"),
        "zip": (root / "pred.zip", root / "gt.zip"),
        "shards": (root / "pred-data", root / "gt-data"),
        "mixed": (root / "pred.zip", root / "gt-data" / "50"),
    }


def _write_shards(folder, tree):
    folder.mkdir(parents=True)
    keys = sorted(tree)
    for number, part in enumerate((keys[: NUMBER // 2], keys[NUMBER // 2 :])):
        rows = []
        for key in part:
            buffer = io.BytesIO()
            Image.fromarray(tree[key].astype(np.uint16)).save(buffer, "PNG")
            wnid, name = key.split("/")
            annotation = {"bytes": buffer.getvalue(), "path": None}
            rows.append({"image_id": name[:-4], "wnid": wnid, "annotation": annotation})
        pq.write_table(
            pa.Table.from_pylist(rows), folder / f"validation-0000{number}-of-00002.parquet", row_group_size=9
        )
    empty = [{"image_id": "x", "wnid": "y", "annotation": {"bytes": None, "path": None}}]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("image_id", pa.string()), ("wnid", pa.string()), ("annotation", kind)])
    pq.write_table(pa.Table.from_pylist(empty, schema), folder / "test-00000-of-00001.parquet")


def expected():
    metric = MatchedIoU(50)
    for key, ids in GT.items():
        metric.update(PRED[key], ids, key)
    return metric


@pytest.fixture
def gaps(tmp_path):
    """A tree of three references; of the predictions one is missing, one in another class folder, one too many."""
    gt = [[1, 1, 0]]
    for name in ("n1/a.png", "n1/b.png", "n2/c.png"):
        write_official(tmp_path / "gt" / name, gt)
    for name in ("n1/a.png", "n7/c.png", "n7/d.png"):
        write_official(tmp_path / "pred" / name, gt)
    return tmp_path / "pred", tmp_path / "gt"
