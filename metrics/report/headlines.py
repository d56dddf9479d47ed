"""The twelve figures: four large, eight by the size of objects, and all of them as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagenet_s.metrics.report.elements import AREA, BOUNDARY, LEGEND, PLAIN, TITLES, Interval, bar, percent, span_of

_LARGE = (
    ("mean_iou", AREA, "mean IoU of all classes, “other” included"),
    ("boundary_mean_iou", BOUNDARY, "the same, along boundaries only"),
    ("image_accuracy", PLAIN, "images whose main predicted class is in the reference"),
    ("f_measure", PLAIN, "objects against “other”, whatever their class"),
)
_SIZES = (
    ("s", "Small", "up to 5 % of the image"),
    ("ms", "Medium-small", "5 to 25 %"),
    ("ml", "Medium-large", "25 to 50 %"),
    ("l", "Large", "above 50 %"),
)

Result = Mapping[str, Any]
Intervals = Mapping[str, Interval]


def large(result: Result, intervals: Intervals) -> str:
    """The four figures that sum up a method, as tiles."""
    tiles = (
        f'<div class="tile" data-key="{key}"><h2>{TITLES[key]}</h2>'
        f'<p class="number">{percent(result[key])}<small> %</small></p>'
        f"{bar(kind, result[key], intervals.get(key))}{span_of(intervals.get(key))}<p>{what}</p></div>"
        for key, kind, what in _LARGE
    )
    note = '<p class="note">The line across the end of a bar is the 95 % interval.</p>' if intervals else ""
    return f'<div class="tiles">{"".join(tiles)}</div>{note}'


def by_size(result: Result, intervals: Intervals) -> str:
    """Small to large objects, area and boundary one below the other."""
    rows = []
    for size, name, share in _SIZES:
        lines = []
        for key, kind in ((f"mean_iou_{size}", AREA), (f"boundary_mean_iou_{size}", BOUNDARY)):
            interval = intervals.get(key)
            lines.append(
                f'<div class="line" data-key="{key}"><span class="short">{TITLES[key]}</span>'
                f'{bar(kind, result[key], interval)}<span class="value">{percent(result[key])}'
                f"{span_of(interval)}</span></div>"
            )
        rows.append(
            f'<div class="size"><p><b>{name}</b><br> <small>{share}</small></p><div>{"".join(lines)}</div></div>'
        )
    return f'<section><h2>By the size of objects</h2>{LEGEND}<div class="sizes">{"".join(rows)}</div></section>'


def all_figures(result: Result, intervals: Intervals) -> str:
    """All twelve, named and ordered as the official evaluator prints them."""
    rows = []
    for key, name in TITLES.items():
        interval = intervals.get(key)
        span = f"<td>{span_of(interval) or '–'}</td>" if intervals else ""
        rows.append(
            f'<tr data-key="{key}"><th scope="row">{name}</th><td><code>{key}</code></td>'
            f'<td class="value">{percent(result[key])}</td>{span}</tr>'
        )
    head = "<th>95 % interval</th>" if intervals else ""
    return (
        "<section><h2>All figures</h2><p>As the official evaluator names and orders them, in percent.</p>"
        f'<table class="figures"><thead><tr><th>Figure</th><th>Key in Python and JSON</th><th>Percent</th>{head}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></section>"
    )
