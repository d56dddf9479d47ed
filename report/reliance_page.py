"""The page of an `ObjectReliance`: the kinds of pictures side by side, their differences, images that flip."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..conversion.facts import COMPOSITE_KINDS
from ..metrics.reliance.reliance_figures import DIFFERENCES, SIZES
from .figures import figures_of
from .page_template import render
from .reliance_pictures import FlippedImage

_TILES = (*DIFFERENCES, "background_only", "flipped")


def html_reliance_report(
    result: Mapping[str, Any],
    *,
    title: str,
    notes: Sequence[str] = (),
    pictures: Sequence[FlippedImage] = (),
    confidence: float = 0.95,
) -> str:
    """A page on how much of a classifier's answers is the object; the same input gives the same page.

    Args:
        result: what `ObjectReliance.compute` returned.
        title: the heading.
        notes: sentences for the top: which model, split, fill and seed.
        pictures: what `flipped_images` returned.
        confidence: of the intervals, `level` of `compute`.

    Returns:
        HTML: light or dark as the reader prefers, for screens from 320 pixels up; no script, no link to anywhere.
    """
    kinds = [kind for kind in COMPOSITE_KINDS if f"top1_{kind}" in result]
    named = ["top1_" + kind for kind in kinds] + ["top5_" + kind for kind in kinds]
    figures = figures_of(result, {key: key for key in (*_TILES, *named)}, result["intervals"])
    return render(
        "reliance_page.html.jinja",
        title=title,
        notes=notes,
        result=result,
        figures=figures,
        tiles=_TILES,
        differences=tuple(DIFFERENCES),
        kinds=kinds,
        sizes=SIZES,
        with_sizes=any(not math.isnan(result[f"top1_{kind}_{size}"]) for kind in kinds for size in SIZES),
        left_out=[(key, number) for key, number in result["left_out"].items() if number and key[:4] != "top5"],
        pictures=pictures,
        confidence=100 * confidence,
    )
