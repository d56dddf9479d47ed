"""`accept`: runs all comparisons for some configurations and writes their text."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets

from ..annotations import resolve_annotations_dir
from ..core.errors import ImageNetSError
from ..core.paths import local_path
from ..dataset.source import Source, open_source
from ..facts import ANNOTATED_SPLITS, split_names
from ..imagenet.data_dir import DataDir, resolve_data_dir
from .archives import Files, file_lines, find_files
from .line import FIRST_LINE, Line, as_text, cleaned, line, without_paths
from .rows import converted_lines, loaded_lines
from .splits import count_lines, mask_lines

_LEGEND = """\
"as believed": what the package takes for granted is so. "DIFFERS": it is not. "noted": for information.
Numbers of images depend on the copy of ImageNet, all that is said of masks on the archives. IMAGENET, ANNOTATIONS and
the like stand for folders of the machine."""
_PACKAGES = ("imagenet-s", "datasets", "numpy", "pillow", "pyarrow")


@dataclass(frozen=True)
class Acceptance:
    """The result of `accept`.

    Attributes:
        text: the whole text, without any path of this machine.
        lines: configuration -> its lines.
        differing: the number of lines that differ from what is believed.
    """

    text: str
    lines: dict[str, list[Line]]
    differing: int


def accept(
    configs: Sequence[str],
    data_dir: str | os.PathLike[str] | DataDir | None,
    annotations_dir: str | os.PathLike[str] | None = None,
    *,
    verify: bool = True,
    workers: int = 1,
) -> Acceptance:
    """Compare everything that this package assumes about ImageNet-S with a copy of it.

    Missing annotations are downloaded. Prepared files are kept in the caches: a second call resumes where the first was
    interrupted, except for the scoring. With several workers, call it under `if __name__ == "__main__":`.

    Args:
        configs: of `"50"`, `"300"` and `"919"`.
        data_dir: ImageNet in any known layout; else `$IMAGENET_S_DATA_DIR`.
        annotations_dir: as for the data set.
        verify: refuse downloads with another checksum. Checksums and counts are compared in any case, and differences
            do not stop the comparison.
        workers: processes that score.

    Raises:
        ImageNetSError: there is no ImageNet at `data_dir`, or annotations are missing and can't be fetched.
    """
    imagenet = resolve_data_dir(data_dir)
    given = resolve_annotations_dir(annotations_dir)
    hidden = _words_for_paths(imagenet.root, given)
    lines: dict[str, list[Line]] = {}
    for config in configs:
        source = open_source(config, imagenet, given, verify)
        files = find_files(source)
        # From here on a difference is a line, and no longer an error.
        source = open_source(config, imagenet, given, verify=False)
        options = {"data_dir": imagenet.root, "annotations_dir": given, "verify": False}
        shown = f"{' --annotations-dir ANNOTATIONS' if given else ''}{'' if verify else ' --no-verify'}"
        with _warnings_held_back():
            lines[config] = [without_paths(entry, hidden) for entry in _lines(source, files, options, workers, shown)]
    compared = [entry.agrees for config_lines in lines.values() for entry in config_lines if entry.agrees is not None]
    differing = compared.count(False)
    parts = [_heading(source, given, verify, hidden)]
    parts += [as_text(f"ImageNet-S-{config}", config_lines) for config, config_lines in lines.items()]
    parts.append(f"{differing:,} of {len(compared):,} compared lines differ from what is believed.\n")
    return Acceptance("\n".join(parts), lines, differing)


def _lines(source: Source, files: Files, options: dict[str, Any], workers: int, shown: str) -> Iterator[Line]:
    """The lines of one configuration, step by step; a step that fails becomes a line, and the next ones still run."""
    yield from _step("archive and lists", file_lines(files))
    for split in split_names(source.config):
        yield from _step(f"{split}: images", count_lines(source, split))
    annotated = [split for split in ANNOTATED_SPLITS if split in source.splits]
    for split in annotated:
        yield from _step(f"{split}: masks", mask_lines(source, split, workers, shown))
    for split in source.splits:
        yield from _step(f"{split}: rows", loaded_lines(source, split, options))
    for split in annotated[-1:]:
        yield from _step(f"{split}: conversion", converted_lines(source, split, options))


def _step(what: str, lines: Iterator[Line]) -> Iterator[Line]:
    try:
        yield from lines
    except Exception as error:  # noqa: BLE001 - any failure on these archives is a result
        kind = "" if isinstance(error, ImageNetSError) else f"{type(error).__name__}: "
        yield line(what, "no error", f"{kind}{error}", agrees=False)


def _words_for_paths(data_dir: str, annotations_dir: str | None) -> dict[str, str]:
    """Path of this machine -> the word that replaces it in the text."""
    cache = os.path.abspath(local_path(datasets.config.HF_DATASETS_CACHE))
    words = {data_dir: "IMAGENET", cache: "CACHE", str(Path.home()): "HOME", tempfile.gettempdir(): "TMP"}
    words |= {os.getcwd(): "HERE", sys.prefix: "PYTHON"}
    return words | ({annotations_dir: "ANNOTATIONS"} if annotations_dir else {})


@contextlib.contextmanager
def _warnings_held_back() -> Iterator[None]:
    """Hold back logged warnings: the lines contain the same information."""
    logger = logging.getLogger("imagenet_s")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _heading(source: Source, annotations_dir: str | None, verify: bool, hidden: Mapping[str, str]) -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    layouts = cleaned("; ".join(f"{split}: {source.reader(split).layout}" for split in source.splits), hidden)
    where = "from a folder that was given" if annotations_dir else "fetched, or of the tree or data set itself"
    how = f"annotations: {where}{'' if verify else '; --no-verify'}"
    machine = f"{versions}, Python {platform.python_version()} on {platform.system()}"
    return f"{FIRST_LINE}\n{machine}\n{layouts}\n{how}\n{_LEGEND}\n"
