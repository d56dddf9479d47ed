"""The miniature, converted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagenet_s.conversion.shards import Index, Options, convert

Convert = Callable[..., Index]


@pytest.fixture
def convert_miniature(miniature: Callable[[str], Path], annotations: Path) -> Convert:
    """Converts the miniature's 50, in several shards; anything can be said otherwise."""

    def run(
        out: str | Path, config: str = "50", layout: str = "folders", source: Path | None = None, **options: Any
    ) -> Index:
        chosen = Options(**{"verify": False, "max_shard_size": "20KB", **options})
        return convert(source or miniature(layout), out, config, annotations, chosen)

    return run
