"""The page of `imagenet-s show`: pictures of masks and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from .mask_pictures import Picture
from .page_template import render


def html_picture_page(pictures: Sequence[Picture], *, title: str, notes: Sequence[str] = ()) -> str:
    """A page of images with their masks; the same input gives the same page.

    Args:
        pictures: what to show, grouped by `rank` in the order in which the groups occur.
        title: the heading.
        notes: sentences below it.

    Returns:
        HTML that asks for nothing from anywhere and runs nothing.
    """
    return render("pictures_page.html.jinja", title=title, notes=notes, pictures=pictures)
