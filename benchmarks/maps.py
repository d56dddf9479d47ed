"""Scoring maps: the scores that scikit-learn and Quantus have, too, and the whole validation set by the command."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from data import official_png
from harness import Row, compare
from scipy import ndimage

from imagenet_s import categories
from imagenet_s.metrics import Localization

SIZE, DIFFERENT, VALIDATION = 224, 300, 12_419
IGNORED = 1000
WNIDS = categories("919").wnids[1:]
Drawn = tuple[np.ndarray, np.ndarray, int]

BY_SCIKIT_LEARN = (
    *("average_precision", "auroc", "mean_average_precision", "image_max_iou"),
    *(f"{score}_at_{cut}" for cut in ("0.5", "mean")
      for score in ("iou", "pixel_accuracy", "ground_truth_coverage", "saliency_coverage")),
)  # fmt: skip
BY_QUANTUS = ("pointing_game", "energy_pointing_game", "relevance_rank_accuracy", "auroc")


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Measured one after the other, in one process but for the command."""
    warnings.simplefilter("ignore")
    images = [draw(i) for i in range(min(100, options.images))]
    whole = [(values, np.where(mask == IGNORED, 0, mask), target) for values, mask, target in images]
    for peer, scores, keys, maps in (
        ("scikit-learn, the 12 scores it has", scikit_learn, BY_SCIKIT_LEARN, images),
        ("Quantus, the 4 scores it has", quantus, BY_QUANTUS, whole),  # which has no ignored pixels
    ):
        work = f"every score of {len(maps)} maps of {SIZE} x {SIZE}"
        try:
            list(scores(maps[:1]))
        except ImportError as error:
            yield Row(work, peer, note=str(error))
            continue
        yield compare(work, peer, lambda maps=maps, keys=keys: ours(maps, keys),
                      lambda maps=maps, scores=scores: scores(maps), same=close, rounds=options.rounds)  # fmt: skip
    yield command(VALIDATION if options.images >= 1000 else options.images)


def draw(number: int) -> Drawn:
    """A smooth map with noise on it, nowhere negative, a mask with an ignored border, and the class."""
    generator = np.random.default_rng(number)
    target = number % len(WNIDS) + 1
    field = ndimage.gaussian_filter(generator.standard_normal((SIZE, SIZE)), 24)
    mask = np.where(field > np.quantile(field, generator.uniform(0.5, 0.95)), target, 0)
    mask[ndimage.binary_dilation(mask > 0, iterations=2) & (mask == 0)] = IGNORED
    noise = ndimage.gaussian_filter(generator.standard_normal((SIZE, SIZE)), 8)
    values = field / field.std() + noise / noise.std() + 0.1 * generator.standard_normal((SIZE, SIZE))
    return values - values.min(), mask, target


def close(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether scores agree but for the order of additions."""
    return np.allclose(ours, theirs, rtol=0, atol=1e-6)


def ours(images: list[Drawn], keys: Iterable[str]) -> Iterator[np.ndarray]:
    """Every score and figure; gives those of `keys`, an array over the images each."""
    metric = Localization()
    for values, mask, target in images:
        metric.update(values, mask, target)
    metric.compute()
    scores = metric.per_image()
    return (np.array(scores[key]) for key in keys)


def scikit_learn(images: list[Drawn]) -> Iterable[np.ndarray]:
    """`BY_SCIKIT_LEARN`, in this order."""
    from sklearn import metrics

    scores = []
    for values, mask, target in images:
        x, truth = values[mask != IGNORED], mask[mask != IGNORED] == target
        scaled = (x - x.min()) / (x.max() - x.min())
        both = np.concatenate([truth, ~truth]), np.concatenate([scaled, 1 - scaled])
        precision, recall, _ = metrics.precision_recall_curve(truth, x)
        with np.errstate(divide="ignore"):
            iou = 1 / (1 / precision + 1 / recall - 1)
        scores.append([metrics.average_precision_score(truth, x), metrics.roc_auc_score(truth, x),
                       metrics.average_precision_score(*both), iou.max()])  # fmt: skip
        for picked in (scaled >= 0.5, x > x.mean()):
            scores[-1] += [metrics.jaccard_score(truth, picked), metrics.accuracy_score(truth, picked),
                           metrics.recall_score(truth, picked), metrics.precision_score(truth, picked)]  # fmt: skip
    return np.array(scores).T


def quantus(images: list[Drawn]) -> Iterator[np.ndarray]:
    """`BY_QUANTUS`, in this order, in one batch of maps."""
    import quantus

    maps = np.stack([values for values, _, _ in images])[:, None]
    masks = np.stack([mask == target for _, mask, target in images])[:, None]
    for name in ("PointingGame", "RelevanceMassAccuracy", "RelevanceRankAccuracy", "AUC"):
        scorer = getattr(quantus, name)(abs=False, normalise=False, disable_warnings=True)
        yield np.array(scorer.evaluate_batch(a_batch=maps, s_batch=masks), float)


def command(number: int) -> Row:
    """`evaluate-maps` as a person runs it, on two workers, with no peer: its time, and the memory of its processes."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, number)
        arguments = [
            "evaluate-maps",
            "--config=919",
            "--workers=2",
            f"--maps-dir={root}/maps",
            f"--gt-dir={root}/masks",
        ]
        start, peak = time.perf_counter(), 0.0
        process = subprocess.Popen(
            [sys.executable, "-m", "imagenet_s", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None:
            peak = max(peak, sum(map(megabytes, family(process.pid))))
            time.sleep(0.25)
        note = f"{time.perf_counter() - start:.1f} s (at most 60), {peak:.0f} MB (at most 300)"
    if process.returncode:
        raise RuntimeError(f"evaluate-maps failed with {process.returncode}")
    return Row(
        f"evaluate-maps, {number:,} maps of {SIZE} x {SIZE} in half precision, every score", "no peer", note=note
    )


def write(root: Path, number: int) -> None:
    """Maps and masks of as many images; 300 are drawn, the others are links to these."""
    for i in range(number):
        name, first = (f"ILSVRC2012_val_{k:08}" for k in (i, i % DIFFERENT))
        folders = root / "maps", root / "masks" / WNIDS[i % DIFFERENT]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        if i < DIFFERENT:
            values, mask, _ = draw(i)
            np.save(folders[0] / f"{name}.npy", values.astype(np.float16))
            (folders[1] / f"{name}.png").write_bytes(official_png(mask))
        else:
            os.link(folders[0] / f"{first}.npy", folders[0] / f"{name}.npy")
            os.link(folders[1] / f"{first}.png", folders[1] / f"{name}.png")


def family(pid: int) -> list[int]:
    """A process and its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(grandchild for child in children for grandchild in family(int(child)))]


def megabytes(pid: int) -> float:
    """The proportional set size of a process; 0 after its end."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
