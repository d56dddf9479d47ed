"""Pictures of object and background beside Pillow, which decodes the same images and encodes the same pictures."""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import datasets
import numpy as np
from data import DIFFERENT, write_tree
from harness import Row, compare
from PIL import Image

from imagenet_s.conversion.export import Composites, export_masks


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """`export --format composites`, one process on both sides."""
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        images, _ = write_tree(Path(folder, "tree"), options.images)
        for kind in ("object", "background"):
            yield exported(kind, Path(folder), images, options)


def exported(kind: str, folder: Path, images: Path, options: argparse.Namespace) -> Row:
    """One colour kind. The peer is given the finished pictures: it decodes, encodes and writes, and does no more."""
    outs = (folder / f"{kind}-{i}" for i in itertools.count())
    jpegs = sorted(images.glob("*/*.JPEG"))

    def ours() -> Iterator[np.ndarray]:
        out = next(outs)
        export_masks(folder / "tree", out, Composites("919", (kind,)), verify=False)
        yield from pictures(out)

    def pictures(out: Path) -> Iterator[np.ndarray]:
        """Of the images that differ, the first of each class."""
        for wnid in sorted((out / "validation" / kind).iterdir())[:DIFFERENT]:
            with Image.open(min(wnid.iterdir())) as picture:
                yield np.asarray(picture)

    first = next(outs)
    export_masks(folder / "tree", first, Composites("919", (kind,)), verify=False)
    finished = [Image.fromarray(pixels) for pixels in pictures(first)]
    pictures_of = dict(zip(sorted({path.parent.name for path in jpegs}), finished))

    def theirs() -> Iterator[np.ndarray]:
        out = next(outs)
        out.mkdir()
        for path in jpegs:
            Image.open(path).load()
            pictures_of[path.parent.name].save(out / f"{path.stem}.png", compress_level=1)
        yield from finished

    return compare(f"export {options.images} images of kind {kind}, one process",
                   "Pillow merely decoding the images and encoding the finished pictures",
                   ours, theirs, target=1.3, rounds=options.rounds)  # fmt: skip
