"""The checks of this folder would notice: a page with every fault they look for."""

import pytest

pytestmark = pytest.mark.chromium

FAULTY = """<!doctype html><meta charset="utf-8"><body><div style="width:2000px">wide</div>
<div style="overflow-x:auto"><p style="width:3000px">scrolls by itself</p></div>
<img src="nowhere.png"><script>console.error("complaint"); setTimeout(() => { throw new Error("broken") })</script>"""


def test_faults_are_seen(visit, too_wide, tmp_path):
    (tmp_path / "faulty.html").write_text(FAULTY, encoding="utf-8")
    page = visit((tmp_path / "faulty.html").as_uri())
    page.wait_for_load_state("networkidle")
    image = (tmp_path / "nowhere.png").as_uri()
    assert sorted(visit.faults) == ["Failed to load resource: net::ERR_FILE_NOT_FOUND", "broken", "complaint", image]
    visit.faults.clear()
    assert too_wide(page) == ["DIV : wide", "the page: 2008 > 1280"]
