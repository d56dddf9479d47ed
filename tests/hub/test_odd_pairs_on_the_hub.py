"""Pairs of image and mask that disagree, from an `hf://` address: compared as they are read, not read twice."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from hub_server import HubServer, Repository

sys.path.insert(0, str(Path(__file__).parents[1] / "dataset" / "pairs"))

from odd_pairs import COUNTS, expected_pair, usable, write_odd_annotations, write_odd_imagenet

from imagenet_s.conversion.converted.dataset_index import parse_index

LOAD = """
import json
import imagenet_s
for streaming in (False, True):
    rows = imagenet_s.load_dataset(
        "50", data_dir="hf://datasets/me/imagenet-1k", annotations_dir=ANNOTATIONS, split="validation", verify=False,
        on_missing="skip", streaming=streaming,
    )
    print(json.dumps({row["image_id"]: [row["image"].size, sum(row["image"].tobytes())] for row in rows}))
from imagenet_s.cli.main import main
where = ["--config", "50", "--splits", "validation", "--annotations-dir", ANNOTATIONS, "--no-verify"]
raise SystemExit(main(["convert", "hf://datasets/me/imagenet-1k", "out", *where, "--on-missing", "skip"]))
"""


def test_rows_and_shards(hub: HubServer, run: Callable, tmp_path: Path) -> None:
    root = write_odd_imagenet(tmp_path / "imagenet", "parquet")
    annotations = write_odd_annotations(tmp_path / "annotations")
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.parquet")}
    hub.repositories["dataset", "me/imagenet-1k"] = Repository(commits=[files])
    done = run(LOAD.replace("ANNOTATIONS", repr(str(annotations))))
    pixels = {image_id: expected_pair(image_id, "50")[0] for image_id in usable("50", "validation")}
    expected = {i: [list(image.shape[1::-1]), int(image.sum(dtype="int64"))] for i, image in pixels.items()}
    for line in done.stdout.splitlines()[:2]:
        assert json.loads(line) == expected
    assert "the mask of ILSVRC2012_val_00040675 is 115 x 157" in done.stderr
    assert "Some masks fit their image only after the rotation" in done.stderr
    split = parse_index((tmp_path / "out" / "index.json").read_bytes(), "index.json").configs["50"].splits["validation"]
    assert (split.rows, split.upright) == (len(expected), COUNTS["validation"]["upright"])
