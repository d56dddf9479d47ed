"""The images of the lowest mean IoU: where to look first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from imagenet_s.metrics.report.elements import names_of, percent

_NAMES = 3
_COLUMNS = (("mean_iou", "mean IoU"), ("pixel_accuracy", "pixel accuracy"), ("f_measure", "F-measure"))


def worst(per_image: Mapping[str, Sequence[Any]], labels: Sequence[str], number: int) -> str:
    """The section on images; `per_image` is what `MatchedIoU.per_image` returned."""
    scored = [i for i, value in enumerate(per_image["mean_iou"]) if not math.isnan(value)]
    chosen = sorted(scored, key=lambda i: (per_image["mean_iou"][i], per_image["name"][i]))[:number]
    if not chosen:
        return ""
    rows = []
    for i in chosen:
        figures = "".join(
            f'<td class="value" data-label="{name}">{percent(per_image[key][i])}</td>' for key, name in _COLUMNS
        )
        rows.append(
            f'<tr><th scope="row">{escape(str(per_image["name"][i]))}</th>{figures}'
            f'<td data-label="reference">{names_of(per_image["classes"][i], labels, _NAMES)}</td>'
            f'<td data-label="prediction">{names_of(per_image["predicted_classes"][i], labels, _NAMES)}</td></tr>'
        )
    head = "".join(f"<th>{name}</th>" for _, name in _COLUMNS)
    title = "All images" if len(chosen) == len(scored) else f"The {len(chosen)} images"
    return (
        f"<section><h2>{title}{', worst first' if len(chosen) == len(scored) else ' of the lowest mean IoU'}</h2>"
        "<p>Mean over the ids that an image's reference or prediction holds; classes by their pixels, most first. "
        "No figure above averages over images this way: it is for finding those to look at.</p>"
        f'<table class="images"><thead><tr><th>Image</th>{head}<th>reference</th><th>prediction</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></section>"
    )
