"""The checks of this folder would notice: a page with every fault they look for."""

import pytest

pytestmark = pytest.mark.chromium

FAULTY = """<!doctype html><meta charset="utf-8"><body><div style="width:2000px">wide</div>
<div style="overflow-x:auto"><p style="width:3000px">scrolls by itself</p></div>
<img src="nowhere.png"><script>console.error("complaint"); setTimeout(() => { throw new Error("broken") })</script>"""

EMPTY = '<!doctype html><meta name="viewport" content="width=device-width"><title>empty</title>'


def test_faults_are_seen(browser, serve):
    address, asked = serve({"faulty.html": FAULTY})
    page = browser.open(f"{address}/faulty.html", width=400)
    page.wait_for("document.images[0].complete")
    assert page.requests == [f"{address}/faulty.html", f"{address}/nowhere.png", f"{address}/favicon.ico"]
    assert "/nowhere.png" in asked
    text = "\n".join(page.errors)
    assert "complaint" in text
    assert "Error: broken" in text
    assert "404" in text
    assert [line.split(":")[1].strip() for line in page.sticks_out()] == ["wide"]
    assert page.overflow() > 0


def test_the_scheme_and_the_width_are_those_asked_for(browser, serve):
    address, _ = serve({"empty.html": EMPTY})
    for dark, width in ((False, 1280), (True, 400)):
        page = browser.open(f"{address}/empty.html", width=width, dark=dark)
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is dark
        assert page.evaluate("innerWidth") == width
        assert page.overflow() <= 0
