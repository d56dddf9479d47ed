"""One file over HTTP, from a server that misbehaves in every way that happens; two processes, and a killed one."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests
import urllib3
from http_files import CONTENT, CUT, FileServer, fetch, fetch_a_part, names_beside

from imagenet_s.conversion.annotations.http import DownloadError, download
from imagenet_s.conversion.core.errors import ImageNetSError


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer({"/file.zip": CONTENT}) as server:
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "into" / "file.zip"


def ranges(server: FileServer) -> list[str | None]:
    return [request.range for request in server.seen]


def statuses(server: FileServer) -> list[int]:
    return [request.status for request in server.seen]


def test_a_file_comes_whole_and_leaves_nothing_beside_it(server: FileServer, target: Path) -> None:
    fetch(server, target)
    assert names_beside(target) == {"file.zip"}
    assert ranges(server) == [None]


def test_a_broken_connection_is_resumed_where_it_broke(server: FileServer, target: Path) -> None:
    server.cut_after = [CUT, CUT // 2]
    fetch(server, target)
    assert ranges(server) == [None, f"bytes={CUT}-", f"bytes={CUT + CUT // 2}-"]
    assert statuses(server) == [200, 206, 206]
    assert server.sent == len(CONTENT)


def test_of_a_broken_connection_less_than_a_chunk_is_lost(server: FileServer, target: Path) -> None:
    server.cut_after = [CUT + 1234]
    fetch(server, target)
    assert statuses(server) == [200, 206]
    assert server.sent - len(CONTENT) in (1234, 0)  # urllib3 1.x loses nothing


def test_a_later_call_resumes_an_earlier_one(server: FileServer, target: Path) -> None:
    assert fetch_a_part(server, target).stat().st_size == CUT
    fetch(server, target)
    assert server.seen[-1].range == f"bytes={CUT}-"
    assert server.seen[-1].if_range == server.validators("/file.zip")["ETag"]
    assert server.sent == len(CONTENT)


@pytest.mark.parametrize(("missing", "requested"), [({"ranges": False}, f"bytes={CUT}-"), ({"etags": "none"}, None)])
def test_without_ranges_or_a_validator_all_is_sent_again(
    server: FileServer, target: Path, missing: dict[str, object], requested: str | None
) -> None:
    vars(server).update(missing)
    server.cut_after = [CUT]
    fetch(server, target)
    assert ranges(server) == [None, requested]
    assert statuses(server) == [200, 200]


def test_a_weak_etag_is_passed_over_for_the_date(server: FileServer, target: Path) -> None:
    server.etags = "weak"
    server.cut_after = [CUT]
    fetch(server, target)
    assert server.seen[-1].if_range == server.validators("/file.zip")["Last-Modified"]
    assert server.seen[-1].status == 206


def test_an_early_end_is_noticed_without_the_librarys_help(
    server: FileServer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # urllib3 1.x, which requests still takes, ends such a body as if it were whole.
    whole = requests.Response.iter_content
    cuts = [CUT]

    def cut(response: requests.Response, size: int) -> Iterator[bytes]:
        pieces = whole(response, size)
        return itertools.islice(pieces, cuts.pop() // size) if cuts else pieces

    monkeypatch.setattr(requests.Response, "iter_content", cut)
    fetch(server, target)
    assert ranges(server) == [None, f"bytes={CUT}-"]


@pytest.mark.parametrize("honours_if_range", [True, False])
def test_a_file_that_changed_meanwhile_is_fetched_again(
    server: FileServer, target: Path, honours_if_range: bool
) -> None:
    fetch_a_part(server, target)
    server.files["/file.zip"] = CONTENT[::-1]
    server.if_range = honours_if_range
    fetch(server, target)


@pytest.mark.parametrize(("tail", "status"), [(b"", 416), (b"more", 200)], ids=["all of it", "more than all of it"])
def test_all_of_it_had_come_already(server: FileServer, target: Path, tail: bytes, status: int) -> None:
    # As if the process had been killed just before renaming.
    fetch_a_part(server, target).write_bytes(CONTENT + tail)
    fetch(server, target)
    assert server.seen[-1].status == status


def test_a_busy_server_is_asked_again(server: FileServer, target: Path) -> None:
    server.failures = [503, 502, 429]
    fetch(server, target)
    assert statuses(server) == [503, 502, 429, 200]


@pytest.mark.parametrize(("asked", "waits"), [("7", [7]), ("3600", [60]), ("Fri, 13 Nov", [])])
def test_a_busy_server_says_how_long_to_wait(
    server: FileServer, target: Path, monkeypatch: pytest.MonkeyPatch, asked: str, waits: list[float]
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", waited.append)
    server.failures, server.retry_after = [429], asked
    fetch(server, target)
    assert waited == waits


def test_a_busy_server_is_not_asked_for_ever(server: FileServer, target: Path) -> None:
    server.failures = [503] * 100
    with pytest.raises(DownloadError, match="the server answers 503 Service Unavailable"):
        fetch(server, target)
    assert len(server.seen) == 5


@pytest.mark.parametrize("cut", [0, 1000, CUT])
def test_a_server_that_always_breaks_at_the_same_place_is_given_up(server: FileServer, target: Path, cut: int) -> None:
    server.ranges = False
    server.cut_after = [cut] * 100
    with pytest.raises(DownloadError, match="5 tries in a row"):
        fetch(server, target)
    assert len(server.seen) == 5


def test_a_refusal_is_final(server: FileServer, target: Path) -> None:
    with pytest.raises(DownloadError, match=r"/nothing could not be fetched: the server answers 404 Not Found"):
        download(f"{server.url}/nothing", target)
    assert len(server.seen) == 1
    assert names_beside(target) == set()


def test_redirects_are_followed_and_resumed(server: FileServer, target: Path) -> None:
    server.redirects["/release"] = "/file.zip"
    server.cut_after = [CUT]
    download(f"{server.url}/release", target, backoff=0.001)
    assert target.read_bytes() == CONTENT
    assert ranges(server) == [None, None, f"bytes={CUT}-", f"bytes={CUT}-"]


def test_no_server_at_all(target: Path) -> None:
    with FileServer() as gone:
        pass
    with pytest.raises(DownloadError, match=r"file\.zip could not be fetched: [^(]*Connection refused\.$"):
        fetch(gone, target)


def test_a_proxy_of_the_environment_is_used(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FileServer({"http://elsewhere.invalid/file.zip": CONTENT}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        download("http://elsewhere.invalid/file.zip", target)
    assert target.read_bytes() == CONTENT


def wrong(path: Path) -> None:
    raise ImageNetSError(f"{path.name} has {path.stat().st_size} wrong bytes")


def right(path: Path) -> None:
    if hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(CONTENT).digest():
        wrong(path)


def test_what_fails_the_check_is_deleted(server: FileServer, target: Path) -> None:
    with pytest.raises(ImageNetSError, match="3000000 wrong bytes"):
        fetch(server, target, check=wrong)
    assert names_beside(target) == set()
    assert len(server.seen) == 1


def test_a_spoiled_first_part_is_fetched_again(server: FileServer, target: Path) -> None:
    fetch_a_part(server, target).write_bytes(bytes(CUT))  # what a crash of the machine can leave
    fetch(server, target, check=right)
    assert ranges(server)[-2:] == [f"bytes={CUT}-", None]


def test_an_existing_file_stays_unless_it_is_to_be_replaced(server: FileServer, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"old")
    download(server.url, target)
    assert target.read_bytes() == b"old"
    assert server.seen == []
    with pytest.raises(ImageNetSError):
        fetch(server, target, check=wrong, replace=True)
    assert target.read_bytes() == b"old"
    fetch(server, target, check=right, replace=True)


def start(server: FileServer, target: Path) -> subprocess.Popen:
    script = "import sys, pathlib; from imagenet_s.conversion.annotations.http import download\n"
    script += "download(sys.argv[1], pathlib.Path(sys.argv[2]), backoff=0.001)"
    return subprocess.Popen([sys.executable, "-c", script, f"{server.url}/file.zip", str(target)])


def test_two_processes_fetch_it_once(server: FileServer, target: Path) -> None:
    processes = [start(server, target) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert target.read_bytes() == CONTENT
    assert server.sent == len(CONTENT)


def test_a_killed_process_is_resumed(server: FileServer, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    incomplete = target.with_name("file.zip.incomplete")
    deadline = time.monotonic() + 30

    def stalling(handler: BaseHTTPRequestHandler) -> None:
        """Sends a part, and then nothing for as long as the process lives."""
        handler.send_response(200)
        handler.send_header("ETag", server.validators("/file.zip")["ETag"])
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        handler.wfile.write(CONTENT[:2_000_000])
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        handler.close_connection = True

    with monkeypatch.context() as patch:
        patch.setattr(server, "answer", stalling)
        process = start(server, target)
        while not (incomplete.exists() and incomplete.stat().st_size > 500_000):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        process.wait()
    assert not target.exists()
    had = incomplete.stat().st_size
    fetch(server, target, check=right)
    assert ranges(server) == [f"bytes={had}-"]
    assert server.sent == len(CONTENT) - had


def test_what_a_server_says_is_escaped(server: FileServer, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(403, "\x1b[2J\x1b]0;pwn\x07")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    monkeypatch.setattr(server, "answer", refuse)
    with pytest.raises(DownloadError, match=r"the server answers 403 \\x1b\[2J") as error:
        fetch(server, target)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize("size", [5_000, 60_000])
def test_a_small_file_from_a_connection_that_breaks(server: FileServer, target: Path, size: int) -> None:
    """All lists are smaller than what is written at a time: they are asked for again, or what is left of them."""
    server.files["/file.zip"] = CONTENT[:size]
    server.cut_after = [size // 2, size // 2, 0, size - 1]
    fetch(server, target)
    assert target.read_bytes() == CONTENT[:size]
    # urllib3 1.26 hands over what came before the connection broke: then the second request asks for the rest alone.
    assert len(server.seen) == (2 if urllib3.__version__.startswith("1.") else 5)


@pytest.mark.parametrize("etags", ["strong", "none"])
def test_a_server_that_restarts(server: FileServer, target: Path, etags: str) -> None:
    """It has answered once, in the middle of a small file: then it is asked again while it answers nothing."""
    server.etags, server.files["/file.zip"] = etags, CONTENT[:5000]
    server.cut_after = [2500]
    server.hang_ups = [False, *6 * [True]]
    fetch(server, target)
    assert names_beside(target) == {"file.zip"}
    assert statuses(server)[-1] == (206 if urllib3.__version__.startswith("1.") and etags == "strong" else 200)
