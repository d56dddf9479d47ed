"""Rows of `make bench`: building, opening and reading the data set, and its shards beside other formats.

The peers read the same JPEG and PNG bytes and decode them with the same Pillow calls; what differs is the format. The
first pass over each reader is not measured.
"""

from __future__ import annotations

import io
import itertools
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from PIL import Image
from small_imagenet import CONFIG, write_small_imagenet
from table import Row, compare

import imagenet_s
from imagenet_s.conversion.shards import Options, convert

NUMBER = 1000
ROUNDS = 3
fresh = itertools.count()


def rows() -> Iterator[Row]:
    """Measured one after the other, in one temporary folder."""
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        data, annotations = write_small_imagenet(root, NUMBER)
        options: dict[str, Any] = {
            "data_dir": str(data), "annotations_dir": str(annotations), "verify": False, "split": "validation",
        }  # fmt: skip
        yield from opening(root, data, options)
        yield from reading(root, options)
        yield conversion(root, options)
        yield from shards(root, options)


def opening(root: Path, data: Path, options: dict[str, Any]) -> Iterator[Row]:
    """Building, opening again, first example: beside `imagefolder` over the same JPEGs, which has no masks."""

    def ours(cache: Path, **more: Any) -> Any:
        return imagenet_s.load_dataset(CONFIG, cache_dir=str(cache), **more, **options)

    def folder(cache: Path) -> Any:
        return datasets.load_dataset("imagefolder", data_dir=str(data), cache_dir=str(cache))

    def stream() -> Any:
        return next(iter(imagenet_s.load_dataset(CONFIG, streaming=True, **options)))

    def stream_folder() -> Any:
        return next(iter(datasets.load_dataset("imagefolder", data_dir=str(data), split="validation", streaming=True)))

    ours(root / "ours"), folder(root / "theirs"), stream(), stream_folder()  # imports, and masks prepared once
    peer = "imagefolder of datasets, images alone"
    yield compare(f"build {NUMBER} images with masks, these checked and prepared", peer,
                  lambda: ours(root / f"ours-{next(fresh)}"), lambda: folder(root / f"theirs-{next(fresh)}"),
                  rounds=ROUNDS)  # fmt: skip
    yield compare("the same, masks prepared before", peer,
                  lambda: ours(root / "ours", download_mode="force_redownload"),
                  lambda: folder(root / f"theirs-{next(fresh)}"), rounds=ROUNDS)  # fmt: skip
    yield compare("open them again", peer, lambda: ours(root / "ours"), lambda: folder(root / "theirs"), rounds=ROUNDS)
    yield compare("stream the first example", peer, stream, stream_folder, rounds=ROUNDS)


def reading(root: Path, options: dict[str, Any]) -> Iterator[Row]:
    """Map-style and streamed, beside Pillow on the same files."""
    mapped = imagenet_s.load_dataset(CONFIG, cache_dir=str(root / "ours"), **options)
    streamed = imagenet_s.load_dataset(CONFIG, streaming=True, **options)
    plain = mapped.cast_column("image", datasets.Image(decode=False))
    plain = plain.cast_column("annotation", datasets.Image(decode=False))
    stored = [
        (Path(row["image"]["path"]), row["annotation"]["bytes"] or Path(row["annotation"]["path"])) for row in plain
    ]

    def pillow() -> None:
        for image, mask in stored:
            decode(image.read_bytes(), mask if isinstance(mask, bytes) else mask.read_bytes())

    for name, source in (("map-style", mapped), ("streamed", streamed)):
        exhaust(source)
        yield compare(f"images with masks, {name}", "Pillow on the same files", lambda s=source: exhaust(s), pillow,
                      better="higher", target=0.95, rounds=ROUNDS)  # fmt: skip


def conversion(root: Path, options: dict[str, Any]) -> Row:
    """Shards beside those that `datasets` writes by itself."""

    def ours() -> None:
        convert(options["data_dir"], root / f"shards-{next(fresh)}", CONFIG, options["annotations_dir"],
                Options(splits=["validation"], verify=False))  # fmt: skip

    def theirs() -> None:
        made = imagenet_s.ImageNetS(
            CONFIG, data_dir=options["data_dir"], annotations_dir=options["annotations_dir"], splits=["validation"],
            verify=False,
        )  # fmt: skip
        made.download_and_prepare(str(root / f"built-{next(fresh)}"), file_format="parquet")  # masks are in the cache

    ours(), theirs()
    return compare(f"convert {NUMBER} images with masks", "download_and_prepare(file_format='parquet') of datasets",
                   ours, theirs, better="higher", target=1.5, rounds=ROUNDS)  # fmt: skip


def shards(root: Path, options: dict[str, Any]) -> Iterator[Row]:
    """Reading our shards beside WebDataset, MosaicML Streaming and litdata."""
    out = root / "out"
    convert(options["data_dir"], out, CONFIG, options["annotations_dir"], Options(splits=["validation"], verify=False))
    source = datasets.load_dataset(str(out), CONFIG, split="validation", streaming=True)
    stored = [
        (row["image"]["bytes"], row["annotation"]["bytes"])
        for row in source.cast_column("image", datasets.Image(decode=False)).cast_column(
            "annotation", datasets.Image(decode=False)
        )
    ]
    for name, write in (("WebDataset", webdataset), ("MosaicML Streaming", mosaic), ("litdata", litdata)):
        try:
            peer = write(root / name.split()[0].lower(), stored)
        except (ImportError, RuntimeError) as error:
            yield Row("read shards, images with masks", name, None, "higher", 1.0, f"cannot be used here ({error})")
            continue

        def theirs(peer: Callable[[], Iterable[tuple[bytes, bytes]]] = peer) -> None:
            found = [decode(*pair) for pair in peer()]
            if len(found) != NUMBER:
                raise SystemExit(f"{len(found)} examples, {NUMBER} expected")

        theirs(), exhaust(source)
        yield compare("read shards, images with masks", name, lambda: exhaust(source), theirs,
                      better="higher", target=1.0, rounds=ROUNDS)  # fmt: skip


def webdataset(folder: Path, stored: list[tuple[bytes, bytes]]) -> Callable[[], Iterable[tuple[bytes, bytes]]]:
    """A tar, read by WebDataset."""
    import webdataset

    folder.mkdir()
    with tarfile.open(folder / "0.tar", "w") as tar:
        for i, pair in enumerate(stored):
            for ending, data in zip(("jpg", "png"), pair):
                info = tarfile.TarInfo(f"{i:06d}.{ending}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    source = webdataset.WebDataset(str(folder / "0.tar"), shardshuffle=False)
    return lambda: ((sample["jpg"], sample["png"]) for sample in source)


def mosaic(folder: Path, stored: list[tuple[bytes, bytes]]) -> Callable[[], Iterable[tuple[bytes, bytes]]]:
    """MDS shards, read by MosaicML Streaming."""
    import streaming

    with streaming.MDSWriter(out=str(folder), columns={"jpg": "bytes", "png": "bytes"}) as writer:
        for jpg, png in stored:
            writer.write({"jpg": jpg, "png": png})
    source = streaming.StreamingDataset(local=str(folder), shuffle=False, batch_size=1)
    return lambda: ((sample["jpg"], sample["png"]) for sample in source)


def litdata(folder: Path, stored: list[tuple[bytes, bytes]]) -> Callable[[], Iterable[tuple[bytes, bytes]]]:
    """Chunks, read by litdata."""
    import litdata
    from litdata.streaming import Cache

    cache = Cache(str(folder), chunk_bytes="64MB")
    for i, (jpg, png) in enumerate(stored):
        cache[i] = {"jpg": jpg, "png": png}
    cache.done()
    cache.merge()
    source = litdata.StreamingDataset(str(folder), shuffle=False)
    return lambda: ((sample["jpg"], sample["png"]) for sample in source)


def decode(jpg: bytes, png: bytes) -> tuple[Image.Image, np.ndarray]:
    """What every reader does with the bytes: as `Image(mode="RGB")` and `Image(mode="I")` decode."""
    return Image.open(io.BytesIO(jpg)).convert("RGB"), np.asarray(Image.open(io.BytesIO(png)).convert("I"))


def exhaust(rows: Iterable[dict[str, Any]]) -> None:
    """Every row, decoded."""
    for row in rows:
        row["image"].load(), np.asarray(row["annotation"])
