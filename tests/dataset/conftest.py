"""The miniature, loaded by its registered name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset


@pytest.fixture
def load_miniature(miniature: Callable[[str], Path], annotations: Path) -> Callable[..., Any]:
    """`load_dataset("imagenet_s", ...)` of a layout and a configuration, with any further options."""

    def load(layout: str = "folders", config: str = "50", **options: Any) -> Any:
        given = {"data_dir": str(miniature(layout)), "annotations_dir": str(annotations), "verify": False, **options}
        return load_dataset("imagenet_s", config, **given)

    return load
