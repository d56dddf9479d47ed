"""Downloads: resumed after an interruption, checked, and renamed to the final name only when complete.

`requests` and not `huggingface_hub`: hub's `http_get` is private and changed between 0.x and 2.x. Not `urllib`
either: it reads the certificates of the system, which a python.org Python on macOS does not have. `requests` follows
redirects and the proxy variables, brings its certificates, and is there because `evaluate` needs it; its `urllib3`
repeats requests that get no answer or a temporary refusal. Resuming a broken body no library does.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError
from tqdm import tqdm
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from ..core.errors import DownloadError, ImageNetSError
from ..core.locks import locked

logger = logging.getLogger("imagenet_s")

_CHUNK = 1 << 16
"""Bytes written at a time; at most so many are lost when a connection breaks."""
_TIMEOUT = (10.0, 30.0)
"""Seconds until a connection is established, and between two pieces of data."""
_TRIES = 5
"""How often a server that has answered is asked again without a new byte."""
_RETRY_AFTER_MAX = 60.0
"""Seconds to wait at most, whatever the server asks for."""
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_INTERRUPTIONS = (requests.ConnectionError, requests.Timeout, ChunkedEncodingError)


class _Retry(Retry):
    """Caps Retry-After and ignores a malformed one. urllib3 has an argument for the cap, but only since 2.6."""

    def parse_retry_after(self, retry_after: str) -> float:
        try:
            return min(super().parse_retry_after(retry_after), _RETRY_AFTER_MAX)
        except InvalidHeader:
            return 0.0


def download(
    url: str, target: Path, *, check: Callable[[Path], None] | None = None, replace: bool = False, backoff: float = 1.0
) -> None:
    """Download one file, resuming the partial file of an earlier call.

    Until it is complete it is called `<name>.incomplete`, with the server's validator (ETag or Last-Modified) in
    `<name>.incomplete.json`: the rest is requested with Range and If-Range, and all of it where the file has changed
    on the server or the server supports no ranges. Of several processes that fetch into one folder, one does and the
    others wait.

    Args:
        url: http or https address; redirects are followed, the proxy variables of the environment respected.
        target: the path of the file; its folder is made.
        check: is given the complete file before it gets its name, and raises ImageNetSError if it is not the right
            one; it is deleted then.
        replace: whether to fetch it although the target exists; the old one stays until the new one is right.
        backoff: seconds before the second try without progress; doubled each time.

    Raises:
        DownloadError: no connection, the server refuses, or several tries in a row brought nothing.
        ImageNetSError: the file failed the check.
        OSError: the disk is full, or the folder cannot be written to.
    """
    # One lock a folder: it is often a folder of the user's, and one file more in it is enough.
    with locked(target.parent / ".imagenet-s.lock", f"is fetching files into {target.parent}"):
        if target.exists() and not replace:
            return
        partial = _Partial(target, url)
        resumed = partial.size > 0 and partial.validator != ""
        while True:
            _fetch(url, partial, backoff)
            try:
                if check is not None:
                    check(partial.path)
                return partial.finish()
            except ImageNetSError:
                partial.remove()
                if not resumed:
                    raise
                # A crash of the machine may have damaged the part of the earlier call: once more, from the start.
                logger.warning("%s was not right after resuming; it is fetched again from the start.", target.name)
                resumed = False


def _fetch(url: str, partial: _Partial, backoff: float) -> None:
    # One retry where there is no answer: most likely there is no connection at all.
    retries = _Retry(
        _TRIES - 1, connect=1, read=1, other=1, status_forcelist=_BUSY, backoff_factor=backoff, raise_on_status=False
    )
    answered, failures, furthest = False, 0, partial.size
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=retries))
        session.mount("https://", HTTPAdapter(max_retries=retries))
        while True:
            try:
                with session.get(url, headers=partial.headers(), stream=True, timeout=_TIMEOUT) as response:
                    answered = True
                    return _receive(response, partial)
            except requests.RequestException as error:
                failures = 1 if partial.size > furthest else failures + 1
                furthest = max(furthest, partial.size)
                message = f"{url} could not be fetched: {_reason(error)}"
                message += f" ({failures} tries in a row)." if failures == _TRIES else "."
                if not (answered and failures < _TRIES and isinstance(error, _INTERRUPTIONS)):
                    kept = " The partial file is kept; the next try resumes there." if partial.size else ""
                    raise DownloadError(message + kept) from error
                logger.info("%s Trying again.", message)
                time.sleep(backoff * 2 ** (failures - 1))


def _receive(response: requests.Response, partial: _Partial) -> None:
    """Append the body to the partial file, or replace it if the body is the complete file.

    Raises:
        requests.HTTPError: the server refuses.
        requests.ConnectionError: the connection broke, or the file has changed; what is valid is kept.
    """
    if response.status_code not in (200, 206, 416):
        raise requests.HTTPError(f"the server answers {response.status_code} {response.reason}")
    offset, total = partial.size, None
    served = response.headers.get("Content-Range", "")
    if response.status_code == 416 and served == f"bytes */{offset}":
        return  # It was complete already.
    if response.status_code == 200:
        offset = 0
        partial.restart(_validator(response))
    elif not served.startswith(f"bytes {offset}-") or _validator(response) != partial.validator:
        partial.remove()
        raise requests.ConnectionError("the file has changed on the server")
    if (length := response.headers.get("Content-Length", "")).isdigit():
        total = offset + int(length)
    name = partial.target.name
    bar = tqdm(desc=name, total=total, initial=offset, unit="B", unit_scale=True, unit_divisor=1024, delay=0.5)
    with bar, open(partial.path, "ab") as file:
        for piece in response.iter_content(_CHUNK):
            file.write(piece)
            bar.update(len(piece))
    if total is not None and partial.size < total:  # urllib3 1.x says nothing
        raise requests.ConnectionError(f"the connection broke after {partial.size:,} of {total:,} bytes")


class _Partial:
    """A partial file, and the validator (ETag or Last-Modified) of the version that it is a part of."""

    def __init__(self, target: Path, url: str) -> None:
        self.target, self.url, self.validator = target, url, ""
        self.path = target.with_name(f"{target.name}.incomplete")
        self.note = target.with_name(f"{target.name}.incomplete.json")
        try:
            noted = json.loads(self.note.read_text(encoding="utf-8"))
            self.validator = str(noted["validator"]) if noted["url"] == url else ""
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def headers(self) -> dict[str, str]:
        """The headers of a request for the missing bytes."""
        if not self.validator:
            self.remove()  # Nothing says which version it is a part of.
        # No compression: a range counts the bytes that are sent.
        headers = {"Accept-Encoding": "identity", "User-Agent": "imagenet-s"}
        return headers | ({"Range": f"bytes={self.size}-", "If-Range": self.validator} if self.size else {})

    def restart(self, validator: str) -> None:
        self.remove()
        self.validator = validator
        if validator:
            self.note.write_text(json.dumps({"url": self.url, "validator": validator}), encoding="utf-8")

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.validator = ""

    def finish(self) -> None:
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(self.path, self.target)
        self.note.unlink(missing_ok=True)


def _validator(response: requests.Response) -> str:
    # A weak ETag says nothing about single bytes and is not allowed in If-Range (RFC 9110, 13.1.5).
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _reason(error: BaseException) -> str:
    # requests wraps urllib3's error, which wraps the one that says something: "Connection refused".
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
    text = " ".join(str(getattr(inner, "reason", None) or inner).split()) or type(error).__name__
    return text.split("): ", 1)[1] if text.startswith("HTTP") and "): " in text else text
