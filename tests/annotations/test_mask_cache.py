"""Masks are transcoded once, by one process, and their file is complete or absent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from annotation_files import WRITERS, check_masks, opened, rows

from imagenet_s.conversion.annotations import cached_masks
from imagenet_s.conversion.facts import OFFICIAL


@pytest.mark.parametrize("form", WRITERS)
def test_masks_are_transcoded_again_when_their_source_changes(tmp_path: Path, form: str) -> None:
    given = tmp_path / "given"
    WRITERS[form](given, "50")
    annotations = opened(given, tmp_path, verify=False)
    path = check_masks(annotations, "validation")
    written = path.stat().st_mtime_ns, path.stat().st_ino
    assert opened(given, tmp_path, verify=False).masks("validation") == path
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == written
    changed = next(file for file in sorted(given.rglob("*")) if file.is_file() and "train-semi" not in str(file))
    os.utime(changed, ns=(1, 1))
    again = annotations.masks("validation")
    assert again != path
    moved = given.rename(tmp_path / "moved")
    assert opened(moved, tmp_path, verify=False).masks("validation") not in (path, again)


def test_masks_are_transcoded_again_when_the_list_changes(given: Path, tmp_path: Path) -> None:
    annotations = opened(given, tmp_path, verify=False)
    annotations.masks("validation")
    path = given / OFFICIAL.lists["50"]["validation"].file
    path.write_text("\n".join(path.read_text().splitlines()[:3]))
    fewer = [image_id for image_id, _ in rows(annotations, "validation")]
    assert len(fewer) == 3
    assert cached_masks(annotations.masks("validation"))["image_id"].to_pylist() == fewer


def test_the_file_is_memory_mapped(given: Path, tmp_path: Path) -> None:
    before = pa.total_allocated_bytes()
    table = cached_masks(opened(given, tmp_path, verify=False).masks("validation"))
    assert table.num_rows == 12
    assert pa.total_allocated_bytes() - before < 1000


SCRIPT = """
import sys, time
from imagenet_s.conversion.annotations import mask_cache, open_annotations

transcode = mask_cache.transcode

def slowly(*arguments):
    time.sleep(float(sys.argv[3]))
    open(sys.argv[4], "a").write("x")
    return transcode(*arguments)

mask_cache.transcode = slowly
print(open_annotations("50", sys.argv[1], cache_dir=sys.argv[2], verify=False).masks("validation"))
"""


def start(given: Path, tmp_path: Path, seconds: float) -> subprocess.Popen[str]:
    arguments = [str(given), str(tmp_path / "cache"), str(seconds), str(tmp_path / "transcoded")]
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_after_a_killed_process_the_next_call_starts_again(given: Path, tmp_path: Path) -> None:
    process = start(given, tmp_path, 0.2)
    deadline = time.monotonic() + 30
    while not (tmp_path / "transcoded").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()
    cache = tmp_path / "cache"
    assert list(cache.rglob("*.arrow")) == []
    check_masks(opened(given, tmp_path, verify=False), "validation")
    assert list(cache.rglob("*.incomplete")) == []


def test_of_two_processes_one_transcodes(given: Path, tmp_path: Path) -> None:
    processes = [start(given, tmp_path, 0.1) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len({out for out, _ in outputs}) == 1
    assert (tmp_path / "transcoded").read_text() == "x" * 12
    assert "Another process prepares the masks of 50 validation; waiting" in "".join(error for _, error in outputs)
    check_masks(opened(given, tmp_path, verify=False), "validation")
