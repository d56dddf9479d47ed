"""The classes: how their IoUs are spread, the best and the worst, and each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from imagenet_s.metrics.report.elements import AREA, BOUNDARY, LEGEND, bar, counted, names_of, percent

_MANY = 100
"""Above so many classes the page shows both ends, and the rest when asked."""
_END = 20
_BINS = 10


def classes(
    labels: Sequence[str], iou: Sequence[float], boundary: Sequence[float], references: Sequence[Sequence[int]]
) -> str:
    """The section on classes.

    Args:
        labels: C + 1 names, by class id.
        iou: C + 1 fractions, by class id.
        boundary: likewise.
        references: for each image, the class ids 1..C of its reference.
    """
    images = Counter(i for ids in references for i in ids)
    images[0] = len(references)
    # Classes that no reference holds have an IoU of 0, which says nothing of the method: they are listed by themselves.
    # Of classes with the same IoU, the one with more images says more: it is nearer to its end of the list.
    held = sorted((i for i in range(len(iou)) if images[i]), key=lambda i: (-iou[i], -boundary[i], images[i], i))

    def rows(ids: Iterable[int], name: str) -> str:
        lines = (_row(i, labels[i], iou[i], boundary[i], images[i]) for i in ids)
        return f'<ol class="classes {name}">{"".join(lines)}</ol>'

    absent = [i for i in range(len(iou)) if not images[i]]
    parts = [f"<section><h2>Classes</h2>{_histogram([iou[i] for i in held])}{LEGEND}"]
    if len(held) <= _MANY:
        parts.append(rows(held, "all"))
    else:
        zero = sum(not iou[i] for i in held)
        note = f"<p>Nothing is right in {zero:,} classes; those in most images come first.</p>" if zero > 1 else ""
        parts.append(
            f'<div class="ends"><div><h3>The {_END} best</h3>{rows(held[:_END], "best")}</div>'
            f"<div><h3>The {_END} worst, worst first</h3>{note}{rows(held[: -_END - 1 : -1], 'worst')}</div></div>"
            f"<details><summary>All {len(held):,} classes, best first</summary>{rows(held, 'all')}</details>"
        )
    if absent:
        parts.append(
            f"<details><summary>{counted(len(absent), 'class is', 'classes are')} in none of the references, and "
            f'{"counts" if len(absent) == 1 else "count"} as 0 in mIoU and mBIoU</summary><p class="absent">'
            f"{names_of(absent, labels)}</p></details>"
        )
    return "".join(parts) + "</section>"


def _row(number: int, label: str, iou: float, boundary: float, images: int) -> str:
    note = "" if number == 0 else f" <small>{counted(images, 'image', 'images')}</small>"
    return (
        f'<li data-id="{number}"><span class="name" title="class {number}">{escape(label)}{note}</span>'
        f'<span class="bars">{bar(AREA, iou)}{bar(BOUNDARY, boundary)}</span>'
        f'<span class="value">{percent(iou)}</span><span class="value second">{percent(boundary)}</span></li>'
    )


def _histogram(values: Sequence[float]) -> str:
    """How many classes have which IoU, in bins of ten percent; the last one includes 100."""
    bins = [0] * _BINS
    for value in values:
        bins[min(int(value * _BINS), _BINS - 1)] += 1
    most = max(bins)
    step = 100 // _BINS
    columns = (
        f'<li title="{counted(number, "class", "classes")} of {start * step} to {start * step + step} %">'
        f'<b>{number or ""}</b><i style="--share:{number / most:.4f}"></i><span>{start * step}</span></li>'
        for start, number in enumerate(bins)
    )
    return (
        f'<figure><ol class="histogram">{"".join(columns)}</ol><figcaption>Number of classes by their IoU, in steps of '
        f"{step} % ({counted(len(values), 'class', 'classes')} that the references hold, “other” included)"
        "</figcaption></figure>"
    )
