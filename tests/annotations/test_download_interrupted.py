"""`imagenet-s download`, killed or stopped in the middle of any of its files, and run again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from http_files import FileServer

from imagenet_s.conversion.facts import OFFICIAL

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from annotation_files import pin
from imagenet_s.cli.main import main
pin(Path({official!r}), "50")
sys.exit(main(["download", "--annotations-dir", {target!r}, "--config", "50"]))
"""


class Pausing:
    """A server that answers the request with a number by half of its file, and is then silent until it is freed."""

    def __init__(self, server: FileServer, number: int) -> None:
        self.reached, self.freed = threading.Event(), threading.Event()
        self._answer, self._server, self._left = FileServer.answer, server, number

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        self._left -= 1
        if self._left != 0:
            self._answer(self._server, handler)
            return
        content = self._server.files[handler.path]
        handler.send_response(200)
        handler.send_header("ETag", self._server.validators(handler.path)["ETag"])
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2])
        handler.wfile.flush()
        self.reached.set()
        self.freed.wait(60)
        handler.close_connection = True


@pytest.mark.parametrize(
    ("number", "rounds"), [(signal.SIGKILL, 1), *(pytest.param(code, 6, marks=pytest.mark.slow) for code in EXIT_CODES)]
)
def test_interrupted(
    number: signal.Signals, rounds: int, mirror: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever had come is complete or has no final name; the same command fetches the rest."""
    official, target = tmp_path / "official", tmp_path / "into"
    names = {OFFICIAL.archives["50"].file, *(item.file for item in OFFICIAL.lists["50"].values())}
    moments = random.Random(f"{number} {rounds}")
    for _ in range(rounds):
        missing = [name for name in names if not (target / name).exists()]
        pausing = Pausing(mirror, moments.randint(1, (len(missing) + 1) // 2))
        monkeypatch.setattr(mirror, "answer", pausing)
        process = start(official, target)
        assert pausing.reached.wait(60)
        time.sleep(moments.choice([0, 0.05]))
        process.send_signal(number)
        # A signal ends it although the server says nothing: nobody waits for a timeout of the connection.
        stderr = process.communicate(timeout=60)[1]
        pausing.freed.set()
        monkeypatch.setattr(mirror, "answer", FileServer.answer.__get__(mirror))
        assert process.returncode == EXIT_CODES[number], stderr
        assert "Traceback" not in stderr
        for path in target.iterdir():
            if path.name in names:
                assert path.read_bytes() == (official / path.name).read_bytes(), "a final name means a complete file"
    process = start(official, target)
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode == 0, stderr
    contents = {path.name: path.read_bytes() for path in target.iterdir() if not path.name.endswith(".lock")}
    assert contents == {name: (official / name).read_bytes() for name in names}


def start(official: Path, target: Path) -> subprocess.Popen[str]:
    script = SCRIPT.format(tests=str(Path(__file__).parent), official=str(official), target=str(target))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", script], text=True, env=dict(os.environ), **pipes)
