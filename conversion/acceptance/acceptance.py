"""`accept`: all lines of some configurations, and the text of them.

Imports `errors`, `facts`, `annotations`, `source`, and the modules beside it.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets

from imagenet_s.conversion.acceptance.files import file_lines
from imagenet_s.conversion.acceptance.line import MARK, Line, as_text, cleaned, line
from imagenet_s.conversion.acceptance.rows import converted_lines, loaded_lines
from imagenet_s.conversion.acceptance.splits import count_line, mask_lines
from imagenet_s.conversion.annotations import open_annotations, resolve_annotations_dir
from imagenet_s.conversion.facts import ANNOTATED_SPLITS, split_names
from imagenet_s.conversion.source import Source, open_source, resolve_data_dir

_PACKAGES = ("imagenet-s", "datasets", "numpy", "pillow", "pyarrow")


@dataclass(frozen=True)
class Acceptance:
    """What was seen.

    Attributes:
        text: all of it, without any path of this machine.
        lines: configuration -> its lines.
        differing: how many of them differ from what is believed.
    """

    text: str
    lines: dict[str, list[Line]]
    differing: int


def accept(
    configs: Sequence[str],
    data_dir: str | os.PathLike[str] | None,
    annotations_dir: str | os.PathLike[str] | None = None,
    *,
    verify: bool = True,
    workers: int = 1,
) -> Acceptance:
    """Look at everything that this package takes for granted of ImageNet-S, and write down what is there.

    Missing annotations are downloaded. What was prepared is kept in the caches: a second call begins where the first
    was interrupted, but for the scoring. With several workers, call it under `if __name__ == "__main__":`.

    Args:
        configs: of `"50"`, `"300"` and `"919"`.
        data_dir: ImageNet in any known layout; else `$IMAGENET_S_DATA_DIR`.
        annotations_dir: as for the data set.
        verify: checksums and official counts; without, they are compared all the same, but stop nothing.
        workers: processes that score.

    Raises:
        ImageNetSError: there is no ImageNet at `data_dir`, or no such `annotations_dir`.
    """
    data_dir = resolve_data_dir(data_dir)
    given = resolve_annotations_dir(annotations_dir)
    root = os.path.abspath(os.path.expanduser(str(datasets.config.HF_DATASETS_CACHE)))
    hidden = {data_dir: "IMAGENET", root: "CACHE", str(Path.home()): "~", **({given: "ANNOTATIONS"} if given else {})}
    lines: dict[str, list[Line]] = {}
    parts = [_heading(open_source(configs[0], data_dir, annotations_dir, verify), hidden)]
    for config in configs:
        with _warnings_held_back():
            lines[config] = list(_lines(config, data_dir, given, verify, workers))
        parts.append(as_text(f"ImageNet-S-{config}", lines[config], hidden))
    every = [one for found in lines.values() for one in found]
    differing = sum(one.agrees is False for one in every)
    parts.append(f"{differing:,} of {len(every):,} lines differ from what is believed.\n")
    return Acceptance("\n".join(parts), lines, differing)


def _lines(config: str, data_dir: str, annotations_dir: str | None, verify: bool, workers: int) -> Iterator[Line]:
    """Step by step; one that fails is a line, and the next ones are taken all the same."""
    annotations = open_annotations(config, annotations_dir, verify=verify)
    source = open_source(config, data_dir, annotations_dir, verify)
    options: dict[str, Any] = {"data_dir": data_dir, "annotations_dir": annotations_dir, "verify": verify}
    yield from _step("archive and lists", file_lines(annotations))
    yield from _step("images", (count_line(source, split) for split in split_names(config)))
    for split in ANNOTATED_SPLITS:
        if split in source.splits:
            yield from _step(f"{split}: masks", mask_lines(source, split, verify, workers))
    for split in source.splits:
        yield from _step(f"{split}: rows", loaded_lines(source, split, options))
    for split in reversed(ANNOTATED_SPLITS):
        if split in source.splits:
            yield from _step(f"{split}: shards", converted_lines(source, split, options))
            return


def _step(what: str, lines: Iterator[Line]) -> Iterator[Line]:
    try:
        yield from lines
    except Exception as error:  # noqa: BLE001, whatever the archives make fail is what this looks for
        yield line(what, "no error", f"{type(error).__name__}: {error}", agrees=False)


@contextlib.contextmanager
def _warnings_held_back() -> Iterator[None]:
    """What is logged is said by the lines."""
    logger = logging.getLogger("imagenet_s")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _heading(source: Source, hidden: Mapping[str, str]) -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    layouts = cleaned("; ".join(f"{split}: {source.reader(split).layout}" for split in source.splits), hidden)
    return f"{MARK}\n{versions}, Python {platform.python_version()} on {platform.system()}\n{layouts}\n"
