"""The page of an evaluation as text; tests/browser looks at it in a browser."""

from pathlib import Path

import pytest

import imagenet_s.report
from imagenet_s.metrics import MatchedIoU
from imagenet_s.report import html_report

HOSTILE = "<script>alert('x')</script>&amp;\""


def page(labels=("other", HOSTILE, f"{HOSTILE} 2", f"{HOSTILE} 3"), **words):
    metric = MatchedIoU(3)
    metric.update([[1, 2, 2, 2]], [[1, 1, 2, 1000]], HOSTILE)
    return html_report(metric.compute(), metric.per_image(), labels, title=HOSTILE, notes=[HOSTILE], **words)


def test_the_same_input_gives_the_same_page_and_every_name_is_escaped():
    text = page()
    assert text == page()
    assert text.startswith("<!doctype html>\n")
    own = text[text.index("<script>") + 8 : text.index("</script>")]
    assert own == (Path(imagenet_s.report.__file__).parent / "templates" / "masks_page.js").read_text(encoding="utf-8")
    text = text.replace(f"<script>{own}</script>", "")
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;&#34;") == text.count("alert")
    assert text.count("alert") == 2 + 1 + 3 + 2 + 1 + 2 + 2  # title twice, note, classes, those to sort, image, its ids


def test_what_is_not_asked_for_is_left_out():
    full, bare = page(intervals={"mean_iou": (0.25, 0.5)}), page(worst=0)
    for part in ("95 % interval", "25.00 to 50.00", 'class="images"'):
        assert part in full
        assert part not in bare


def test_labels_have_to_fit():
    with pytest.raises(ValueError, match="3 labels for 4 per-class values"):
        page(("other", "a", "b"))
