"""The templates of the pages, rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .figures import counted_noun, percent, points

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """A page. Every value is escaped, and an unknown name is an error rather than an empty text."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(percent=percent, counted=counted_noun, readable=_readable, points=points)
    return environment.get_template(template).render(**values)


def _readable(key: str) -> str:
    """The key of a figure in words: IoU at 0.5."""
    return key.replace("_", " ").replace("iou", "IoU").replace("auroc", "AUROC").replace("px ap", "PxAP")
