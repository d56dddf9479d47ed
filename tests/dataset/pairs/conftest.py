"""The miniature with odd pairs, in every layout, and its annotations as the official ones on a server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "annotations"))

from annotation_files import pin, served
from http_files import FileServer
from odd_pairs import UPRIGHT, write_odd_annotations, write_odd_imagenet


@pytest.fixture(scope="session")
def odd_miniature(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """In a layout, written when it is first asked for."""
    written: dict[str, Path] = {}

    def in_layout(layout: str) -> Path:
        if layout not in written:
            written[layout] = Path(write_odd_imagenet(tmp_path_factory.mktemp(f"odd-{layout}"), layout))
        return written[layout]

    return in_layout


@pytest.fixture(scope="session")
def odd_annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archives and lists."""
    return write_odd_annotations(tmp_path_factory.mktemp("odd-annotations"))


@pytest.fixture(scope="session")
def upright_annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archives and lists in which every mask can be used."""
    return write_odd_annotations(tmp_path_factory.mktemp("upright-annotations"), odd=UPRIGHT)


@pytest.fixture
def mirror(odd_annotations: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The odd annotations of 50 behind `$IMAGENET_S_ENDPOINT`, and taken for the official ones."""
    undo = pin(odd_annotations, "50")
    with FileServer(served(odd_annotations, "50")) as server:
        monkeypatch.setenv("IMAGENET_S_ENDPOINT", server.url)
        yield server
    undo()
