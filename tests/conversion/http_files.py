"""A real HTTP server on localhost whose manners can be spoiled: it drops connections, ignores ranges, answers 503."""

from __future__ import annotations

import re
import threading
import zlib
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Seen:
    """A request as it came in, and how many bytes of the file were sent for it."""

    path: str
    range: str | None
    if_range: str | None
    status: int = 0
    sent: int = 0


@dataclass
class FileServer:
    """Serves `files` (path -> content); what is in `cut_after` and `failures` is used up, one a request."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    etags: str = "strong"
    """`"strong"`, `"weak"` with a date of modification, or `"none"` of either."""
    retry_after: str = "0"
    cut_after: list[int | None] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> FileServer:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def etag(self, path: str) -> str:
        return f'"{zlib.crc32(self.files[path]):x}"'

    def validators(self, path: str) -> dict[str, str]:
        """The fields that say which version of a file this is."""
        if self.etags == "strong":
            return {"ETag": self.etag(path)}
        if self.etags == "weak":
            seconds = zlib.crc32(self.files[path])
            return {"ETag": f"W/{self.etag(path)}", "Last-Modified": formatdate(seconds, usegmt=True)}
        return {}

    @property
    def sent(self) -> int:
        return sum(request.sent for request in self.seen)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        headers = handler.headers
        seen = Seen(handler.path, headers.get("Range"), headers.get("If-Range"))
        self.seen.append(seen)
        if handler.path in self.redirects:
            return self._reply(handler, seen, 302, {"Location": self.redirects[handler.path]})
        if self.failures:
            return self._reply(handler, seen, self.failures.pop(0), {"Retry-After": self.retry_after})
        if handler.path not in self.files:
            return self._reply(handler, seen, 404, {})
        content = self.files[handler.path]
        fields = self.validators(handler.path)
        start, status = 0, 200
        wanted = re.fullmatch(r"bytes=(\d+)-", seen.range or "")
        if self.ranges and wanted and seen.if_range in (None, *fields.values()):
            start = int(wanted[1])
            if start >= len(content):
                return self._reply(handler, seen, 416, {"Content-Range": f"bytes */{len(content)}"})
            status = 206
            fields["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._reply(handler, seen, status, fields, content[start:])

    def _reply(
        self, handler: BaseHTTPRequestHandler, seen: Seen, status: int, fields: dict[str, str], body: bytes = b""
    ) -> None:
        seen.status = status
        handler.send_response(status)
        for name, value in {**fields, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        limit = self.cut_after.pop(0) if self.cut_after and body else None
        part = body if limit is None else body[:limit]
        seen.sent = len(part)  # before the last byte, after which the client may go on and ask
        handler.wfile.write(part)
        if limit is not None:
            handler.wfile.flush()
            handler.close_connection = True  # before what Content-Length promised
