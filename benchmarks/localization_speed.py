"""Scores of maps: the whole validation set from files, and the same scores by Quantus and scikit-learn.

    make .venv-peers/.test && .venv-peers/bin/python benchmarks/localization_speed.py [--images 12419] [--maps 100]

First `imagenet-s evaluate-maps` as a person runs it, on two workers: 12,419 `.npy` maps of 224 x 224 (half precision)
and as many official masks, 300 different ones of each, linked under all names. The time is that of the command; the
memory is what all its processes hold together at the peak (proportional set size). Then one process scores some of
these maps, in turns with its peers: the median of the ratios counts, as a machine whose speed drifts changes both.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from imagenet_s.conversion.facts import categories
from imagenet_s.metrics import Localization

SIZE, DIFFERENT = 224, 300
TARGETS = {"seconds": 60.0, "memory": 300.0}
WNIDS = categories("919").wnids


def draw(number: int) -> tuple[np.ndarray, np.ndarray, int]:
    """A smooth map with noise on it, a mask with an ignored border, and the class."""
    generator = np.random.default_rng(number)
    target = number % len(WNIDS) + 1
    field = ndimage.gaussian_filter(generator.standard_normal((SIZE, SIZE)), 24)
    mask = np.where(field > np.quantile(field, generator.uniform(0.5, 0.95)), target, 0)
    mask[ndimage.binary_dilation(mask > 0, iterations=2) & (mask == 0)] = 1000
    noise = ndimage.gaussian_filter(generator.standard_normal((SIZE, SIZE)), 8)
    values = field / field.std() + noise / noise.std() + 0.1 * generator.standard_normal((SIZE, SIZE))
    return values.astype(np.float16), mask, target


def write(root: Path, number: int) -> None:
    """Maps and masks; an image of the same number of a class is drawn once and linked."""
    for i in range(number):
        wnid, name = WNIDS[i % DIFFERENT], f"ILSVRC2012_val_{i:08}"
        saliency, png = root / "maps" / f"{name}.npy", root / "masks" / wnid / f"{name}.png"
        if i < DIFFERENT:
            saliency.parent.mkdir(parents=True, exist_ok=True)
            png.parent.mkdir(parents=True, exist_ok=True)
            values, mask, _ = draw(i)
            np.save(saliency, values)
            rgb = np.stack([mask % 256, mask // 256, np.zeros_like(mask)], axis=-1)
            Image.fromarray(rgb.astype(np.uint8)).save(png)
        else:
            first = f"ILSVRC2012_val_{i % DIFFERENT:08}"
            os.link(saliency.with_name(f"{first}.npy"), saliency)
            os.link(png.with_name(f"{first}.png"), png)


def run_command(root: Path) -> tuple[float, float, float]:
    """Seconds, processor seconds, and megabytes at the peak, of the command and its workers."""
    command = [sys.executable, "-m", "imagenet_s.cli.main", "evaluate-maps", "--config", "919", "--workers", "2"]
    command += ["--maps-dir", str(root / "maps"), "--gt-dir", str(root / "masks"), "--json", str(root / "out.json")]
    start, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, sum(megabytes(pid) for pid in family(process.pid)))
        time.sleep(0.25)
    if process.returncode:
        raise RuntimeError(f"the command failed with {process.returncode}")
    seconds, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, used.ru_utime + used.ru_stime, peak


def family(pid: int) -> list[int]:
    """A process and its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in family(int(child)))]


def megabytes(pid: int) -> float:
    """The proportional set size of a process; 0 after its end."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def ours(images: list[tuple[np.ndarray, np.ndarray, int]]) -> float:
    """Seconds for every score of the images."""
    start = time.perf_counter()
    metric = Localization()
    for values, mask, target in images:
        metric.update(values, mask, target)
    metric.compute()
    return time.perf_counter() - start


def scikit_learn(images: list[tuple[np.ndarray, np.ndarray, int]]) -> float:
    """Seconds for average precision (of the object, and of both sides), AUROC, the greatest IoU, scores at two cuts."""
    from sklearn.metrics import (
        accuracy_score,
        average_precision_score,
        jaccard_score,
        precision_recall_curve,
        precision_score,
        recall_score,
        roc_auc_score,
    )

    start = time.perf_counter()
    for values, mask, target in images:
        valid = mask != 1000
        x, truth = values[valid].astype(np.float64), mask[valid] == target
        s = (x - x.min()) / (x.max() - x.min())
        average_precision_score(truth, x)
        roc_auc_score(truth, x)
        average_precision_score(np.concatenate([truth, ~truth]), np.concatenate([s, 1 - s]))
        precision, recall, _ = precision_recall_curve(truth, x)
        with np.errstate(divide="ignore"):
            (1 / (1 / precision + 1 / recall - 1)).max()
        for picked in (s >= 0.5, x > x.mean()):
            for score in (jaccard_score, accuracy_score, recall_score):
                score(truth, picked)
            precision_score(truth, picked, zero_division=0)
    return time.perf_counter() - start


def quantus(images: list[tuple[np.ndarray, np.ndarray, int]]) -> float:
    """Seconds for the pointing game, relevance mass and rank accuracy, and AUC, in one batch of maps."""
    import quantus

    metrics = [quantus.PointingGame, quantus.RelevanceMassAccuracy, quantus.RelevanceRankAccuracy, quantus.AUC]
    scorers = [metric(abs=False, normalise=False, disable_warnings=True) for metric in metrics]
    start = time.perf_counter()
    maps = np.stack([values for values, _, _ in images]).astype(np.float64)[:, None]
    masks = np.stack([mask == target for _, mask, target in images])[:, None]
    for scorer in scorers:
        scorer.evaluate_batch(a_batch=maps, s_batch=masks)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=12_419)
    parser.add_argument("--maps", type=int, default=100, help="scored beside the peers")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), args.images)
        seconds, busy, memory = run_command(Path(folder))
    print(f"{args.images:,} maps from files, two workers: {seconds:.1f} s (at most {TARGETS['seconds']:.0f} s)")
    print(f"processor time of all its processes: {busy:.1f} s, so {busy / 2:.1f} s on two cores of their own")
    print(f"peak memory of all its processes: {memory:.0f} MB (at most {TARGETS['memory']:.0f} MB)")
    images = [draw(i) for i in range(args.maps)]
    ours(images), scikit_learn(images[:2]), quantus(images[:2])  # code warm
    rounds = [(ours(images), scikit_learn(images), quantus(images)) for _ in range(args.rounds)]
    mine, theirs, others = (1000 * statistics.median(column) / args.maps for column in zip(*rounds))
    print(f"one process: every score {mine:.2f} ms a map")
    for name, value, column in (
        ("scikit-learn, the 12 scores it has", theirs, 1),
        ("Quantus, the 4 scores it has", others, 2),
    ):
        ratio = statistics.median(row[0] / row[column] for row in rounds)
        print(f"{name}: {value:.2f} ms a map; ours over theirs {ratio:.2f}")


if __name__ == "__main__":
    main()
