"""The page of an evaluation of maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .figures import Interval, figures_of, histogram
from .maps_tables import curve_points, ranked_maps, spread_by_class
from .page_template import render
from .which_images import best_and_worst

_RANKED_BY = "average_precision"
"""The score that orders classes and images: it needs no threshold, and no pixel is left out of it."""

_COUNTS = ("num_images", "num_absent", "num_constant", "num_full", "dataset_max_iou_threshold")
_WIDTH, _HEIGHT = 600, 240


def html_map_report(
    result: Mapping[str, Any],
    per_image: Mapping[str, Sequence[Any]],
    curve: tuple[Sequence[float], Sequence[float]],
    labels: Sequence[str],
    *,
    title: str,
    intervals: Mapping[str, Interval] | None = None,
    notes: Sequence[str] = (),
    shown: int = 6,
    picture: Callable[[str], str] | None = None,
    sizes: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """A page on the scores of maps; the same input gives the same page.

    Args:
        result: what `Localization.compute` returned.
        per_image: what `Localization.per_image` returned.
        curve: what `Localization.iou_curve` returned.
        labels: the names of the classes, by class id.
        title: the heading.
        intervals: what `Localization.bootstrap` returned.
        notes: sentences for the top: what was scored, what was left out.
        shown: how many of the best and of the worst images to show.
        sizes: what `Localization.by_size` returned.
        picture: makes a data URI to look at of an image's name; without it there are only names and scores.

    Returns:
        HTML: light or dark as the reader prefers, for screens from 320 pixels up; no script, no link to anywhere.

    Raises:
        ValueError: a target without a label.
    """
    highest = max(per_image["target"], default=0)
    if highest >= len(labels):
        raise ValueError(f"{len(labels):,} labels, but maps of class {highest}: expected a label for each class id.")
    cut = next(key for key in (*per_image, "image_max_iou") if key.startswith(("iou_at_", "image_max_iou")))
    columns = list(dict.fromkeys((_RANKED_BY, "pointing_game", "energy_pointing_game", cut)))
    images = ranked_maps(per_image, labels, _RANKED_BY, columns)
    classes = spread_by_class(per_image, labels, _RANKED_BY)
    best, worst = best_and_worst(images, shown)
    return render(
        "maps_page.html.jinja",
        title=title,
        notes=notes,
        result=result,
        figures=figures_of(result, {key: key for key in result if key not in _COUNTS}, intervals),
        tiles=columns,
        ranked_by=_RANKED_BY,
        with_intervals=bool(intervals),
        curve=curve_points(*curve, _WIDTH, _HEIGHT) if result["num_images"] else "",
        width=_WIDTH,
        height=_HEIGHT,
        classes=classes,
        bins=histogram(spread.mean for spread in classes),
        columns=columns,
        sizes=sizes if sizes and any(means["num_images"] for means in sizes.values()) else {},
        ends=[("best", "Best", best), ("worst", "Worst", worst)],
        pictures={score.name: picture(score.name) for score in (*best, *worst)} if picture else {},
    )
