"""Preparing the official tree of the miniature."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagenet_s.conversion.official_tree import PreparedSplit, prepare_tree

sys.path.insert(0, str(Path(__file__).parent))

from tree_files import Prepare


@pytest.fixture
def prepare(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> Prepare:
    """`prepare_tree` from a layout or a folder, into `tmp_path` by default."""

    def prepare(config: str, source: str | Path, save_dir: Path = tmp_path, **options: Any) -> list[PreparedSplit]:
        folder = miniature(source) if isinstance(source, str) else source
        return prepare_tree(config, folder, save_dir, annotations_dir=annotations, verify=False, **options)

    return prepare
