"""The figures as one HTML page that needs nothing else: a table, a bar for every class, the worst images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

TITLES: Mapping[str, str] = {
    "image_accuracy": "Acc",
    "mean_iou": "mIoU",
    "boundary_mean_iou": "mBIoU",
    "mean_iou_s": "S",
    "mean_iou_ms": "MS",
    "mean_iou_ml": "ML",
    "mean_iou_l": "L",
    "boundary_mean_iou_s": "BS",
    "boundary_mean_iou_ms": "BMS",
    "boundary_mean_iou_ml": "BML",
    "boundary_mean_iou_l": "BL",
    "f_measure": "FMeasure",
}
"""Each headline figure as the official evaluator names it, in its order."""

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#1b1f24;background:#fff}
table{border-collapse:collapse;margin:1em 0}th,td{padding:.25em .8em;text-align:right;border-bottom:1px solid #d8dee4}
th:first-child,td:first-child{text-align:left}svg text{font:11px system-ui,sans-serif;fill:#1b1f24}
.iou{fill:#2f6f9f}.boundary{fill:#d98032}small{color:#57606a}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}svg text{fill:#e6edf3}
th,td{border-color:#30363d}}
"""


def percent(fraction: float) -> str:
    """A fraction as percent with two decimals; a dash where there is none."""
    return "–" if math.isnan(fraction) else f"{100 * fraction:.2f}"


def html_report(
    result: Mapping[str, Any],
    per_image: Mapping[str, Sequence[Any]],
    labels: Sequence[str],
    *,
    title: str,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    notes: Sequence[str] = (),
    worst: int = 20,
) -> str:
    """A page on one evaluation.

    Args:
        result: what `MatchedIoU.compute` returned.
        per_image: what `MatchedIoU.per_image` returned.
        labels: C + 1 names, by class id.
        title: the heading.
        intervals: what `MatchedIoU.bootstrap` returned, for a column of its own.
        notes: sentences for the top: what was scored, what was missing.
        worst: how many images of the lowest mean IoU to list.

    Returns:
        The page; no script, no link to anywhere.
    """
    lines = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        *(f"<p>{escape(note)}</p>" for note in notes),
        _figures(result, intervals or {}),
        "<h2>Classes</h2><p><small>IoU (upper bar) and boundary IoU (lower bar), percent; lowest first.</small></p>",
        _bars(labels, result["per_category_iou"], result["per_category_boundary_iou"]),
        f"<h2>The {min(worst, len(per_image['name']))} images of the lowest mean IoU</h2>",
        _worst(per_image, worst),
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _figures(result: Mapping[str, Any], intervals: Mapping[str, tuple[float, float]]) -> str:
    rows = []
    for key, name in TITLES.items():
        low, high = intervals.get(key, (math.nan, math.nan))
        span = f"<td>{percent(low)} to {percent(high)}</td>" if intervals else ""
        rows.append(f"<tr><td>{name} <small>{key}</small></td><td>{percent(result[key])}</td>{span}</tr>")
    head = "<th>95 % interval</th>" if intervals else ""
    return f"<table><tr><th>Figure</th><th>percent</th>{head}</tr>{''.join(rows)}</table>"


def _bars(labels: Sequence[str], iou: Sequence[float], boundary: Sequence[float]) -> str:
    height, left, width = 18, 230, 520
    order = sorted(range(len(iou)), key=lambda i: (iou[i], i))
    parts = [f'<svg role="img" viewBox="0 0 820 {height * len(order) + 4}" width="100%">']
    for place, i in enumerate(order):
        top = place * height
        parts.append(
            f"<g><title>{i} {escape(labels[i])}: IoU {percent(iou[i])}, boundary IoU {percent(boundary[i])}</title>"
            f'<text x="{left - 6}" y="{top + 12}" text-anchor="end">{escape(_short(labels[i]))}</text>'
            f'<rect class="iou" x="{left}" y="{top + 3}" width="{width * iou[i]:.1f}" height="7"/>'
            f'<rect class="boundary" x="{left}" y="{top + 10}" width="{width * boundary[i]:.1f}" height="4"/>'
            f'<text x="{left + width * max(iou[i], boundary[i]) + 5:.1f}" y="{top + 12}">{percent(iou[i])}</text></g>'
        )
    return "".join(parts) + "</svg>"


def _worst(per_image: Mapping[str, Sequence[Any]], number: int) -> str:
    scored = [i for i, value in enumerate(per_image["mean_iou"]) if not math.isnan(value)]
    rows = "".join(
        f"<tr><td>{escape(str(per_image['name'][i]))}</td><td>{percent(per_image['mean_iou'][i])}</td>"
        f"<td>{percent(per_image['pixel_accuracy'][i])}</td><td>{percent(per_image['f_measure'][i])}</td></tr>"
        for i in sorted(scored, key=lambda i: (per_image["mean_iou"][i], per_image["name"][i]))[:number]
    )
    head = "<th>Image</th><th>mean IoU</th><th>pixel accuracy</th><th>F-measure</th>"
    return f"<table><tr>{head}</tr>{rows}</table>"


def _short(label: str) -> str:
    return label if len(label) <= 34 else label[:33] + "…"
