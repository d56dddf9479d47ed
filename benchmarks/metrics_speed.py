"""The metric beside merely decoding its PNGs, workers, memory, and the matching of 919 clusters.

    python benchmarks/metrics_speed.py [--pairs 1200] [--rounds 5] [--full 12419]

Masks are 500 x 375, smooth shapes of a few ids, official RGB PNGs. Decoding with Pillow and scoring alternate in one
process, and the median of their ratios is what counts: a machine whose speed drifts changes both. "Scoring" is files to
all figures, `MatchedIoU.update` and `compute` included. Workers are timed once they have started. How much two of them
can gain depends on what else the machine does: two processes that merely decode stand beside them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from started_pool import Started

from imagenet_s.conversion.core import workers as worker_processes
from imagenet_s.metrics import MatchedIoU
from imagenet_s.metrics.evaluation.mask_readers import open_mask_reader
from imagenet_s.metrics.evaluation.pairing import pair_up
from imagenet_s.metrics.evaluation.scoring import score

HEIGHT, WIDTH, CLASSES = 375, 500, 919
TARGETS = {"ratio": 2.0, "workers": 1.8, "memory": 500.0, "matching": 1.0}


def smooth(generator: np.random.Generator, ids: np.ndarray) -> np.ndarray:
    """A mask whose areas have smooth outlines."""
    noise = generator.standard_normal((len(ids), HEIGHT // 5, WIDTH // 5))
    fields = np.stack([ndimage.zoom(ndimage.gaussian_filter(one, 6), 5, order=1) for one in noise])
    return ids[fields.argmax(axis=0)]


def draw_pair(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A prediction and a reference that overlap as those of a fair method do."""
    classes = generator.choice(np.arange(1, CLASSES + 1), 2, replace=False)
    reference = smooth(generator, np.array([0, 0, *classes]))
    clusters = np.arange(1, CLASSES + 1)[::-1][classes - 1]
    lookup = np.zeros(CLASSES + 1, np.int64)
    lookup[classes] = clusters
    prediction = np.roll(lookup[reference], generator.integers(-15, 16, 2), (0, 1))
    wrong = smooth(generator, np.array([-1, -1, -1, 0, generator.integers(1, CLASSES + 1)]))
    prediction = np.where(wrong >= 0, wrong, prediction)
    ring = ndimage.binary_dilation(reference > 0, iterations=2) & (reference == 0)
    return prediction, np.where(ring, 1000, reference)


def write_pairs(root: Path, number: int) -> None:
    """A tree of predictions and one of references."""
    generator = np.random.default_rng(0)
    for i in range(number):
        for side, ids in zip(("pred", "gt"), draw_pair(generator)):
            rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            rgb[..., 0], rgb[..., 1] = ids % 256, ids // 256
            path = root / side / f"n{i % 20:08d}" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rgb).save(path)


def decode(paths: list[tuple[Path, Path]]) -> float:
    """Seconds for Pillow to decode all."""
    start = time.perf_counter()
    for pair in paths:
        for path in pair:
            with Image.open(path) as image:
                image.load()
    return time.perf_counter() - start


def score_files(paths: list[tuple[Path, Path]]) -> float:
    """Seconds from files to all figures."""
    start = time.perf_counter()
    metric = MatchedIoU(CLASSES)
    for prediction, reference in paths:
        metric.update(prediction, reference)
    metric.compute("none")
    return time.perf_counter() - start


class StartedPool(Started, worker_processes.ProcessPool):
    """The pool of `score`."""


def with_workers(root: Path, workers: int) -> float:
    """Seconds to count a tree, finding the pairs included; those that workers need to start are not."""
    worker_processes.ProcessPool = StartedPool  # type: ignore[misc]
    StartedPool.seconds = 0.0
    start = time.perf_counter()
    predictions, references = open_mask_reader(root / "pred"), open_mask_reader(root / "gt")
    score(predictions, references, pair_up(predictions, references), CLASSES, workers=workers)
    return time.perf_counter() - start - StartedPool.seconds


def decode_with_processes(paths: list[tuple[Path, Path]], processes: int) -> float:
    """Seconds for as many processes to decode all, each its share."""
    start = time.perf_counter()
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(decode, [paths[i::processes] for i in range(processes)]))
    return time.perf_counter() - start


def full_size(number: int) -> dict[str, float]:
    """In a process of its own: as many pairs as the validation set has, and everything asked of their counts."""
    import resource

    generator = np.random.default_rng(1)
    metric = MatchedIoU(CLASSES)
    drawn = [draw_pair(generator) for _ in range(20)]
    moves = np.arange(CLASSES + 1)
    for i in range(number):
        # Fresh ids and another shift for masks drawn before: another image to the metric, and quick to make.
        prediction, reference = (np.roll(one, generator.integers(0, WIDTH, 2), (0, 1)) for one in drawn[i % len(drawn)])
        moves[1:] = np.roll(np.arange(1, CLASSES + 1), i)
        reference = np.where(reference == 1000, 1000, moves[np.minimum(reference, CLASSES)])
        metric.update(moves[::-1][prediction] if i % 3 else moves[prediction], reference)
    result = {}
    for name, call in {
        "matching": lambda: metric.match("hungarian"),  # and what it leaves open: three assignments
        "figures": lambda: metric.compute("none"),
        "bootstrap": lambda: metric.bootstrap("none", samples=1000),
    }.items():
        start = time.perf_counter()
        call()
        result[name] = time.perf_counter() - start
        if name == "figures":
            result["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        metric.save(Path(folder) / "counts.npz")
        result["file"] = (Path(folder) / "counts.npz").stat().st_size / 2**20
    result["memory with bootstrap"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--full", type=int, default=12_419)
    parser.add_argument("--full-size-child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.full_size_child:
        print(json.dumps(full_size(args.full_size_child)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_pairs(root, args.pairs)
        keys = open_mask_reader(root / "gt").keys
        paths = [(root / "pred" / key, root / "gt" / key) for key in keys]
        decode(paths), score_files(paths[:20])  # files in memory, code warm
        rounds = [(decode(paths), score_files(paths)) for _ in range(args.rounds)]
        milliseconds = [1000 * statistics.median(column) / len(paths) for column in zip(*rounds)]
        rows.append(("decoding two PNGs", f"{milliseconds[0]:.2f} ms", ""))
        rows.append(("scoring them", f"{milliseconds[1]:.2f} ms", ""))
        ratio = statistics.median(scored / decoded for decoded, scored in rounds)
        rows.append(("scoring / decoding", f"{ratio:.2f}", f"at most {TARGETS['ratio']}"))
        gains = [
            (
                with_workers(root, 1) / with_workers(root, 2),
                decode_with_processes(paths, 1) / decode_with_processes(paths, 2),
            )
            for _ in range(args.rounds)
        ]
        scoring, decoding = (statistics.median(column) for column in zip(*gains))
        rows.append(("two workers over one", f"{scoring:.2f}", f"at least {TARGETS['workers']}"))
        rows.append(("two processes merely decoding over one", f"{decoding:.2f}", ""))
    command = [sys.executable, __file__, "--full-size-child", str(args.full)]
    full = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    rows += [
        (
            f"matching 919 x 919 and the range of its ties, {args.full:,} images",
            f"{full['matching']:.2f} s",
            f"at most {TARGETS['matching']:.0f} s",
        ),
        ("all figures from the counts", f"{full['figures']:.2f} s", ""),
        ("1000 bootstrap resamples", f"{full['bootstrap']:.1f} s", ""),
        ("peak memory of counting and figures", f"{full['memory']:.0f} MB", f"at most {TARGETS['memory']:.0f} MB"),
        ("the same with the bootstrap", f"{full['memory with bootstrap']:.0f} MB", ""),
        ("saved counts", f"{full['file']:.1f} MB", ""),
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


if __name__ == "__main__":
    main()
