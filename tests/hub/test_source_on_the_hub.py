"""An ImageNet on the Hub: `data_dir="hf://datasets/..."`, read by ranges, never downloaded as a whole."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hub_parquet import IMAGES, write_hub_parquet, write_test_list
from hub_server import HubServer, Repository

from imagenet_s.conversion.synthetic import expected_rows

LOAD = """
import json, sys
import imagenet_s
for split, streaming in (("train", False), ("train", True), ("validation", False), ("validation", True)):
    rows = imagenet_s.load_dataset(
        "50", data_dir="hf://datasets/me/imagenet-1k", annotations_dir=ANNOTATIONS, split=split, verify=False,
        streaming=streaming,
    )
    print(json.dumps({row["image_id"]: [row["category"], sum(row["image"].tobytes())] for row in rows}))
"""


def test_the_same_rows_from_the_hub(hub: HubServer, run, miniature: Callable[[str], Path], annotations: Path) -> None:
    root = miniature("parquet")
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.parquet")}
    hub.repositories["dataset", "me/imagenet-1k"] = Repository(commits=[files])
    code = LOAD.replace("ANNOTATIONS", repr(str(annotations)))
    expected = [
        {row.image_id: [row.category, int(row.pixels.sum(dtype="int64"))] for row in expected_rows("50", split)}
        for split in ("train", "train", "validation", "validation")
    ]
    assert [json.loads(line) for line in run(code).stdout.splitlines()] == expected
    assert run(code, token=None, check=False).returncode


THREADS = """
import os
import imagenet_s
rows = imagenet_s.load_dataset(
    "50", data_dir="hf://datasets/me/imagenet-1k", annotations_dir=ANNOTATIONS, split="test", verify=False,
    streaming=True,
)
before = set(os.listdir("/proc/self/task"))
count = sum(1 for row in rows)
print(count, len(set(os.listdir("/proc/self/task")) - before))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_thread_of_arrow_is_left_behind(hub: HubServer, run, miniature: Callable[[str], Path], annotations: Path):
    """One that gives back bytes of Python while the interpreter ends aborts the process."""
    root = miniature("parquet")
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.parquet")}
    hub.repositories["dataset", "me/imagenet-1k"] = Repository(commits=[files])
    code = THREADS.replace("ANNOTATIONS", repr(str(annotations)))
    run(code)  # makes the index
    count, threads = map(int, run(code).stdout.split())
    assert count > 0
    assert threads == 0


COMPACT = """
import json, sys
import imagenet_s
where = dict(data_dir="hf://datasets/me/imagenet-1k", annotations_dir=ANNOTATIONS, verify=False)
ids = imagenet_s.subset("50", "test", 40, compact=True, **where)
rows = imagenet_s.load_dataset("50", split="test", image_ids=ids, streaming=STREAMING, **where)
print(json.dumps([ids, [row["image_id"] for row in rows]]))
"""


@pytest.mark.parametrize("streaming", [pytest.param(False, marks=pytest.mark.slow), True])
def test_compact_subsets_fetch_little(hub: HubServer, run, tmp_path: Path, streaming: bool) -> None:
    """40 of 2,000 images over HTTP, the index included: at most a tenth of the bytes."""
    total = write_hub_parquet(tmp_path / "imagenet")
    files = {f"data/{path.name}": path.read_bytes() for path in (tmp_path / "imagenet" / "data").iterdir()}
    hub.repositories["dataset", "me/imagenet-1k"] = Repository(commits=[files])
    write_test_list(tmp_path)
    code = COMPACT.replace("ANNOTATIONS", repr(str(tmp_path))).replace("STREAMING", repr(streaming))
    ids, rows = json.loads(run(code).stdout)
    assert sorted(ids) == sorted(rows)
    assert 40 * total / IMAGES < hub.sent < total / 10
