"""A browser for all tests of this folder, and servers on localhost that write down what they are asked for."""

import http.server
import shutil
import threading
from functools import partial

import pytest

from .cdp import Browser


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    executable = shutil.which("chromium")
    if executable is None:
        pytest.fail("chromium is not installed: `make test-chromium` sees to it")
    running = Browser(executable, tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


@pytest.fixture
def serve(tmp_path):
    """`serve(files)` puts name -> text on localhost; returns the address and the list of paths asked for."""
    servers = []

    def start(files):
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *args):
                asked.append(self.path)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
