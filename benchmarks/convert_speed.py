"""Shards beside what `datasets` itself would do, and reading them beside plain Pillow.

    python benchmarks/convert_speed.py IMAGENET ANNOTATIONS [--config 919] [--splits validation test] [--long 300 train]

Every figure is a ratio within one run; rounds alternate (readers: blocks of 250 images), so that a machine whose speed
drifts changes both sides. Each step runs in a process of its own, whose imports are not counted; nor is the start of
the workers of `convert` (spawned, each imports the package), which is printed apart.

- convert / datasets: bytes per second of `convert` over `builder.download_and_prepare(file_format="parquet")`, same
  rows, same number of processes; ours with sha256, fsync and completion markers.
- two workers / one: of `convert`, after both have started, over the splits above and over a longer conversion.
- two copying / one: what the machine allows just then. The same files are found, read, hashed, written one after the
  other into files as large as shards, and synced; without Parquet, and without anything else of ours.
- stream / Pillow: images per second of `load_dataset(OUT, streaming=True)` over decoding the same files with Pillow.
- masks / RGB: annotations per second of `columns=["annotation"]` over decoding the official RGB PNGs into ids.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import io
import itertools
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from PIL import Image
from started_pool import Started

import imagenet_s
from imagenet_s.conversion.core.workers import ProcessPool
from imagenet_s.conversion.dataset.source import open_source
from imagenet_s.conversion.dataset.split_plan import plan_split
from imagenet_s.conversion.imagenet.image_folder import paths_of
from imagenet_s.conversion.shards import Options, executors
from imagenet_s.conversion.shards import convert as write

STEPS = ("convert 1", "convert 2", "copy 1", "copy 2", "datasets 1", "datasets 2", "images", "masks")
LONG_STEPS = ("long 1", "long 2")


class StartedPool(Started, ProcessPool):
    """The pool of `convert`."""


def convert(options: argparse.Namespace, workers: int, out: Path, long: bool = False) -> int:
    """Our shards; gives their bytes."""
    config, *splits = options.long if long else (options.config, *options.splits)
    chosen = Options(splits=splits, verify=False, workers=workers, max_shard_size=options.max_shard_size)
    index = write(options.imagenet, out, config, options.annotations, chosen)
    return sum(shard.bytes for _, _, shard in index.shards())


def builder(options: argparse.Namespace, processes: int, out: Path) -> int:
    """What datasets writes by itself."""
    made = imagenet_s.ImageNetS(
        options.config,
        data_dir=options.imagenet,
        annotations_dir=options.annotations,
        splits=options.splits,
        verify=False,
    )
    made.download_and_prepare(  # beside the cache, which holds the prepared masks
        str(out),
        file_format="parquet",
        num_proc=processes if processes > 1 else None,
        max_shard_size=options.max_shard_size,
    )
    return sum(file.stat().st_size for file in out.rglob("*.parquet"))


def copy(options: argparse.Namespace, processes: int, out: Path) -> int:
    """The least that has to be done: the same files read, hashed and written."""
    out.mkdir()
    paths = [path for split in options.splits for path in files_of(options, split)]
    pieces = [paths[start : start + 2000] for start in range(0, len(paths), 2000)]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("fork")) as executor:
        return sum(executor.map(copy_piece, pieces, itertools.repeat(out)))


def copy_piece(paths: list[str], out: Path) -> int:
    """One of the files that `copy` writes."""
    digest, written, synced = hashlib.sha256(), 0, 0
    with tempfile.NamedTemporaryFile(dir=out, delete=False, buffering=0) as file:
        for path in paths:
            data = Path(path).read_bytes()
            digest.update(data)
            written += file.write(data)
            if written - synced > 32 << 20:
                os.fdatasync(file.fileno())
                synced = written
        os.fsync(file.fileno())
    return written


def files_of(options: argparse.Namespace, split: str) -> list[str]:
    """The images of a split, in the order of the rows."""
    source = open_source(options.config, options.imagenet, options.annotations, False)
    return list(paths_of(plan_split(source, split, False).rows).to_pylist())


def images(options: argparse.Namespace, out: Path) -> float:
    """The speed of streamed images over that of Pillow on the files they came from."""
    split = options.splits[0]
    paths = files_of(options, split)
    rows = datasets.load_dataset(str(out), options.config, split=split, columns=["image"], streaming=True)

    def plain(path: str) -> None:
        with Image.open(path) as image:
            image.convert("RGB").load()

    return alternate((row["image"].load() for row in rows), (plain(path) for path in paths))


def masks(options: argparse.Namespace, out: Path) -> float:
    """The speed of the annotation column, as arrays of ids, over that of the official PNGs: id = R + 256 * G."""
    split = options.splits[0]
    rows = datasets.load_dataset(str(out), options.config, split=split, columns=["annotation"], streaming=True)
    archive = zipfile.ZipFile(next(Path(options.annotations).glob(f"ImageNetS{options.config}-*.zip")))
    names = [one for one in archive.namelist() if f"{split.replace('_', '-')}-segmentation/" in one and one[-1] != "/"]

    def official(name: str) -> Any:
        with Image.open(io.BytesIO(archive.read(name))) as image:
            pixels = np.asarray(image.convert("RGB")).astype(np.int32)
        return pixels[..., 0] + 256 * pixels[..., 1]

    return alternate((np.asarray(row["annotation"]) for row in rows), (official(name) for name in names))


def alternate(ours: Iterator[Any], theirs: Iterator[Any], block: int = 250) -> float:
    """How many times as fast as `theirs` `ours` is: the median over blocks that are read in turn."""

    def seconds(items: Iterator[Any]) -> float:
        start = time.perf_counter()
        collections.deque(itertools.islice(items, block), maxlen=0)
        return time.perf_counter() - start

    collections.deque(itertools.islice(zip(ours, theirs), block), maxlen=0)
    found = []
    while (mine := seconds(ours)) and (other := seconds(theirs)) and len(found) < 12:
        found.append(other / mine)
    return statistics.median(found)


def step(options: argparse.Namespace) -> dict[str, float]:
    """One step, in this process."""
    datasets.disable_progress_bars()
    name, work = options.step, Path(options.work)
    what = name.split()[0]
    timed = name.endswith(("1", "2"))  # the others give ratios already
    out = work / (what if timed else "convert")
    if timed:
        shutil.rmtree(out, ignore_errors=True)
        os.sync()
    executors.ProcessPool = StartedPool  # type: ignore[misc]
    start = time.perf_counter()
    actions: dict[str, Any] = {
        "convert": lambda: convert(options, int(name[-1]), out),
        "copy": lambda: copy(options, int(name[-1]), out),
        "datasets": lambda: builder(options, int(name[-1]), out),
        "long": lambda: convert(options, int(name[-1]), out, long=True),
        "images": lambda: images(options, out),
        "masks": lambda: masks(options, out),
    }
    found = actions[what]()
    seconds = time.perf_counter() - start - StartedPool.seconds if timed else 1
    if what == "long":  # 40 GB that nothing reads again
        shutil.rmtree(out)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"rate": found / seconds, "mb": peak / 1000, "start": StartedPool.seconds}


def run(name: str, options: argparse.Namespace, work: str) -> dict[str, float]:
    """One step in a process of its own."""
    environment = {**os.environ, "HF_DATASETS_CACHE": f"{work}/cache", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, __file__, *sys.argv[1:], "--step", name, "--work", work]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}{done.stdout}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Run all of it and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("imagenet")
    parser.add_argument("annotations")
    parser.add_argument("--config", default="919")
    parser.add_argument("--splits", nargs="+", default=["validation", "test", "train_semi"], help="the first is read")
    parser.add_argument("--max-shard-size", default="250MB", help="both sides; small, so that two workers share evenly")
    parser.add_argument(
        "--long",
        nargs="*",
        metavar=("CONFIG", "SPLIT"),
        default=["300", "train"],
        help="a conversion that takes minutes, 40 GB by default, for two workers / one; nothing leaves it out",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", help="where to write; a disk like the one that shards would go to")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(step(options)))
        return
    steps = (*STEPS, *LONG_STEPS) if options.long else STEPS
    rates: dict[str, list[float]] = {name: [] for name in steps}
    memory: dict[str, float] = dict.fromkeys(steps, 0)
    starts: list[float] = []
    with tempfile.TemporaryDirectory(dir=options.scratch) as work:
        run("convert 1", options, work)  # prepares the masks, once
        for _ in range(options.rounds):
            for name in steps:
                result = run(name, options, work)
                rates[name].append(result["rate"])
                memory[name] = max(memory[name], result["mb"])
                if name == "convert 2":
                    starts.append(result["start"])

    def ratio(one: str, other: str) -> float:
        return statistics.median(a / b for a, b in zip(rates[one], rates[other]))

    print(f"{'ratio':34}{'found':>8}{'wanted':>8}")
    for what, one, other, wanted in (
        ("convert / datasets, one process", "convert 1", "datasets 1", "1.00"),
        ("convert / datasets, two processes", "convert 2", "datasets 2", "1.00"),
        ("two workers / one", "convert 2", "convert 1", "1.70"),
        (f"two workers / one, {' '.join(options.long)}", "long 2", "long 1", "1.70"),
        ("two copying / one", "copy 2", "copy 1", ""),
    ):
        if one in steps:
            print(f"{what:34}{ratio(one, other):8.2f}{wanted:>8}")
    for what, name, wanted in (("stream / Pillow", "images", 0.95), ("masks / official RGB PNGs", "masks", 1.7)):
        print(f"{what:34}{statistics.median(rates[name]):8.2f}{wanted:8.2f}")
    for name in (one for one in steps if one.endswith(("1", "2"))):
        print(f"{name:34}{statistics.median(rates[name]) / 1e6:8.0f} MB/s")
    print(f"start of two workers, not counted: {statistics.median(starts):.1f} s")
    # A worker of several can't be asked from here; one that does the planning too needs more than any of them.
    print(f"peak memory of a worker: {max(memory['convert 1'], memory.get('long 1', 0)):.0f} MB (at most 600)")


if __name__ == "__main__":
    main()
