"""Building, opening and converting the data set, beside what `datasets` does with the same files.

What takes a tree of ImageNet's size is in `real_size.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pyarrow.dataset
from data import write_tree
from harness import Row, compare

import imagenet_s
from imagenet_s.cli.main import main as imagenet_s_command


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Measured one after the other, in one temporary folder."""
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        tree, output = Path(folder, "tree"), Path(folder, "output")
        images, _ = write_tree(tree, options.images)
        yield from opening(tree, images, output, options)
        yield conversion(tree, output, options)


def opening(tree: Path, images: Path, output: Path, options: argparse.Namespace) -> Iterator[Row]:
    """Beside `imagefolder` over the same JPEGs, which has no masks: both give the number of rows."""
    caches = (str(output / f"cache-{i}") for i in itertools.count())
    first, other = next(caches), next(caches)
    chosen: dict[str, Any] = {"data_dir": str(tree), "split": "validation", "verify": False}
    folder: dict[str, Any] = {"data_dir": str(images), "split": "validation"}

    def ours(cache: str, **more: Any) -> list[int]:
        return [imagenet_s.load_dataset("919", cache_dir=cache, **more, **chosen).num_rows]

    def theirs(cache: str) -> list[int]:
        return [datasets.load_dataset("imagefolder", cache_dir=cache, **folder).num_rows]

    def streamed() -> Any:
        return next(iter(imagenet_s.load_dataset("919", streaming=True, cache_dir=first, **chosen)))["image"]

    def streamed_folder() -> Any:
        return next(iter(datasets.load_dataset("imagefolder", streaming=True, **folder)))["image"]

    for work, mine, other_way in (
        (f"build {options.images} images with masks, these checked and prepared",
         lambda: ours(next(caches)), lambda: theirs(next(caches))),
        ("the same, masks prepared before",
         lambda: ours(first, download_mode="force_redownload"), lambda: theirs(next(caches))),
        ("open them again", lambda: ours(first), lambda: theirs(other)),
        ("stream the first example", lambda: [streamed()], lambda: [streamed_folder()]),
    ):  # fmt: skip
        yield compare(work, "imagefolder of datasets, images alone", mine, other_way, rounds=options.rounds)


def conversion(tree: Path, output: Path, options: argparse.Namespace) -> Row:
    """Shards beside those that `datasets` writes by itself; both give the folder of their shards."""
    outputs = (output / f"shards-{i}" for i in itertools.count())
    return compare(f"convert {options.images} images with masks",
                   "download_and_prepare(file_format='parquet') of datasets",
                   lambda: [convert(tree, next(outputs), splits=["validation"])],
                   lambda: [prepare(tree, next(outputs), splits=["validation"])],
                   same=same_files, better="higher", target=1.5, rounds=options.rounds)  # fmt: skip


def convert(tree: Path, output: Path, splits: list[str], config: str = "919", **options: Any) -> Path:
    """`imagenet-s convert`; options are those of the command, `max_shard_size=...`."""
    command = ["convert", str(tree), str(output), f"--config={config}", "--no-verify"]
    command += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    with contextlib.redirect_stdout(io.StringIO()):
        code = imagenet_s_command([*command, "--splits", *splits])
    if code:
        raise RuntimeError(f"{' '.join(command)} failed")
    return output / config


def prepare(
    tree: Path, output: Path, splits: list[str], annotations_dir: str | None = None, workers: int = 1, **options: Any
) -> Path:
    """The same rows by `download_and_prepare`, as Parquet; masks lie prepared in the cache."""
    builder = imagenet_s.ImageNetS(
        "919", data_dir=str(tree), annotations_dir=annotations_dir, splits=splits, verify=False
    )
    processes = workers if workers > 1 else None
    builder.download_and_prepare(str(output), file_format="parquet", num_proc=processes, **options)
    return output


def shards(folder: Path) -> pyarrow.dataset.Dataset:
    """The shards of a split, or of splits, in the order of their names."""
    return pyarrow.dataset.dataset(sorted(map(str, folder.glob("*.parquet"))))


def same_files(ours: Path, theirs: Path) -> bool:
    """Whether two folders of shards hold the same images and masks, byte for byte."""

    def stored(folder: Path) -> list[list[bytes]]:
        columns = shards(folder).to_table(columns=["image", "annotation"]).columns
        return [[cell["bytes"] for cell in column.to_pylist()] for column in columns]

    return stored(ours) == stored(theirs)
