"""A page of pictures alone: the images of `imagenet-s show`, rendered by their template."""

from __future__ import annotations

from collections.abc import Sequence

from .page import template
from .page_tables import Picture


def html_picture_page(pictures: Sequence[Picture], *, title: str, notes: Sequence[str] = ()) -> str:
    """A page of images with their masks; the same input gives the same page.

    Args:
        pictures: what to show, grouped by `rank` in the order in which the groups occur.
        title: the heading.
        notes: sentences below it.

    Returns:
        HTML that asks for nothing from anywhere and runs nothing.
    """
    return template("picture_page.html.jinja").render(title=title, notes=notes, pictures=pictures)
