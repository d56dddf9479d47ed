"""A browser for the tests: Chromium without a window, driven over a pipe by the DevTools protocol.

Messages are JSON, each ended by a zero byte; Chromium reads them from file descriptor 3 and writes to 4. No port is
opened and nothing but the standard library is needed.
"""

import base64
import json
import queue
import subprocess
import threading
import time
from pathlib import Path

# As few processes as a container allows, and not one request of the browser's own.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]
TIMEOUT = 30


class Browser:
    """A running Chromium with an empty profile."""

    def __init__(self, executable, profile):
        # The shell moves the pipes to the descriptors that Chromium expects; its own output goes nowhere.
        command = ["sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1', "sh", executable, *FLAGS]
        self._process = subprocess.Popen(
            [*command, f"--user-data-dir={profile}", "about:blank"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._answers = {}
        self._arrived = queue.Queue()
        self._pages = {}
        self._number = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        rest = b""
        while chunk := self._process.stdout.read1(1 << 16):
            *whole, rest = (rest + chunk).split(b"\0")
            for message in whole:
                self._arrived.put(json.loads(message))
        self._arrived.put(None)

    def call(self, method, session=None, **params):
        """Send a command and wait for its answer; what else arrives meanwhile goes to its page."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        self._process.stdin.flush()
        deadline = time.monotonic() + TIMEOUT
        while number not in self._answers:
            self._take(max(0.01, deadline - time.monotonic()), f"{method} was not answered")
        answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _take(self, timeout, otherwise):
        try:
            message = self._arrived.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"{otherwise} within {TIMEOUT} s") from None
        if message is None:
            raise RuntimeError("Chromium has ended")
        if "id" in message:
            self._answers[message["id"]] = message
        elif message.get("sessionId") in self._pages:
            self._pages[message["sessionId"]].note(message["method"], message["params"])

    def open(self, url, *, width=1280, height=900, dark=False):
        """A page of its own for an address, loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        page.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        page.call("Page.navigate", url=url)
        page.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")
        return page

    def close(self):
        """End Chromium, gently or else by force."""
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (RuntimeError, OSError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()


class Page:
    """One tab: what it asked of the network, what went wrong in it, and what its scripts say."""

    def __init__(self, browser, session):
        self._browser = browser
        self._session = session
        self.requests = []
        """Every address the page asked for, its own first."""
        self.errors = []
        """Uncaught exceptions, console errors and failed or blocked loads, as text."""

    def call(self, method, **params):
        return self._browser.call(method, self._session, **params)

    def note(self, method, params):
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(f"{params['entry']['text']} ({params['entry'].get('url', '')})")
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.errors.append(" ".join(str(one.get("value", one.get("description"))) for one in params["args"]))

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", expression))
        return answer["result"].get("value")

    def wait_for(self, expression, seconds=TIMEOUT):
        """Wait until an expression is true."""
        deadline = time.monotonic() + seconds
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true within {seconds} s: {expression}")
            time.sleep(0.05)

    def resize(self, width, height=900):
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def sticks_out(self):
        """Visible elements beyond the right edge, as text; what scrolls in a box of its own does not count."""
        return self.evaluate(_STICKS_OUT)

    def screenshot(self, path, *, whole=True):
        """A PNG of the page, for people to look at."""
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=whole, format="png")["data"]
        Path(path).write_bytes(base64.b64decode(picture))


_STICKS_OUT = """
(() => {
  const width = document.documentElement.clientWidth;
  const scrolls = e => e && (['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX)
                             && e !== document.body || scrolls(e.parentElement));
  return [...document.body.querySelectorAll('*')]
    .filter(e => e.getClientRects().length && e.getBoundingClientRect().right > width + 0.5 && !scrolls(e))
    .map(e => `${e.tagName} ${e.className} ${Math.round(e.getBoundingClientRect().right)} > ${width}: `
              + e.textContent.slice(0, 40));
})()
"""
