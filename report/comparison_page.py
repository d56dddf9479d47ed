"""The page of two runs: each figure, the classes and the images of both side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .anatomy_tables import LostPoints
from .comparison_tables import PictureOfBoth, figures_of_both, values_of_both
from .page_template import render
from .which_images import ValuesOfBoth, differing_most, ranked_by


def html_comparison_page(
    a: Mapping[str, Sequence[Any]],
    b: Mapping[str, Sequence[Any]],
    differences: Mapping[str, Mapping[str, Any]],
    *,
    title: str,
    names: Sequence[str] = ("A", "B"),
    notes: Sequence[str] = (),
    confidence: float = 0.95,
    shown: int = 15,
    classes: Sequence[ValuesOfBoth] = (),
    pictures: Sequence[PictureOfBoth] = (),
    lost: Mapping[str, LostPoints] | None = None,
) -> str:
    """A page on two runs over the same images; the same input gives the same page.

    Args:
        a: what `per_image` of the first run returned.
        b: what that of the second returned, in any order of images.
        differences: what `compare` returned, by figure.
        title: the heading.
        names: of the two runs.
        notes: sentences for the top.
        confidence: of the intervals.
        shown: how many images and classes to list on either side.
        classes: what `mask_classes_of_both` or `map_classes_of_both` returned.
        pictures: images to look at, those under one heading together.
        lost: name -> where the points are lost, for runs of masks.

    Returns:
        HTML that asks for nothing from anywhere and runs nothing.
    """
    order = ranked_by(differences)
    return render(
        "comparison_page.html.jinja",
        title=title,
        names=names,
        notes=notes,
        figures=figures_of_both(a, b, differences),
        masks="target" not in a,
        confidence=100 * confidence,
        ranked_by=order,
        images=differing_most(values_of_both(a, b, order), shown, names),
        classes=differing_most(classes, shown, names),
        all_classes=classes,
        pictures=pictures,
        lost=lost or {},
    )
