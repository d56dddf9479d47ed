"""ImageNet as archives: the official tars, the Hub's gzipped tars, and WebDataset shards."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..catalog import IMAGENET_WNIDS, MiniImage, images_of_imagenet
from ..image_files import image_bytes
from ..scene import seeded_number
from .folders import write

Member = tuple[str, bytes]


def write_tars(root: Path, unpacked: bool = False) -> Path:
    """The two official downloads: a tar of one tar per class (or, `unpacked`, these), and a flat validation tar."""
    classes = [(f"{wnid}.tar", _tar(_class_members(wnid))) for wnid in IMAGENET_WNIDS]
    if unpacked:
        for name, content in classes:
            write(root / "train" / name, content)
    else:
        write(root / "ILSVRC2012_img_train.tar", _tar(classes))
    validation = ((image.file_name, image_bytes(image.image_id)) for image in shuffled("val"))
    write(root / "ILSVRC2012_img_val.tar", _tar(validation))
    return root


def write_partly_unpacked(root: Path) -> Path:
    """The class tars, unpacked up to a third: one is unpacked half, the others are still tars."""
    write_tars(root, unpacked=True)
    done = len(IMAGENET_WNIDS) // 3
    for number, wnid in enumerate(IMAGENET_WNIDS[: done + 1]):
        members = list(_class_members(wnid))
        for name, content in members if number < done else members[: len(members) // 2]:
            write(root / "train" / wnid / name, content)
        if number < done:
            (root / "train" / f"{wnid}.tar").unlink()
    return root


def write_hub_tars(root: Path, extracted: bool = False) -> Path:
    """`data/*.tar.gz` as the Hub's imagenet-1k had them before Parquet, or extracted."""
    train = shuffled("train")
    parts = {
        "train_images_0": train[: len(train) // 2],
        "train_images_1": train[len(train) // 2 :],
        "val_images": shuffled("val"),
        "test_images": shuffled("test"),
    }
    for name, images in parts.items():
        members = [(hub_name(image), image_bytes(image.image_id)) for image in images]
        if extracted:
            for member, content in members:
                write(root / "data" / name / member, content)
        else:
            write(root / "data" / f"{name}.tar.gz", gzip.compress(_tar(members), compresslevel=1, mtime=0))
    return root


def write_webdataset(root: Path) -> Path:
    """Shards like those of `timm/imagenet-1k-wds`: `<key>.cls`, `<key>.jpg` and `<key>.json` for each sample.

    Upstream re-encoded 23 odd files; here they stay as they are, so that every layout has the same pixels.
    """
    for part, name, shards in (
        ("train", "imagenet1k-train-{:04d}.tar", 3),
        ("val", "imagenet1k-validation-{:02d}.tar", 2),
    ):
        images = shuffled(part)
        for shard in range(shards):
            members = [member for image in images[shard::shards] for member in _sample(image)]
            write(root / name.format(shard), _tar(members))
    return root


def hub_name(image: MiniImage) -> str:
    """A file's name on the Hub: the ImageNet folder is appended, where there is one."""
    return f"{image.image_id}_{image.imagenet_wnid}.JPEG" if image.imagenet_wnid else image.file_name


def label(image: MiniImage) -> int:
    """The label in these files: the index among the synthetic classes, -1 for ImageNet's test images."""
    return IMAGENET_WNIDS.index(image.imagenet_wnid) if image.imagenet_wnid else -1


def shuffled(part: str) -> Sequence[MiniImage]:
    """The images of a part of ImageNet, shuffled in a fixed way."""
    return sorted(images_of_imagenet(part), key=lambda image: seeded_number(image.image_id, "archive"))


def _class_members(wnid: str) -> Iterator[Member]:
    for image in images_of_imagenet("train"):
        if image.imagenet_wnid == wnid:
            yield image.file_name, image_bytes(image.image_id)


def _sample(image: MiniImage) -> Iterator[Member]:
    width, height = image.size
    fields = {"filename": image.file_name, "height": height, "label": label(image), "width": width}
    yield f"{image.image_id}.cls", str(label(image)).encode()
    yield f"{image.image_id}.jpg", image_bytes(image.image_id)
    yield f"{image.image_id}.json", json.dumps(fields).encode()


def _tar(members: Iterable[Member]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)  # mtime 0: the same bytes on every run
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
