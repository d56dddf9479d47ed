"""What is done with a file once it has come, and with two processes or a killed one."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from download_helpers import CONTENT, CUT, fetch, leftovers, partial
from http_files import FileServer

from imagenet_s.conversion.annotations.http import DownloadError
from imagenet_s.conversion.errors import ImageNetSError


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer({"/file.zip": CONTENT}) as server:
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "into" / "file.zip"


def wrong(path: Path) -> None:
    raise ImageNetSError(f"{path.name} has {path.stat().st_size} wrong bytes")


def right(path: Path) -> None:
    if hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(CONTENT).digest():
        wrong(path)


def test_what_fails_the_check_is_deleted(server: FileServer, target: Path) -> None:
    with pytest.raises(ImageNetSError, match="3000000 wrong bytes"):
        fetch(server, target, check=wrong)
    assert leftovers(target) == set()
    assert len(server.seen) == 1


def test_a_spoiled_first_part_is_fetched_again(server: FileServer, target: Path) -> None:
    server.cut_after = [CUT, 0, 0, 0, 0]
    with pytest.raises(DownloadError):
        fetch(server, target, check=right)
    partial(target).write_bytes(bytes(CUT))  # what a crash of the machine can leave
    fetch(server, target, check=right)
    assert target.read_bytes() == CONTENT
    assert [request.range for request in server.seen[-2:]] == [f"bytes={CUT}-", None]


def test_what_is_there_stays_unless_it_is_to_be_replaced(server: FileServer, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"old")
    fetch(server, target)
    assert target.read_bytes() == b"old"
    assert server.seen == []
    with pytest.raises(ImageNetSError):
        fetch(server, target, check=wrong, replace=True)
    assert target.read_bytes() == b"old"
    fetch(server, target, check=right, replace=True)
    assert target.read_bytes() == CONTENT


SCRIPT = """
import sys
from pathlib import Path
from imagenet_s.conversion.annotations.http import download
download(sys.argv[1], Path(sys.argv[2]), backoff=0.01)
"""


def test_two_processes_fetch_it_once(server: FileServer, target: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, f"{server.url}/file.zip", str(target)]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert target.read_bytes() == CONTENT
    assert server.sent == len(CONTENT)


def test_killed_in_the_middle_it_goes_on(server: FileServer, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The first answer sends a part and then nothing for longer than the process lives.
    def stalling(handler: object) -> None:
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.send_header("ETag", server.etag("/file.zip"))  # type: ignore[attr-defined]
        handler.send_header("Content-Length", str(len(CONTENT)))  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        handler.wfile.write(CONTENT[:2_000_000])  # type: ignore[attr-defined]
        handler.wfile.flush()  # type: ignore[attr-defined]
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        handler.close_connection = True  # type: ignore[attr-defined]

    with monkeypatch.context() as patch:
        patch.setattr(server, "answer", stalling)
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, f"{server.url}/file.zip", str(target)])
        deadline = time.monotonic() + 30
        while not (partial(target).exists() and partial(target).stat().st_size > 500_000):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        process.wait()
    assert not target.exists()
    had = partial(target).stat().st_size
    fetch(server, target, check=right)
    assert [request.range for request in server.seen] == [f"bytes={had}-"]
    assert server.sent == len(CONTENT) - had
