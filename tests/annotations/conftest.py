"""Fixtures for annotations; the files themselves are made in annotation_files.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from annotation_files import Pin, pin, served, write_archive, write_lists
from http_files import FileServer

from imagenet_s.conversion.facts import CONFIG_NAMES


@pytest.fixture(autouse=True)
def _nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IMAGENET_S_ENDPOINT", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def pinned() -> Iterator[Pin]:
    """`pinned(folder, config)`: the files in the folder are the official ones, until the test ends."""
    undo: list[Callable[[], None]] = []
    yield lambda folder, config: undo.append(pin(folder, config))
    for item in reversed(undo):
        item()


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder with the lists and the archive of 50."""
    write_lists(tmp_path / "given", "50")
    write_archive(tmp_path / "given", "50")
    return tmp_path / "given"


@pytest.fixture
def mirror(tmp_path: Path, pinned: Pin, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The official files of all configurations behind `$IMAGENET_S_ENDPOINT`."""
    official, files = tmp_path / "official", {}
    for config in CONFIG_NAMES:
        write_lists(official, config)
        write_archive(official, config)
        pinned(official, config)
        files |= served(official, config)
    with FileServer(files) as server:
        monkeypatch.setenv("IMAGENET_S_ENDPOINT", f"{server.url}/")
        yield server
