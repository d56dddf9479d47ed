"""One file over HTTP, from a server that misbehaves in every way that happens."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from download_helpers import CONTENT, CUT, fetch, leftovers, partial
from http_files import FileServer

from imagenet_s.conversion.annotations.http import DownloadError, download


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer({"/file.zip": CONTENT}) as server:
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "into" / "file.zip"


def test_a_file_comes_whole_and_leaves_nothing_beside_it(server: FileServer, target: Path) -> None:
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == {"file.zip"}
    assert [request.range for request in server.seen] == [None]


def test_a_broken_connection_is_resumed_where_it_broke(server: FileServer, target: Path) -> None:
    server.cut_after = [CUT, CUT // 2]
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert [request.range for request in server.seen] == [None, f"bytes={CUT}-", f"bytes={CUT + CUT // 2}-"]
    assert [request.status for request in server.seen] == [200, 206, 206]
    assert server.sent == len(CONTENT)


def test_of_a_broken_connection_less_than_a_chunk_is_lost(server: FileServer, target: Path) -> None:
    server.cut_after = [CUT + 1234]
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert [request.range for request in server.seen] == [None, f"bytes={CUT}-"]


def test_a_later_call_goes_on_from_an_earlier_one(server: FileServer, target: Path) -> None:
    server.cut_after = [CUT, 0, 0, 0, 0]
    with pytest.raises(DownloadError, match=r"/file.zip could not be fetched: .*5 tries in a row.*next try goes on"):
        fetch(server, target)
    assert not target.exists()
    assert partial(target).stat().st_size == CUT
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert server.seen[-1].range == f"bytes={CUT}-"
    assert server.seen[-1].if_range == server.etag("/file.zip")
    assert server.sent == len(CONTENT)


def test_a_server_without_ranges_is_asked_from_the_start(server: FileServer, target: Path) -> None:
    server.ranges = False
    server.cut_after = [CUT]
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert [request.status for request in server.seen] == [200, 200]


def test_without_a_validator_nothing_is_pieced_together(server: FileServer, target: Path) -> None:
    server.etags = "none"
    server.cut_after = [CUT]
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert [request.range for request in server.seen] == [None, None]


def test_a_weak_etag_is_passed_over_for_the_date(server: FileServer, target: Path) -> None:
    server.etags = "weak"
    server.cut_after = [CUT]
    fetch(server, target)
    assert target.read_bytes() == CONTENT
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
    assert target.read_bytes() == CONTENT
    assert [request.range for request in server.seen] == [None, f"bytes={CUT}-"]


@pytest.mark.parametrize("honours_if_range", [True, False])
def test_a_file_that_changed_meanwhile_is_fetched_anew(
    server: FileServer, target: Path, honours_if_range: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.cut_after = [CUT, 0, 0, 0, 0]
    with pytest.raises(DownloadError):
        fetch(server, target)
    changed = CONTENT[::-1]
    server.files["/file.zip"] = changed
    if not honours_if_range:
        answer = server.answer

        def ignoring_if_range(handler: object) -> None:
            del handler.headers["If-Range"]  # type: ignore[attr-defined]
            answer(handler)  # type: ignore[arg-type]

        monkeypatch.setattr(server, "answer", ignoring_if_range)
    fetch(server, target)
    assert target.read_bytes() == changed


def test_all_of_it_had_come_already(server: FileServer, target: Path) -> None:
    server.cut_after = [2_000_000, 0, 0, 0, 0]
    with pytest.raises(DownloadError):
        fetch(server, target)
    partial(target).write_bytes(CONTENT)  # as if the process had been killed just before renaming
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert server.seen[-1].status == 416


def test_more_than_all_of_it_is_thrown_away(server: FileServer, target: Path) -> None:
    server.cut_after = [2_000_000, 0, 0, 0, 0]
    with pytest.raises(DownloadError):
        fetch(server, target)
    partial(target).write_bytes(CONTENT + b"tail")
    fetch(server, target)
    assert target.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(server: FileServer, target: Path) -> None:
    server.failures = [503, 502, 429]
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert [request.status for request in server.seen] == [503, 502, 429, 200]


@pytest.mark.parametrize(("asked", "waits"), [("7", 7.0), ("3600", 60.0), ("Fri, 13 Nov", 0.01)])
def test_a_busy_server_says_how_long_to_wait(
    server: FileServer, target: Path, monkeypatch: pytest.MonkeyPatch, asked: str, waits: float
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("imagenet_s.conversion.annotations.http.time.sleep", waited.append)
    server.failures, server.retry_after = [429], asked
    fetch(server, target)
    assert waited == [waits]


def test_a_busy_server_is_not_asked_for_ever(server: FileServer, target: Path) -> None:
    server.failures = [503] * 100
    with pytest.raises(DownloadError, match=r"answers 503 .*\(5 tries in a row\)"):
        fetch(server, target)
    assert len(server.seen) == 5


def test_a_server_that_breaks_off_at_the_same_place_is_given_up(server: FileServer, target: Path) -> None:
    server.ranges = False
    server.cut_after = [CUT] * 100
    with pytest.raises(DownloadError, match="tries in a row"):
        fetch(server, target)
    assert len(server.seen) <= 6


def test_a_refusal_is_final(server: FileServer, target: Path) -> None:
    with pytest.raises(DownloadError, match=r"/nothing could not be fetched: the server answers 404 Not Found"):
        download(f"{server.url}/nothing", target, backoff=0.01)
    assert len(server.seen) == 1
    assert leftovers(target) == set()


def test_redirects_are_followed_and_resumed(server: FileServer, target: Path) -> None:
    server.redirects["/release"] = "/file.zip"
    server.cut_after = [CUT]
    download(f"{server.url}/release", target, backoff=0.01)
    assert target.read_bytes() == CONTENT
    assert [request.range for request in server.seen] == [None, None, f"bytes={CUT}-", f"bytes={CUT}-"]


def test_no_server_at_all(target: Path) -> None:
    with FileServer() as gone:
        url = gone.url
    with pytest.raises(DownloadError, match=r"file\.zip could not be fetched: [^(]*Connection refused \(2 tries"):
        download(f"{url}/file.zip", target, backoff=0.001)


def test_a_proxy_of_the_environment_is_used(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FileServer({"http://elsewhere.invalid/file.zip": CONTENT}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        download("http://elsewhere.invalid/file.zip", target, backoff=0.01)
    assert target.read_bytes() == CONTENT
