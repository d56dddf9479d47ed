"""Building and opening all of 919 over 1.28 million files, beside a scan as torchvision's ImageFolder makes it.

    python benchmarks/big_tree.py ... --output /data/big       # once
    python benchmarks/build_speed.py /data/big

Each step runs in a fresh process with a cache of its own; rounds alternate with the scan, so that a machine whose speed
drifts changes both. Printed are medians and ratios to the scan. "prepare masks" is what the first use of an archive
costs, once: every official PNG is checked and kept as 16-bit grey; beside it stands merely decoding the same PNGs with
Pillow. "cold build" is with the masks prepared (`imagenet-s download` prepares them too) and nothing else in the cache:
it looks at the header of every training file, once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

STEPS = ("scan", "cold build", "second load", "first streamed example")
TARGETS = {"cold build": 20.0, "second load": 0.15, "first streamed example": 1.0}


def scan(root: str) -> int:
    """What torchvision's `ImageFolder` does to find its samples: every file, sorted, by its ending."""
    endings = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
    classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    samples = []
    for number, name in enumerate(classes):
        for folder, _, files in sorted(os.walk(os.path.join(root, name), followlinks=True)):
            for file in sorted(files):
                path = os.path.join(folder, file)
                if path.lower().endswith(endings):
                    samples.append((path, number))
    return len(samples)


def decode_all(archive: Path) -> int:
    """Pillow decoding every PNG of an archive."""
    import io

    from PIL import Image

    with zipfile.ZipFile(archive) as archived:
        names = [one for one in archived.namelist() if one.endswith(".png")]
        for name in names:
            with Image.open(io.BytesIO(archived.read(name))) as image:
                image.load()
    return len(names)


def step(name: str, big: Path) -> dict[str, float]:
    """One step in this process: seconds without imports, peak memory in MB, rows."""
    import resource

    import datasets

    import imagenet_s

    datasets.disable_progress_bars()
    # Imports are not measured: these are what datasets and the plain name import when they are first used.
    import scipy.io  # noqa: F401

    import imagenet_s.conversion.dataset.builder

    with contextlib.suppress(ImportError):
        import torch  # noqa: F401
    options = {"data_dir": str(big / "imagenet"), "annotations_dir": str(big / "annotations"), "verify": False}
    start = time.perf_counter()
    if name == "scan":
        rows = scan(str(big / "imagenet" / "train"))
    elif name == "prepare masks":
        from imagenet_s.conversion.annotations import open_annotations

        opened = open_annotations("919", str(big / "annotations"), verify=False)
        rows = sum(opened.members(split).num_rows for split in ("train_semi", "validation") if opened.masks(split))
    elif name == "decode masks":
        rows = decode_all(next((big / "annotations").glob("ImageNetS919-*.zip")))
    elif name == "first streamed example":
        stream = datasets.load_dataset("imagenet_s", "919", split="train", streaming=True, **options)
        rows = len([next(iter(stream))])
    else:
        loaded = datasets.load_dataset("imagenet_s", "919", **options)
        counts = {split: len(loaded[split]) for split in loaded}
        expected = imagenet_s.conversion.facts.OFFICIAL.num_images["919"]
        for split in ("train_semi", "validation", "test", "train_full"):
            if counts[split] != expected[split]:
                raise SystemExit(f"{split}: {counts[split]} rows, {expected[split]} expected")
        rows = sum(counts.values())
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, "rows": rows}


def run(name: str, big: Path, cache: Path) -> dict[str, float]:
    """One step in a process of its own."""
    environment = {**os.environ, "HF_DATASETS_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, __file__, str(big), "--step", name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}{done.stdout}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Run all of it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("big", type=Path, help="the folder that big_tree.py wrote")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(step(options.step, options.big)))
        return
    with tempfile.TemporaryDirectory(dir=options.big) as folder:
        cache = Path(folder)
        prepared, decoded = run("prepare masks", options.big, cache), run("decode masks", options.big, cache)
        seconds: dict[str, list[float]] = {name: [] for name in STEPS}
        ratios: dict[str, list[float]] = {name: [] for name in STEPS}
        memory = 0.0
        for _ in range(options.rounds):
            for built in (*cache.glob("imagenet_s/919-*"), *cache.glob("imagenet_s/headers")):
                shutil.rmtree(built)
            for name in STEPS:
                result = run(name, options.big, cache)
                seconds[name].append(result["seconds"])
                ratios[name].append(result["seconds"] / seconds["scan"][-1])
                memory = max(memory, result["mb"])
    print(f"{'step':24}{'median s':>10}{'ratio':>8}{'at most':>9}")
    for name in STEPS:
        target = f"{TARGETS[name]:.2f}" if name in TARGETS else ""
        print(f"{name:24}{statistics.median(seconds[name]):10.2f}{statistics.median(ratios[name]):8.2f}{target:>9}")
    print(f"peak memory of a step: {memory:.0f} MB (at most 1500)")
    ratio = prepared["seconds"] / decoded["seconds"]
    print(f"preparing {prepared['rows']:,.0f} masks, once: {prepared['seconds']:.1f} s, {ratio:.2f} x decoding them")


if __name__ == "__main__":
    main()
