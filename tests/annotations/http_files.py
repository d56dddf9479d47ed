"""An HTTP server on localhost that can misbehave: it drops connections, ignores ranges, answers 503."""

from __future__ import annotations

import random
import re
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from imagenet_s.conversion.annotations.http import DownloadError, download

CONTENT = random.Random(0).randbytes(3_000_000)
CUT = 20 << 16
"""Where connections break: a multiple of the bytes that are written at a time."""


@dataclass
class Request:
    """A request, and what was sent for it."""

    path: str
    range: str | None
    if_range: str | None
    status: int = 0
    sent: int = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FileServer

    def do_GET(self) -> None:
        self.server.answer(self)

    def log_message(self, *_: object) -> None:
        pass


class FileServer(ThreadingHTTPServer):
    """Listens until the end of a `with` statement.

    Attributes:
        files: path -> content.
        redirects: path -> Location.
        ranges, if_range: whether it supports ranges, and compares If-Range.
        etags: `"strong"`, `"weak"` with a date of modification, or `"none"` of either.
        failures: the status of each request to come, until it is empty.
        cut_after: after how many bytes of each body to come the connection breaks, until it is empty.
        hang_ups: for each request to come, whether the connection breaks before there is an answer.
        seen: the requests so far.
    """

    def __init__(self, files: Mapping[str, bytes] = {}) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files, self.redirects = dict(files), {}
        self.ranges, self.if_range, self.etags, self.retry_after = True, True, "strong", "0"
        self.failures: list[int] = []
        self.cut_after: list[int | None] = []
        self.hang_ups: list[bool] = []
        self.seen: list[Request] = []
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    def server_close(self) -> None:
        self.shutdown()
        super().server_close()

    @property
    def sent(self) -> int:
        return sum(request.sent for request in self.seen)

    def validators(self, path: str) -> dict[str, str]:
        """The fields that say which version of a file this is."""
        version = zlib.crc32(self.files[path])
        weak = {"ETag": f'W/"{version:x}"', "Last-Modified": formatdate(version, usegmt=True)}
        return {"strong": {"ETag": f'"{version:x}"'}, "weak": weak, "none": {}}[self.etags]

    def respond(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        if request.path in self.redirects:
            return 302, {"Location": self.redirects[request.path]}, b""
        if self.failures:
            return self.failures.pop(0), {"Retry-After": self.retry_after}, b""
        if request.path not in self.files:
            return 404, {}, b""
        content, fields = self.files[request.path], self.validators(request.path)
        wanted = re.fullmatch(r"bytes=(\d+)-", request.range or "")
        same = request.if_range in (None, *fields.values()) or not self.if_range
        if not (self.ranges and wanted and same):
            return 200, fields, content
        start, size = int(wanted[1]), len(content)
        if start >= size:
            return 416, {"Content-Range": f"bytes */{size}"}, b""
        return 206, {**fields, "Content-Range": f"bytes {start}-{size - 1}/{size}"}, content[start:]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        request = Request(handler.path, handler.headers.get("Range"), handler.headers.get("If-Range"))
        self.seen.append(request)
        if self.hang_ups and self.hang_ups.pop(0):
            handler.close_connection = True
            return
        request.status, fields, body = self.respond(request)
        handler.send_response(request.status)
        for name, value in {**fields, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        limit = self.cut_after.pop(0) if self.cut_after and body else None
        request.sent = len(body[:limit])  # before the last byte, after which the client may send the next request
        handler.wfile.write(body[:limit])
        handler.close_connection = limit is not None


def fetch(server: FileServer, target: Path, **arguments: Any) -> None:
    """Download the file; it is complete, or the error is raised."""
    download(f"{server.url}/file.zip", target, backoff=0.001, **arguments)
    assert target.read_bytes() == server.files["/file.zip"]


def fetch_a_part(server: FileServer, target: Path, size: int = CUT) -> Path:
    """The connection breaks until the client gives up; returns the incomplete file."""
    server.cut_after = [size, 0, 0, 0, 0]
    with pytest.raises(DownloadError, match=r"/file.zip could not be fetched: .*5 tries in a row.*next try resumes"):
        fetch(server, target)
    assert not target.exists()
    return target.with_name("file.zip.incomplete")


def names_beside(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir() if not path.name.endswith(".lock")}
