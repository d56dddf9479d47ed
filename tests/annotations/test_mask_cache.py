"""Masks are prepared once, by one process, and never half."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from annotation_files import (
    check_masks,
    copy_of,
    opened,
    rows,
    write_archive,
    write_tree,
)

from imagenet_s.conversion.annotations import open_masks
from imagenet_s.conversion.facts import OFFICIAL


@pytest.mark.parametrize("form", ["archive", "tree"])
def test_masks_are_prepared_once_and_anew_when_their_source_changes(tmp_path: Path, form: str) -> None:
    given = tmp_path / "given"
    (write_archive if form == "archive" else write_tree)(given, "50")
    annotations = opened(given, tmp_path, verify=False)
    path = check_masks(annotations, "validation")
    made = path.stat().st_mtime_ns, path.stat().st_ino
    assert annotations.masks("validation") == path
    assert opened(given, tmp_path, verify=False).masks("validation") == path
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == made
    changed = next(file for file in sorted(given.rglob("*")) if file.is_file() and "train-semi" not in str(file))
    os.utime(changed, ns=(1, 1))
    assert annotations.masks("validation") != path
    other = copy_of(given, tmp_path / "other")
    assert opened(other, tmp_path, verify=False).masks("validation") not in (path, annotations.masks("validation"))


def test_masks_are_prepared_anew_when_the_list_changes(given: Path, tmp_path: Path) -> None:
    annotations = opened(given, tmp_path, verify=False)
    annotations.masks("validation")
    path = given / OFFICIAL.lists["50"]["validation"].file
    path.write_text("\n".join(path.read_text().splitlines()[:3]))
    fewer = [image_id for image_id, _ in rows(annotations, "validation")]
    assert len(fewer) == 3
    assert open_masks(annotations.masks("validation"))["image_id"].to_pylist() == fewer


def test_the_file_gets_its_name_at_the_very_end(given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def vanish(source: Path, target: Path) -> None:
        raise OSError("the disk is gone")

    annotations = opened(given, tmp_path, verify=False)
    with monkeypatch.context() as patch:
        patch.setattr("imagenet_s.conversion.annotations.mask_cache.os.replace", vanish)
        with pytest.raises(OSError, match="the disk is gone"):
            annotations.masks("validation")
    assert [path for path in (tmp_path / "cache").rglob("*") if path.suffix in (".arrow", ".incomplete")] == []
    check_masks(annotations, "validation")


def test_a_lean_file_is_memory_mapped(given: Path, tmp_path: Path) -> None:

    before = pa.total_allocated_bytes()
    table = open_masks(opened(given, tmp_path, verify=False).masks("validation"))
    assert table.num_rows == 12
    assert pa.total_allocated_bytes() - before < 1000


SCRIPT = """
import sys, time
from pathlib import Path
from imagenet_s.conversion.annotations import open_annotations, prepared

transcode = prepared.transcode

def slowly(*arguments):
    time.sleep(float(sys.argv[3]))
    Path(sys.argv[4]).open("a").write("x")
    return transcode(*arguments)

prepared.transcode = slowly
print(open_annotations("50", sys.argv[1], cache_dir=sys.argv[2], verify=False).masks("validation"))
"""


def preparing(given: Path, tmp_path: Path, seconds: float) -> subprocess.Popen[str]:
    arguments = [str(given), str(tmp_path / "cache"), str(seconds), str(tmp_path / "done")]
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_killed_while_preparing_the_next_call_starts_again(given: Path, tmp_path: Path) -> None:
    process = preparing(given, tmp_path, 0.2)
    deadline = time.monotonic() + 30
    while not (tmp_path / "done").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()
    cache = tmp_path / "cache"
    assert list(cache.rglob("*.arrow")) == []
    assert len(list(cache.rglob("*.arrow.incomplete"))) == 1
    check_masks(opened(given, tmp_path, verify=False), "validation")
    assert list(cache.rglob("*.incomplete")) == []


def test_two_processes_prepare_once(given: Path, tmp_path: Path) -> None:
    processes = [preparing(given, tmp_path, 0.1) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len({out for out, _ in outputs}) == 1
    assert (tmp_path / "done").read_text() == "x" * 12
    assert "Another process prepares the masks of 50 validation; waiting" in "".join(error for _, error in outputs)
    check_masks(opened(given, tmp_path, verify=False), "validation")
