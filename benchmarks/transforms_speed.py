"""Rows through `joint`, beside the same v2 pipeline on plain Pillow images and masks, in the same process.

    python benchmarks/transforms_speed.py [--images 200] [--blocks 9] [--folder JPEGS]

The data are an official tree of validation images that this script writes: generated ones, or the JPEGs of a folder,
each with a mask of its size. Blocks alternate, so that a machine whose speed drifts changes all; printed are the ratios
of the medians. "Pillow" opens the files, decodes both, and hands the pipeline a Pillow image and a `tv_tensors.Mask`.
Masks are 16-bit grey for all: what the official RGB masks cost is measured elsewhere.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

import imagenet_s
from imagenet_s.conversion.transforms import joint

AT_LEAST = 0.95
PIPELINE = v2.Compose([v2.Resize(256), v2.CenterCrop(224)])


def pictures(count: int, folder: Path | None) -> Iterator[bytes]:
    """JPEGs of a folder, again and again, or smooth noise of ImageNet's usual size."""
    if folder is not None:
        files = sorted(one for one in folder.iterdir() if one.suffix.lower() in (".jpeg", ".jpg"))
        yield from (files[k % len(files)].read_bytes() for k in range(count))
        return
    random = np.random.default_rng(0)
    for _ in range(count):
        small = Image.fromarray(random.integers(0, 255, (94, 125, 3), np.uint8))
        stream = io.BytesIO()
        small.resize((500, 375), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
        yield stream.getvalue()


def write_tree(root: Path, count: int, folder: Path | None) -> None:
    """Validation of ImageNetS50, with masks of a few ids in blocks."""
    random = np.random.default_rng(1)
    wnids = imagenet_s.categories("50").wnids
    for k, data in enumerate(pictures(count, folder), 1):
        name, wnid = f"ILSVRC2012_val_{k:08d}", wnids[k % len(wnids)]
        for part, suffix in (("validation", "JPEG"), ("validation-segmentation", "png")):
            path = root / "ImageNetS50" / part / wnid / f"{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            if suffix == "JPEG":
                path.write_bytes(data)
                width, height = Image.open(path).size
            else:
                blocks = Image.fromarray(random.choice([0, 0, 7, 50, 1000], (6, 8)).astype(np.int32))
                ids = np.asarray(blocks.resize((width, height), Image.Resampling.NEAREST))
                Image.fromarray(imagenet_s.encode_mask(ids)).save(path)


def with_pillow(row: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """What one writes by hand."""
    stored = row["image"]
    source = stored["path"] if stored["bytes"] is None else io.BytesIO(stored["bytes"])  # few were made upright
    with Image.open(source) as image, Image.open(io.BytesIO(row["annotation"]["bytes"])) as mask:
        ids = tv_tensors.Mask(torch.from_numpy(np.array(mask.convert("I"))))
        changed, ids = PIPELINE(image.convert("RGB"), ids)
        return v2.functional.pil_to_tensor(changed), ids.long()


def seconds(rows: Iterable[Any]) -> float:
    """The time to exhaust an iterable."""
    start = time.perf_counter()
    for _ in rows:
        pass
    return time.perf_counter() - start


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--folder", type=Path, help="JPEGs to use rather than generated ones")
    args = parser.parse_args()
    torch.set_num_threads(1)
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder), args.images, args.folder)
        rows = imagenet_s.load_dataset("50", data_dir=folder, split="validation", verify=False, cache_dir=folder)
        rows = rows.select_columns(["image", "annotation"])
        plain = rows.cast_column("image", datasets.Image(decode=False))
        undecoded = plain.cast_column("annotation", datasets.Image(decode=False))
        ways = {
            "Pillow": lambda: (with_pillow(row) for row in undecoded),
            "joint": lambda: rows.with_transform(joint(PIPELINE)),
            "joint, streamed": lambda: rows.to_iterable_dataset().map(joint(PIPELINE)),
            "joint, simplejpeg": lambda: plain.with_transform(joint(PIPELINE, decoder="simplejpeg")),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(args.blocks):
            for name, way in ways.items():
                times[name].append(seconds(way()))
    base = statistics.median(times["Pillow"])
    for name, found in times.items():
        median = statistics.median(found)
        aim = f" (at least {AT_LEAST})" if name == "joint" else ""
        print(f"{name:20}{args.images / median:8.0f} images/s{base / median:8.2f} x Pillow{aim}")


if __name__ == "__main__":
    main()
