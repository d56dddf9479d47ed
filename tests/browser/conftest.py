"""Pages in the distribution's Chromium, driven by pytest-playwright; whatever goes wrong in one fails its test."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """As few processes as a container allows, and not one request of the browser's own."""
    executable = shutil.which("chromium")
    assert executable, "chromium is not installed: `make test-chromium` sees to it"
    flags = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update"
    args = [f"--{flag}" for flag in [*flags.split(), "disable-sync"]]
    return {**browser_type_launch_args, "executable_path": executable, "args": args}


@pytest.fixture
def visit(new_context):
    """`visit(url)` opens a page; at the end `visit.faults` holds its errors and its requests to elsewhere: none."""

    def opened(url, *, width=1280, dark=False):
        screen = {"viewport": {"width": width, "height": 900}, "is_mobile": width < 600}
        page = new_context(**screen, color_scheme="dark" if dark else "light").new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if line.type in ("error", "assert") else None)
        own = (url, "data:", "blob:")
        page.on("request", lambda one: None if one.url.startswith(own) else faults.append(one.url))
        page.goto(url)
        return page

    opened.faults = faults = []
    yield opened
    assert faults == []


@contextlib.contextmanager
def _app(module, folder):
    """The address of the Space of a metric, run from a copy of its folder: the package is not to be found there."""
    source = Path(__file__).resolve().parents[2] / "metrics" / module
    shutil.copytree(source, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    settings = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    settings |= {"HF_HOME": f"{folder}/home", "GRADIO_TEMP_DIR": f"{folder}/uploads", "TMPDIR": str(folder)}
    command, environment = ["timeout", "600", sys.executable, "app.py"], {**os.environ, **settings}
    with subprocess.Popen(command, cwd=folder / "app", env=environment, stdout=subprocess.PIPE, text=True) as app:
        address = next((line.split()[-1] for line in app.stdout if "http://127.0.0.1:" in line), None)
        assert address, "the app has ended; it says why on stderr"
        yield address
        app.terminate()


@pytest.fixture(scope="module")
def space(request, tmp_path_factory):
    """The address of the Space that a test module names as `SPACE`, while its tests run."""
    with _app(request.module.SPACE, tmp_path_factory.mktemp("space")) as address:
        yield address


@pytest.fixture(scope="session")
def barriers():
    """`barriers(page)`: what axe-core finds that a screen reader, a keyboard or weak eyes cannot get past."""
    from axe_playwright_python.sync_playwright import Axe

    def found(page):
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        violations = Axe().run(page).response["violations"]
        return [
            f"{violation['id']} ({violation['help']}): {violation['nodes'][0]['html'][:200]}"
            for violation in violations
        ]

    return found


@pytest.fixture(scope="session")
def too_wide():
    """`too_wide(page)`: what is beyond the right edge, as text; what scrolls in a box of its own does not count."""
    return lambda page: page.evaluate("""() => {
      const {scrollWidth, clientWidth: width} = document.documentElement;
      const scrolls = e => e && (['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX)
                                 && e !== document.body || scrolls(e.parentElement));
      return [...document.body.querySelectorAll('*')]
        .filter(e => e.getClientRects().length && e.getBoundingClientRect().right > width + 0.5 && !scrolls(e))
        .map(e => `${e.tagName} ${e.className}: ${e.textContent.slice(0, 40)}`)
        .concat(scrollWidth > width ? [`the page: ${scrollWidth} > ${width}`] : []);
    }""")


@pytest.fixture(scope="session")
def pairs():
    """name -> (prediction, reference): 16 masks of ids 1..300, predicted as clusters, shifted, a quarter not at all."""
    generator = np.random.default_rng(4)
    made = {}
    for number in range(16):
        reference = np.zeros((40, 50), np.uint16)
        for label in (number % 10 + 1, 290 - 8 * number):
            height, width = generator.integers(4, (39, 49))
            reference[:height, -width:] = label
        reference[-4:] = np.arange(50) // 7 + 8 * number + 20  # eight small ones
        prediction = np.roll(np.where(reference > 0, reference + 7, 0), 3, axis=1) * (number % 4 > 0)
        reference[:2] = 1000
        made[f"mask_{number:02}.png"] = prediction.astype(np.uint16), reference
    return made
