"""Splits of the miniature that have masks, one that has none, and a pipeline."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imagenet_s


@pytest.fixture
def load(miniature: Callable[[str], Path], annotations: Path) -> Callable[..., Any]:
    """`imagenet_s.load_dataset` of a split of the miniature."""

    def load(split: str, layout: str = "folders", **options: Any) -> Any:
        given = {"data_dir": miniature(layout), "annotations_dir": annotations, "verify": False, **options}
        return imagenet_s.load_dataset("50", split=split, **given)

    return load
