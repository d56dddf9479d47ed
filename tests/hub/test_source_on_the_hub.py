"""An ImageNet on the Hub: `data_dir="hf://datasets/..."`, read by ranges, never downloaded as a whole."""

import json
from collections.abc import Callable
from pathlib import Path

from hub_server import HubServer, Repository

from imagenet_s.conversion.synthetic import expected_rows

LOAD = """
import json, sys
import imagenet_s
for streaming in (False, True):
    rows = imagenet_s.load_dataset(
        "50", data_dir="hf://datasets/me/imagenet-1k", annotations_dir=ANNOTATIONS, split=SPLIT, verify=False,
        streaming=streaming,
    )
    print(json.dumps({row["image_id"]: [row["category"], sum(row["image"].tobytes())] for row in rows}))
"""


def test_the_same_rows_from_the_hub(hub: HubServer, run, miniature: Callable[[str], Path], annotations: Path) -> None:
    root = miniature("parquet")
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.parquet")}
    hub.repositories["dataset", "me/imagenet-1k"] = Repository(commits=[files])
    for split in ("train", "validation"):
        code = LOAD.replace("ANNOTATIONS", repr(str(annotations))).replace("SPLIT", repr(split))
        expected = {
            row.image_id: [row.category, int(row.pixels.sum(dtype="int64"))] for row in expected_rows("50", split)
        }
        for line in run(code).stdout.splitlines():
            assert json.loads(line) == expected
    assert run(code, token=None, check=False).returncode
