"""The page, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from imagenet_s.metrics.report.classes import classes
from imagenet_s.metrics.report.elements import Interval
from imagenet_s.metrics.report.headlines import all_figures, by_size, large
from imagenet_s.metrics.report.images import worst as worst_images

_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    # Nothing is loaded and nothing runs, whatever a file or class was called.
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
)

_READING = (
    (
        "IoU of a class",
        "pixels that are the class in both masks, over pixels that are it in either; all images together",
    ),
    ("Boundary IoU", "the same, counting only pixels near a boundary: within 3 % of the image's diagonal"),
    ("mIoU, mBIoU", "the mean over all classes and “other”; a class that appears nowhere counts as 0"),
    ("S, MS, ML, L", "mIoU over the classes that take up this share of an image; with B, along boundaries"),
    ("Acc", "the share of images whose most frequent predicted class is somewhere in the reference"),
    ("FMeasure", "objects of any class against “other”, by precision and recall in each image; mean over images"),
    ("95 % interval", "how far a figure would move on other images like these (bootstrap); the match stays as it is"),
)


def html_report(
    result: Mapping[str, Any],
    per_image: Mapping[str, Sequence[Any]],
    labels: Sequence[str],
    *,
    title: str,
    intervals: Mapping[str, Interval] | None = None,
    notes: Sequence[str] = (),
    worst: int = 20,
) -> str:
    """A page on one evaluation; the same input gives the same page.

    Args:
        result: what `MatchedIoU.compute` returned.
        per_image: what `MatchedIoU.per_image` returned for the same matching.
        labels: C + 1 names, by class id.
        title: the heading.
        intervals: what `MatchedIoU.bootstrap` returned: shown beside the figures.
        notes: sentences for the top: what was scored, what was missing.
        worst: how many images of the lowest mean IoU to list.

    Returns:
        HTML: light or dark as the reader prefers, for screens from 320 pixels up; no script, no link to anywhere.

    Raises:
        ValueError: as many labels as the result has classes are needed.
    """
    if len(labels) != len(result["per_category_iou"]):
        raise ValueError(
            f"{len(labels):,} labels for {len(result['per_category_iou']):,} per-class values: "
            "expected one a class id, `other` (0) included."
        )
    spans = intervals or {}
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    terms = (f"<dt>{name}</dt><dd>{what}</dd>" for name, what in _READING if spans or "interval" not in name)
    lines = [
        *_HEAD,
        f"<title>{escape(title)}</title><style>\n{style}</style></head><body>",
        f"<header><h1>{escape(title)}</h1>{''.join(f'<p>{escape(note)}</p>' for note in notes)}</header><main>",
        large(result, spans),
        by_size(result, spans),
        classes(labels, result["per_category_iou"], result["per_category_boundary_iou"], per_image["classes"]),
        worst_images(per_image, labels, worst),
        all_figures(result, spans),
        f"<section><h2>How to read them</h2><dl>{''.join(terms)}</dl></section>",
        "</main></body></html>",
    ]
    return "\n".join(lines) + "\n"
