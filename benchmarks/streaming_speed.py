"""Images per second out of a data set, beside plain Pillow decoding of the same files in the same process.

    python benchmarks/streaming_speed.py /data/imagenet [--annotations-dir DIR] [--no-verify]

Blocks of images are read in turn: map-style, streamed, Pillow, map-style, ... so that a machine whose speed drifts
changes all three. Printed are the ratios of the medians; 1 means as fast as Pillow. For splits with masks, Pillow
decodes the mask's 16-bit PNG as well.
"""

from __future__ import annotations

import argparse
import io
import itertools
import statistics
import time
from collections.abc import Iterator
from typing import Any

import datasets
from PIL import Image

import imagenet_s

AT_LEAST = 0.95


def pillow(row: dict[str, Any]) -> None:
    """Decode a row's files as one would without datasets."""
    for column, mode in (("image", "RGB"), ("annotation", "I")):
        stored = row[column]
        if stored is not None:
            source = stored["path"] if stored["bytes"] is None else io.BytesIO(stored["bytes"])
            with Image.open(source) as image:
                image.convert(mode)


def seconds(rows: Iterator[Any]) -> float:
    """The time to exhaust an iterator."""
    start = time.perf_counter()
    for _ in rows:
        pass
    return time.perf_counter() - start


def measure(split: str, blocks: int, size: int, options: dict[str, Any]) -> None:
    """One split: the median time of a block, three ways."""
    mapped = imagenet_s.load_dataset("919", split=split, **options)
    streamed = iter(imagenet_s.load_dataset("919", split=split, streaming=True, **options))
    plain = mapped.cast_column("image", datasets.Image(decode=False))
    plain = plain.cast_column("annotation", datasets.Image(decode=False))
    next(streamed)  # opening is measured in build_speed.py
    times: dict[str, list[float]] = {"map-style": [], "streaming": [], "Pillow": []}
    for block in range(blocks):
        span = range(1 + block * size, 1 + (block + 1) * size)
        times["map-style"].append(seconds(iter(mapped.select(span))))
        times["Pillow"].append(seconds(pillow(row) for row in plain.select(span)))
        times["streaming"].append(seconds(itertools.islice(streamed, size)))
    base = statistics.median(times["Pillow"])
    for name in ("map-style", "streaming"):
        median = statistics.median(times[name])
        print(f"{split:12}{name:12}{size / median:8.0f} images/s{base / median:8.2f} x Pillow (at least {AT_LEAST})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("imagenet")
    parser.add_argument("--annotations-dir")
    parser.add_argument("--no-verify", dest="verify", action="store_false")
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--block-size", type=int, default=200)
    arguments = parser.parse_args()
    datasets.disable_progress_bars()
    given = {
        "data_dir": arguments.imagenet,
        "annotations_dir": arguments.annotations_dir,
        "verify": arguments.verify,
    }
    for name in ("train", "validation"):
        measure(name, arguments.blocks, arguments.block_size, given)
