"""What every part of the page is made of: numbers in percent, bars, names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

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

Interval = tuple[float, float]

AREA, BOUNDARY, PLAIN = "area", "boundary", "plain"
"""What a bar shows, which gives it its colour: IoU, boundary IoU, anything else."""


def percent(fraction: float) -> str:
    """A fraction as percent with two decimals; a dash where there is none."""
    return "–" if math.isnan(fraction) else f"{100 * fraction:.2f}"


def bar(kind: str, fraction: float, interval: Interval | None = None) -> str:
    """A bar over a track from 0 to 100 percent, with the interval as a line across its end."""
    inside = (
        "" if math.isnan(fraction) or not fraction else f'<i class="{kind}" style="width:{100 * fraction:.2f}%"></i>'
    )
    if interval is not None and not math.isnan(interval[0]):
        low, high = interval
        inside += f'<b style="left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"></b>'
    return f'<span class="bar" aria-hidden="true">{inside}</span>'


def span_of(interval: Interval | None) -> str:
    """An interval as text; nothing where there is none."""
    if interval is None or math.isnan(interval[0]):
        return ""
    return f'<span class="span">{percent(interval[0])} to {percent(interval[1])}</span>'


def names_of(ids: Iterable[int], labels: Sequence[str], most: int | None = None) -> str:
    """Class names one after another, no more than `most` of them; a dash for none."""
    names = [escape(labels[i]) for i in ids]
    if most is not None and len(names) > most:
        names = [*names[:most], f"{len(names) - most:,} more"]
    return ", ".join(names) or "–"


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: 1 image, 2 images."""
    return f"{number:,} {one if number == 1 else many}"


LEGEND = f'<p class="legend"><i class="{AREA}"></i> IoU <i class="{BOUNDARY}"></i> boundary IoU</p>'
"""Which colour is which."""
