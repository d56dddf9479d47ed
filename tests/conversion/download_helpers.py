"""A server with one file of three megabytes, and a place to fetch it to."""

from __future__ import annotations

import random
from pathlib import Path

from http_files import FileServer

from imagenet_s.conversion.annotations.http import download

CHUNK = 1 << 16
CUT = 20 * CHUNK
CONTENT = random.Random(0).randbytes(3_000_000)


def fetch(server: FileServer, target: Path, **arguments: object) -> None:
    download(f"{server.url}/file.zip", target, backoff=0.01, **arguments)  # type: ignore[arg-type]


def partial(target: Path) -> Path:
    return target.with_name("file.zip.incomplete")


def leftovers(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir() if not path.name.endswith(".lock")}
