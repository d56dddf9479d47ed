"""Reading rows: image files beside Pillow, transforms beside the same pipeline by hand, shards beside other formats.

The peers decode the same JPEG and PNG bytes with the same Pillow calls; what differs is all around these.
"""

from __future__ import annotations

import argparse
import io
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from building import convert
from data import write_tree
from harness import Row, Work, compare
from PIL import Image

import imagenet_s

Stored = list[tuple[bytes, bytes]]
"""A JPEG and a PNG a row, as the data set stores them."""


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Measured one after the other, in one temporary folder."""
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _, masks = write_tree(root / "tree", options.images)
        chosen = {"data_dir": str(root / "tree"), "split": "validation", "verify": False}
        mapped = imagenet_s.load_dataset("919", **chosen)
        yield from files(mapped, imagenet_s.load_dataset("919", streaming=True, **chosen), options.rounds)
        yield from transforms(mapped, options.rounds)
        shards = convert(root / "tree", root / "shards", splits=["validation"])
        yield annotations(shards.parent, sorted(masks.glob("*/*.png")), options.rounds)
        yield from formats(root, shards.parent, options.rounds)


def undecoded(source: Any) -> Any:
    """The same rows, with files in place of images."""
    for column in ("image", "annotation"):
        source = source.cast_column(column, datasets.Image(decode=False))
    return source


def stored_bytes(column: dict[str, Any]) -> bytes:
    """The file of an undecoded image."""
    return column["bytes"] or Path(column["path"]).read_bytes()


def decode(jpeg: bytes, png: bytes) -> tuple[Image.Image, np.ndarray]:
    """Image and ids, as `datasets` decodes them: RGB, and 32-bit integers."""
    return Image.open(io.BytesIO(jpeg)).convert("RGB"), np.asarray(Image.open(io.BytesIO(png)).convert("I"))


def decoded(source: Any) -> Iterator[tuple[Image.Image, np.ndarray]]:
    """The same of each row."""
    for row in source:
        row["image"].load()
        yield row["image"], np.asarray(row["annotation"])


def files(mapped: Any, streamed: Any, rounds: int) -> Iterator[Row]:
    """Map-style and streamed, beside Pillow on the same files."""
    rows = list(undecoded(mapped))

    def pillow() -> Iterator[tuple[Image.Image, np.ndarray]]:
        return (decode(stored_bytes(row["image"]), stored_bytes(row["annotation"])) for row in rows)

    for name, source in (("map-style", mapped), ("streamed", streamed)):
        yield compare(f"{len(rows)} images with masks, {name}", "Pillow on the same files",
                      lambda source=source: decoded(source), pillow,
                      better="higher", target=0.95, rounds=rounds)  # fmt: skip


def transforms(mapped: Any, rounds: int) -> Iterator[Row]:
    """Rows through `joint`, beside the same torchvision pipeline on what Pillow decodes."""
    try:
        import torch
        from torchvision import tv_tensors
        from torchvision.transforms import v2

        from imagenet_s.conversion.transforms import joint
    except ImportError as error:
        yield Row("rows through joint", "the same v2 pipeline by hand", note=str(error))
        return
    torch.set_num_threads(1)
    pipeline = v2.Compose([v2.Resize(256), v2.CenterCrop(224)])
    mapped = mapped.select_columns(["image", "annotation"])
    files = mapped.cast_column("image", datasets.Image(decode=False))
    rows = list(undecoded(mapped))

    def by_hand() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for row in rows:
            image, ids = decode(stored_bytes(row["image"]), stored_bytes(row["annotation"]))
            changed, mask = pipeline(image, tv_tensors.Mask(torch.from_numpy(ids.copy())))
            yield v2.functional.pil_to_tensor(changed), mask.long()

    def through_joint(source: Any, decoder: Any) -> Work:
        transformed = source.with_transform(joint(pipeline, decoder=decoder))
        return lambda: ((row["image"], row["annotation"]) for row in transformed)

    def alike(ours: tuple[torch.Tensor, torch.Tensor], theirs: tuple[torch.Tensor, torch.Tensor]) -> bool:
        # joint's images are tensors, which torchvision rounds otherwise than Pillow does; its masks are resized about
        # the centres of pixels, those of torchvision about their corners.
        (image, mask), (other, other_mask) = map(np.asarray, ours), map(np.asarray, theirs)
        return np.abs(image.astype(int) - other).max() <= 1 and np.mean(mask == other_mask) > 0.9

    work, peer = "rows through joint(Resize, CenterCrop)", "the same v2 pipeline on Pillow images and masks"
    yield compare(work, peer, through_joint(mapped, "pillow"), by_hand, same=alike,
                  better="higher", target=0.95, rounds=rounds)  # fmt: skip
    try:
        import simplejpeg  # noqa: F401
    except ImportError as error:
        yield Row(f"{work}, decoder='simplejpeg'", peer, note=str(error))
        return
    yield compare(f"{work}, decoder='simplejpeg'", peer, through_joint(files, "simplejpeg"), by_hand,
                  same=alike, better="higher", rounds=rounds)  # fmt: skip


def annotations(shards: Path, official: list[Path], rounds: int) -> Row:
    """The annotation column alone, as ids, beside the official PNGs."""
    source = datasets.load_dataset(str(shards), "919", split="validation", columns=["annotation"], streaming=True)

    def ours() -> Iterator[np.ndarray]:
        return (np.asarray(row["annotation"]) for row in source)

    def theirs() -> Iterator[np.ndarray]:
        for path in official:
            pixels = np.asarray(Image.open(path)).astype(np.int32)
            yield pixels[..., 0] + 256 * pixels[..., 1]

    return compare(f"{len(official)} annotations alone, streamed from shards",
                   "official RGB PNGs, Pillow, R + 256 G in NumPy", ours, theirs,
                   better="higher", target=1.7, rounds=rounds)  # fmt: skip


def formats(root: Path, shards: Path, rounds: int) -> Iterator[Row]:
    """Our shards beside the same bytes in other formats."""
    source = datasets.load_dataset(str(shards), "919", split="validation", streaming=True)
    stored = [(row["image"]["bytes"], row["annotation"]["bytes"]) for row in undecoded(source)]
    work = f"{len(stored)} images with masks, streamed from shards"
    for name, write in (("WebDataset", webdataset), ("MosaicML Streaming", mosaic), ("litdata", litdata)):
        try:
            read = write(root / name.split()[0].lower(), stored)
        except (ImportError, RuntimeError) as error:
            yield Row(work, name, note=str(error))
            continue
        yield compare(work, name, lambda: decoded(source), lambda read=read: (decode(*pair) for pair in read()),
                      better="higher", target=1.0, rounds=rounds)  # fmt: skip


def webdataset(folder: Path, stored: Stored) -> Callable[[], Iterable[tuple[bytes, bytes]]]:
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


def mosaic(folder: Path, stored: Stored) -> Callable[[], Iterable[tuple[bytes, bytes]]]:
    """MDS shards, read by MosaicML Streaming."""
    import streaming

    with streaming.MDSWriter(out=str(folder), columns={"jpg": "bytes", "png": "bytes"}) as writer:
        for jpeg, png in stored:
            writer.write({"jpg": jpeg, "png": png})
    source = streaming.StreamingDataset(local=str(folder), shuffle=False, batch_size=1)
    return lambda: ((sample["jpg"], sample["png"]) for sample in source)


def litdata(folder: Path, stored: Stored) -> Callable[[], Iterable[tuple[bytes, bytes]]]:
    """Chunks, read by litdata."""
    import litdata
    from litdata.streaming import Cache

    cache = Cache(str(folder), chunk_bytes="64MB")
    for i, (jpeg, png) in enumerate(stored):
        cache[i] = {"jpg": jpeg, "png": png}
    cache.done()
    cache.merge()
    source = litdata.StreamingDataset(str(folder), shuffle=False)
    return lambda: ((sample["jpg"], sample["png"]) for sample in source)
