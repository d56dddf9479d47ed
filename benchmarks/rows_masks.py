"""Rows of `make bench`: decoding annotations, figures from PNGs, matching, and growth with the number of images."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from metrics_speed import CLASSES, HEIGHT, WIDTH, decode, draw_pair, score_files
from PIL import Image
from scipy.optimize import linear_sum_assignment
from table import Row, compare

from imagenet_s import encode_mask
from imagenet_s.metrics import MatchedIoU

PAIRS = 40
IMAGES = 3000
"""Images of the smallest size of the growth rows."""


def rows() -> Iterator[Row]:
    """Measured one after the other."""
    generator = np.random.default_rng(0)
    smooth = [draw_pair(generator) for _ in range(PAIRS)]
    yield decoding(smooth)
    yield figures(smooth, "smooth")
    yield figures([ragged(generator, pair) for pair in smooth], "ragged")
    yield matching()
    yield from growth()


def ragged(generator: np.random.Generator, pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The same masks with outlines as torn as those of a per-pixel classifier: pixels change places with others."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    moved = []
    for mask in pair:
        dy, dx = generator.integers(-4, 5, (2, HEIGHT, WIDTH))
        moved.append(mask[np.clip(y + dy, 0, HEIGHT - 1), np.clip(x + dx, 0, WIDTH - 1)])
    return moved[0], moved[1]


def official(ids: np.ndarray) -> Image.Image:
    """The official RGB form."""
    return Image.fromarray(encode_mask(ids))


def decoding(pairs: list[tuple[np.ndarray, np.ndarray]]) -> Row:
    """Annotations as the shards store them beside the official PNGs."""
    rgb, grey = [], []
    for _, reference in pairs:
        for image, kept in ((official(reference), rgb), (Image.fromarray(reference.astype(np.uint16)), grey)):
            buffer = io.BytesIO()
            image.save(buffer, "PNG")
            kept.append(buffer.getvalue())

    def theirs() -> None:
        for data in rgb:
            pixels = np.asarray(Image.open(io.BytesIO(data))).astype(np.int32)
            pixels[..., 0] + 256 * pixels[..., 1]

    def ours() -> None:
        for data in grey:
            np.asarray(Image.open(io.BytesIO(data)))

    return compare(
        f"annotations to ids, {PAIRS} of 500 x 375, as the shards store them",
        "official RGB PNG, Pillow, R + 256 G in NumPy",
        ours, theirs, better="higher", target=1.7,
    )  # fmt: skip


def figures(pairs: list[tuple[np.ndarray, np.ndarray]], kind: str) -> Row:
    """Files to all figures, beside decoding the same files."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, pair in enumerate(pairs):
            paths.append((Path(folder, f"{i}-pred.png"), Path(folder, f"{i}-gt.png")))
            for path, ids in zip(paths[-1], pair):
                official(ids).save(path)
        score_files(paths[:3])
        return compare(
            f"{PAIRS} pairs of PNGs to all figures, {kind} masks", "Pillow merely decoding them",
            lambda: score_files(paths), lambda: decode(paths), target=1.3,
        )  # fmt: skip


def counted(number: int) -> MatchedIoU:
    """Counts of as many images, drawn as rows: what `MatchedIoU` keeps of masks of a few ids."""
    generator = np.random.default_rng(number)
    metric = MatchedIoU(CLASSES)
    for _ in range(number):
        gt, pred = (np.sort(generator.choice(CLASSES + 1, 3, replace=False)) for _ in range(2))
        pixels = generator.integers(100, 40_000, 9)
        bands = pixels // generator.integers(2, 9, (3, 9))
        table = [np.repeat(gt, 3), np.tile(pred, 3), pixels, bands[0], bands[1], np.minimum(bands[0], bands[1]) // 2]
        metric.update_counts(np.stack(table, axis=1).astype(np.int32))
    return metric


def matching() -> Row:
    """The official matching of 919 clusters, beside the assignment alone."""
    metric = counted(12_419)
    shared = np.random.default_rng(0).poisson(0.04, (CLASSES, CLASSES))
    return compare(
        "hungarian matching of 919 clusters from the counts of 12,419 images",
        "scipy's linear_sum_assignment on a ready 919 x 919 table",
        lambda: metric.match("hungarian"), lambda: linear_sum_assignment(-shared), rounds=3,
    )  # fmt: skip


def growth() -> Iterator[Row]:
    """Time and memory of counting and scoring at 1x, 4x and 16x, each in a process of its own."""
    sizes = (IMAGES, 4 * IMAGES, 16 * IMAGES)
    found = []
    for size in sizes:
        done = subprocess.run([sys.executable, __file__, str(size)], capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    for factor, one in zip((4, 16), found[1:]):
        note = f"memory {found[0]['mb']:.0f} MB and {one['mb']:.0f} MB"
        ratio = one["seconds"] / found[0]["seconds"] / factor
        yield Row(f"time an image, counting and scoring {factor * IMAGES:,}", f"{IMAGES}", ratio, "lower", 1.2, note)


if __name__ == "__main__":
    begin = time.process_time()
    counted(int(sys.argv[1])).compute("none")
    spent = time.process_time() - begin
    # Not getrusage's peak, which a process takes over from the one that started it.
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    print(json.dumps({"seconds": spent, "mb": int(peak[1]) / 1024 if peak else float("nan")}))
