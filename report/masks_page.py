"""The page of an evaluation of masks."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from .anatomy_tables import lost_points
from .figures import TITLES, Interval, figures_of, histogram, ties
from .mask_pictures import Picture
from .masks_tables import Group, confused_pairs, group_scores, matched_clusters, ranked_classes, ranked_images
from .page_template import TEMPLATES, render
from .published_figures import PublishedFigure

_SCRIPT = (TEMPLATES / "masks_page.js").read_text(encoding="utf-8")


def html_report(
    result: Mapping[str, Any],
    per_image: Mapping[str, Sequence[Any]],
    labels: Sequence[str],
    *,
    title: str,
    intervals: Mapping[str, Interval] | None = None,
    notes: Sequence[str] = (),
    worst: int = 20,
    groups: Sequence[Group] = (),
    confusions: Sequence[tuple[int, int, int, int]] = (),
    pictures: Sequence[Picture] = (),
    anatomy: Mapping[str, Any] | None = None,
    examples: Sequence[Picture] = (),
    published: Sequence[PublishedFigure] = (),
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
        groups: classes under common names, for their means.
        confusions: what `MatchedIoU.confusions` returned.
        pictures: images to look at, by rank.
        anatomy: what `MatchedIoU.anatomy` returned, for the section "Where the points are lost".
        examples: images of its groups, by the group's title.
        published: what `published_figures` returned.

    Returns:
        HTML: light or dark as the reader prefers, for screens from 320 pixels up. It asks for nothing from anywhere;
        its script finds and sorts classes, and the page says the same without.

    Raises:
        ValueError: as many labels as the result has classes are needed.
    """
    if len(labels) != len(result["per_category_iou"]):
        raise ValueError(
            f"{len(labels):,} labels for {len(result['per_category_iou']):,} per-class values: "
            "expected one a class id, `other` (0) included."
        )
    classes, absent = ranked_classes(result, per_image["classes"], labels)
    images = ranked_images(per_image, labels)
    return render(
        "masks_page.html.jinja",
        title=title,
        notes=[*notes, *filter(None, [ties(result)])],
        figures=figures_of(result, TITLES, intervals),
        with_intervals=bool(intervals),
        classes=classes,
        absent=absent,
        bins=histogram(score.iou for score in classes),
        images=images[:worst],
        all_images=len(images) <= worst,
        groups=group_scores(groups, classes),
        confused=confused_pairs(confusions, labels),
        clusters=matched_clusters(result["matching"], labels),
        pictures=pictures,
        lost=lost_points(anatomy, labels) if anatomy else None,
        examples=examples,
        published=published,
        script=_SCRIPT,
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()}",
    )
