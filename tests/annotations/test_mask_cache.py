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
import os, sys, time
from imagenet_s.conversion.annotations import mask_cache, open_annotations

transcode = mask_cache.transcode

def slowly(*arguments):
    open(sys.argv[3], "a").write("x")
    while not os.path.exists(sys.argv[4]):
        time.sleep(0.01)
    return transcode(*arguments)

mask_cache.transcode = slowly
print(open_annotations("50", sys.argv[1], cache_dir=sys.argv[2], verify=False).masks("validation"))
"""


class Transcoding:
    """Starts processes that prepare masks, and go on behind the first one of them when told so."""

    def __init__(self, given: Path, folder: Path) -> None:
        self.begun, self.go_on = folder / "begun", folder / "go on"
        arguments = [str(path) for path in (given, folder / "cache", self.begun, self.go_on)]
        self._command = [sys.executable, "-c", SCRIPT, *arguments]

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def start_and_wait(self) -> subprocess.Popen[str]:
        process = self.start()
        while process.poll() is None and not self.begun.exists():
            time.sleep(0.01)
        return process


def test_after_a_killed_process_the_next_call_starts_again(given: Path, tmp_path: Path) -> None:
    process = Transcoding(given, tmp_path).start_and_wait()
    process.kill()
    process.communicate()
    cache = tmp_path / "cache"
    assert list(cache.rglob("*.arrow")) == []
    check_masks(opened(given, tmp_path, verify=False), "validation")
    assert list(cache.rglob("*.incomplete")) == []


def test_of_two_processes_one_transcodes(given: Path, tmp_path: Path) -> None:
    transcoding = Transcoding(given, tmp_path)
    first = transcoding.start_and_wait()
    second = transcoding.start()
    assert second.stderr is not None
    assert "Another process prepares the masks of 50 validation; waiting" in second.stderr.readline()
    transcoding.go_on.touch()
    paths = {process.communicate(timeout=60)[0] for process in (first, second)}
    assert [process.returncode for process in (first, second)] == [0, 0]
    assert len(paths) == 1
    assert transcoding.begun.read_text() == "x" * 12
    check_masks(opened(given, tmp_path, verify=False), "validation")
