"""Building, opening and converting 919 at its real size, on a tree that is prepared once.

    python benchmarks/big_tree.py --images DIR_OF_JPEGS --lists DIR_OF_LISTS --output /data/big
    python benchmarks/bench.py --subjects real_size --tree /data/big --rounds 3 --limit 100000

It writes beside the tree, 5 GB and 40 GB at a time. Each measurement runs in a process of its own: its imports are not
counted, the start of workers is. What the first use of a configuration costs, preparing its masks, is in a note.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import datasets
from building import convert, prepare, shards
from harness import Row, Work, compare, seconds_in_fresh_process, show

import imagenet_s

imagenet_s.ImageNetS  # noqa: B018  imports the builder, which is not measured
with contextlib.suppress(ImportError):
    import torch  # noqa: F401  what `datasets` imports for its first stream is not measured
SPLITS = ["validation", "test", "train_semi"]
SHARD = "250MB"
"""For both sides; small, so that two workers share evenly."""


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Measured one after the other; the cache of `datasets` is a temporary folder of `bench.py`."""
    datasets.disable_progress_bars()
    tree = {"data_dir": f"{options.tree}/imagenet", "annotations_dir": f"{options.tree}/annotations", "verify": False}
    yield from opening(tree, options.rounds)
    with tempfile.TemporaryDirectory(dir=options.tree) as folder:
        yield from converting(tree, Path(folder), options.rounds)


def opening(tree: dict[str, Any], rounds: int) -> Iterator[Row]:
    """All five splits, beside a scan of the training files; both give the number of these."""
    first_use = seconds_in_fresh_process(functools.partial(first_example, "train_semi", tree))
    cache = Path(datasets.config.HF_DATASETS_CACHE)

    def cold(work: Work) -> float:
        for kept in (*cache.glob("imagenet_s/919-*"), *cache.glob("imagenet_s/headers")):
            shutil.rmtree(kept)
        return seconds_in_fresh_process(work)

    peer = "a scan of the files as torchvision's ImageFolder does it"
    ours, theirs = functools.partial(build, tree), functools.partial(scan, f"{tree['data_dir']}/train")
    yield compare("build all five splits, every header looked at", peer, ours, theirs, clock=cold, target=20,
                  rounds=rounds, note=f"masks prepared before, once, in {show(first_use)}")  # fmt: skip
    ours()
    yield compare("load them again", peer, ours, theirs, clock=seconds_in_fresh_process, target=0.15, rounds=rounds)
    yield compare("stream the first example", peer, functools.partial(first_example, "train", tree), theirs,
                  same=None, clock=seconds_in_fresh_process, target=1, rounds=rounds)  # fmt: skip


def build(tree: dict[str, Any]) -> list[int]:
    """Every split."""
    return [imagenet_s.load_dataset("919", **tree)["train_full"].num_rows]


def first_example(split: str, tree: dict[str, Any]) -> list[Any]:
    """Streamed."""
    return [next(iter(imagenet_s.load_dataset("919", split=split, streaming=True, **tree)))]


def scan(root: str) -> list[int]:
    """What torchvision's `ImageFolder` does to find its samples: every file, sorted, by its ending."""
    endings = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
    samples = []
    for number, name in enumerate(sorted(entry.name for entry in os.scandir(root) if entry.is_dir())):
        for folder, _, files in sorted(os.walk(os.path.join(root, name), followlinks=True)):
            for file in sorted(files):
                path = os.path.join(folder, file)
                if path.lower().endswith(endings):
                    samples.append((path, number))
    return [len(samples)]


def converting(tree: dict[str, Any], folder: Path, rounds: int) -> Iterator[Row]:
    """Beside `datasets`, and two workers beside one; all but the copies give the number of rows."""
    paths = [path for split in SPLITS for path in image_files(split, tree)]
    output = folder / "output"

    def clock(work: Work) -> float:
        shutil.rmtree(output, ignore_errors=True)
        os.sync()
        return seconds_in_fresh_process(work)

    def ours(workers: int, config: str = "919", splits: list[str] = SPLITS) -> Work:
        return functools.partial(
            count_rows, convert, tree["data_dir"], output / f"ours-{workers}", config=config, splits=splits,
            annotations_dir=tree["annotations_dir"], workers=workers, max_shard_size=SHARD,
        )  # fmt: skip

    def theirs(workers: int) -> Work:
        return functools.partial(
            count_rows, prepare, tree["data_dir"], output / f"theirs-{workers}", splits=SPLITS,
            annotations_dir=tree["annotations_dir"], workers=workers, max_shard_size=SHARD,
        )  # fmt: skip

    def copies(processes: int) -> Work:
        return functools.partial(copy, paths, processes, output / f"copies-{processes}")

    work, peer = f"convert {' '.join(SPLITS)}", "download_and_prepare(file_format='parquet') of datasets"
    for name, other, mine, reference, target in (
        (f"{work}, one process", peer, ours(1), theirs(1), 1),
        (f"{work}, two processes", peer, ours(2), theirs(2), 1),
        (f"{work}, two workers", "one worker", ours(2), ours(1), 1.7),
        ("two processes that only copy the same files", "one", copies(2), copies(1), None),
        ("convert train of 300, two workers", "one worker", ours(2, "300", ["train"]), ours(1, "300", ["train"]), 1.7),
    ):
        shutil.rmtree(output, ignore_errors=True)
        yield compare(name, other, mine, reference, clock=clock, better="higher", target=target, rounds=rounds)


def image_files(split: str, tree: dict[str, Any]) -> list[str]:
    """The files of a split, in the order of the rows."""
    mapped = imagenet_s.load_dataset("919", split=split, **tree)
    return [image["path"] for image in mapped.cast_column("image", datasets.Image(decode=False))["image"]]


def count_rows(way: Callable[..., Path], *arguments: Any, **options: Any) -> list[int]:
    """Write shards and count their rows."""
    return [shards(way(*arguments, **options)).count_rows()]


def copy(paths: list[str], processes: int, output: Path) -> list[int]:
    """The least that has to be done, without Parquet: files read, hashed, written into large ones, and synced."""
    output.mkdir(parents=True)
    pieces = [paths[start : start + 2000] for start in range(0, len(paths), 2000)]
    names = [output / str(i) for i in range(len(pieces))]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("fork")) as executor:
        return [sum(executor.map(copy_piece, pieces, names))]


def copy_piece(paths: list[str], name: Path) -> int:
    """Gives the bytes of the file."""
    digest = hashlib.sha256()
    with open(name, "wb", buffering=0) as file:
        for path in paths:
            data = Path(path).read_bytes()
            digest.update(data)
            file.write(data)
        os.fsync(file.fileno())
        return file.tell()
