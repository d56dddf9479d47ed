"""One file over HTTP: resumed where it broke off, checked, and never half there under its own name.

`requests` and not `huggingface_hub`: hub's `http_get` is private and changed between 0.x and 2.x. Not `urllib`
either: it reads the certificates of the system, which a python.org Python on macOS does not have. `requests` follows
redirects and the proxy variables, brings its certificates, and is there because `evaluate` needs it.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.locking import locked

if TYPE_CHECKING:
    import requests

logger = logging.getLogger("imagenet_s")

_CHUNK = 1 << 16
"""Bytes written at a time, and at most so many are lost when a connection breaks off."""
_TIMEOUT = (10.0, 30.0)
"""Seconds until a connection stands, and between two pieces of data."""
_PATIENCE = 5
"""Tries in a row that bring no new byte, from a server that has answered."""
_PATIENCE_UNANSWERED = 2
"""The same where none has: most likely there is no connection at all."""
_LONGEST_WAIT = 60.0
"""Seconds before another try, whatever the server asks for."""
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class DownloadError(ImageNetSError):
    """A file could not be fetched: no connection, or the server refused it."""


class _BrokenOffError(Exception):
    """The connection ended early, or the server was busy; what came is kept and the rest worth another try.

    Args:
        message: what happened.
        wait: seconds that the server asked to wait.
    """

    def __init__(self, message: str, wait: str | None = None) -> None:
        super().__init__(message)
        self.wait = min(float(wait), _LONGEST_WAIT) if wait is not None and wait.isdigit() else 0.0


def download(
    url: str,
    target: Path,
    *,
    check: Callable[[Path], None] | None = None,
    replace: bool = False,
    backoff: float = 1.0,
) -> None:
    """Fetch one file, going on from what an earlier try left behind.

    What has come so far lies beside the target as `<name>.incomplete`, with the server's validator (ETag or
    Last-Modified) in `<name>.incomplete.json`: the next try asks for the rest with Range and If-Range, and starts
    again where the file has changed in the meantime or the server knows no ranges. Of several processes that fetch
    into one folder, one does and the others wait.

    Args:
        url: http or https address; redirects are followed, the proxy variables of the environment respected.
        target: where the file goes; its folder is made.
        check: looks at the complete file before it gets its name, and raises ImageNetSError if it is not the right
            one. What failed the check is deleted.
        replace: whether to fetch it although the target exists; the old one stays until the new one is right.
        backoff: seconds before the second try without progress; doubled each time.

    Raises:
        DownloadError: no connection, the server refuses, or several tries in a row brought nothing.
        ImageNetSError: what came failed the check.
        OSError: the disk is full, or the folder cannot be written to.
    """
    # One lock a folder: it is often a folder of the user's, and one file more in it is enough.
    with locked(target.parent / ".imagenet-s.lock", f"is fetching files into {target.parent}"):
        if target.exists() and not replace:
            return
        partial = _Partial(target, url)
        from_before = partial.size > 0 and bool(partial.validator)
        while True:
            _fetch(url, partial, backoff)
            try:
                if check is not None:
                    check(partial.path)
            except ImageNetSError:
                partial.remove()
                if not from_before:
                    raise
                # Its first part may have been spoiled when an earlier run broke off: once more, from nothing.
                logger.warning("%s was not right after resuming; it is fetched again from the start.", target.name)
                from_before = False
                continue
            partial.finish()
            return


def _fetch(url: str, partial: _Partial, backoff: float) -> None:
    import requests  # only where something is downloaded: it takes longer to import than the rest of this folder
    from requests.exceptions import ChunkedEncodingError

    failures, furthest, answered = 0, partial.size, False
    with requests.Session() as session:
        while True:
            try:
                _fetch_once(session, url, partial)
                return
            except requests.exceptions.SSLError as e:
                raise DownloadError(f"{url} could not be fetched: {_reason(e)}.") from e
            except (_BrokenOffError, requests.ConnectionError, requests.Timeout, ChunkedEncodingError) as e:
                answered = answered or isinstance(e, _BrokenOffError) or partial.size > 0
                failures = 1 if partial.size > furthest else failures + 1
                furthest = max(furthest, partial.size)
                if failures >= (_PATIENCE if answered else _PATIENCE_UNANSWERED):
                    kept = " What has come is kept; the next try goes on from there." if partial.size else ""
                    raise DownloadError(
                        f"{url} could not be fetched: {_reason(e)} ({failures} tries in a row).{kept}"
                    ) from e
                logger.info("%s: %s; trying again.", partial.target.name, _reason(e))
                time.sleep(max(backoff * 2 ** (failures - 1), getattr(e, "wait", 0.0)))
            except requests.RequestException as e:
                raise DownloadError(f"{url} could not be fetched: {_reason(e)}.") from e


def _fetch_once(session: requests.Session, url: str, partial: _Partial) -> None:
    if not partial.validator:
        partial.remove()  # Nothing says which version of the file it is the beginning of.
    offset, validator = partial.size, partial.validator
    # No compression on the way: a range counts the bytes that are sent.
    headers = {"Accept-Encoding": "identity", "User-Agent": "imagenet-s"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        status = response.status_code
        if status == 416:
            if response.headers.get("Content-Range") == f"bytes */{offset}":
                return  # All of it had come already.
            partial.remove()
            raise _BrokenOffError("the file has changed on the server")
        if status in _TRY_AGAIN:
            raise _BrokenOffError(f"the server answers {status} {response.reason}", response.headers.get("Retry-After"))
        if status not in (200, 206):
            raise DownloadError(f"{url} could not be fetched: the server answers {status} {response.reason}.")
        fresh = _validator(response)
        if status == 206 and (not _continues(response, offset) or fresh != validator):
            partial.remove()
            raise _BrokenOffError("the file has changed on the server")
        if status == 200:
            offset = 0
            partial.start(fresh)
        length = response.headers.get("Content-Length")
        total = offset + int(length) if length is not None and length.isdigit() else None
        with (
            partial.path.open("ab") as file,
            tqdm(
                desc=partial.target.name,
                total=total,
                initial=offset,
                unit="B",
                unit_scale=True,
                unit_divisor=1024,
                delay=0.5,
            ) as bar,
        ):
            for piece in response.iter_content(_CHUNK):
                file.write(piece)
                bar.update(len(piece))
        if total is not None and partial.size < total:
            raise _BrokenOffError(f"the connection broke off after {partial.size:,} of {total:,} bytes")


class _Partial:
    """What has come of a file so far, and which version of it."""

    def __init__(self, target: Path, url: str) -> None:
        self.target, self.url = target, url
        self.path = target.with_name(f"{target.name}.incomplete")
        self.note = target.with_name(f"{target.name}.incomplete.json")
        self.validator = ""
        try:
            noted = json.loads(self.note.read_text(encoding="utf-8"))
            if noted["url"] == url:
                self.validator = str(noted["validator"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            pass

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def start(self, validator: str) -> None:
        self.remove()
        self.validator = validator
        if validator:
            self.note.write_text(json.dumps({"url": self.url, "validator": validator}), encoding="utf-8")
        self.path.touch()

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


def _continues(response: requests.Response, offset: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")


def _reason(error: BaseException) -> str:
    # requests wraps urllib3's error, which wraps the one that says something: "Connection refused".
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
    text = " ".join(str(getattr(inner, "reason", None) or inner).split()) or type(error).__name__
    return text.split("): ", 1)[1] if text.startswith("HTTP") and "): " in text else text
