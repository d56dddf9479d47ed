"""A tree of ImageNet's real size and names, made of hard links to a few real JPEGs, with annotations that fit it.

    python benchmarks/big_tree.py --images DIR_OF_JPEGS --lists DIR_OF_LISTS --output /data/big

1,281,167 training files and 50,000 validation files: all names of the official lists of validation, test and
train_semi are among them; the other training names are made up (the real ones are not listed anywhere), so data sets
over it are built with verify=False. Hard links need a moment and no space. Of the given images, those that decoders
would rotate by their metadata make up one in a thousand of the tree, as they do in ImageNet. Masks are official RGB
PNGs of the size of the image they belong to.
"""

from __future__ import annotations

import argparse
import io
import os
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from imagenet_s.conversion.facts import OFFICIAL, categories
from imagenet_s.conversion.images.image_inspection import files_to_replace
from imagenet_s.conversion.masks.codec import encode_official_png

TRAINING_IMAGES, VALIDATION_IMAGES, CLASSES = 1_281_167, 50_000, 1000


def lines(lists: Path, config: str, role: str) -> list[list[str]]:
    """The columns of an official list."""
    return [line.split() for line in (lists / OFFICIAL.lists[config][role].file).read_text().splitlines() if line]


def training_names(lists: Path) -> dict[str, list[str]]:
    """1000 class folders with 1281 or 1282 names each, those of train_semi included."""
    table = categories("919")
    wnids = set(table.imagenet_wnids)
    for role in ("validation", "test"):
        wnids |= {columns[0].split("/")[0] for columns in lines(lists, "919", role)}
    made_up = (f"n9{i:07d}" for i in range(CLASSES))
    while len(wnids) < CLASSES:
        wnids.add(next(made_up))
    semi: dict[str, set[str]] = {wnid: set() for wnid in wnids}
    for columns in lines(lists, "919", "train_semi"):
        name = columns[0].split("/")[1]
        semi[name[:9]].add(name)
    names = {}
    for i, wnid in enumerate(sorted(wnids)):
        wanted = TRAINING_IMAGES // CLASSES + (i < TRAINING_IMAGES % CLASSES)
        numbers = iter(range(1, 100_000))
        chosen = set(semi[wnid])
        while len(chosen) < wanted:
            chosen.add(f"{wnid}_{next(numbers)}.JPEG")
        names[wnid] = sorted(chosen)
    return names


def validation_names(lists: Path) -> list[str]:
    """50,000 `<ImageNet folder>/<file>`; those in no list lie in the folders of the listed ones."""
    listed = [columns[0] for role in ("validation", "test") for columns in lines(lists, "919", role)]
    numbers = {int(one[-13:-5]) for one in listed}
    folders = sorted({one.split("/")[0] for one in listed})
    rest = [n for n in range(1, VALIDATION_IMAGES + 1) if n not in numbers]
    return listed + [f"{folders[n % len(folders)]}/ILSVRC2012_val_{n:08d}.JPEG" for n in rest]


def make(images: Path, lists: Path, output: Path) -> None:
    """Write `output/imagenet` and `output/annotations` where they are not there yet."""
    sources = []
    (output / "source").mkdir(parents=True, exist_ok=True)
    for path in sorted(images.glob("*.JPEG")):
        copy = output / "source" / path.name  # hard links need the same file system
        copy.write_bytes(path.read_bytes())
        sources.append(os.fspath(copy))
    rotated = files_to_replace(sources)
    plain = [i for i in range(len(sources)) if i not in rotated]
    linked: dict[str, int] = {}

    def source(number: int) -> int:
        return rotated[number % len(rotated)] if rotated and number % 1000 == 500 else plain[number % len(plain)]

    with tqdm(total=TRAINING_IMAGES + VALIDATION_IMAGES, unit="link", unit_scale=True) as bar:
        for wnid, names in training_names(lists).items():
            folder = output / "imagenet" / "train" / wnid
            folder.mkdir(parents=True)
            for name in names:
                linked[name] = source(bar.n)
                os.link(sources[linked[name]], f"{folder}/{name}")
                bar.update()
        for name in validation_names(lists):
            target = output / "imagenet" / "val" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            linked[target.name] = source(bar.n)
            os.link(sources[linked[target.name]], target)
            bar.update()
    write_annotations(sources, linked, lists, output / "annotations")


def write_annotations(sources: list[str], linked: dict[str, int], lists: Path, folder: Path) -> None:
    """Archives under their original names: for every listed image a mask of its size."""
    folder.mkdir()
    for config, archive in OFFICIAL.archives.items():
        for one in OFFICIAL.lists[config].values():
            (folder / one.file).write_bytes((lists / one.file).read_bytes())
        masks = [official_mask(path, i, categories(config).num_classes) for i, path in enumerate(sources)]
        with zipfile.ZipFile(folder / archive.file, "w") as archived:
            for role, column in (("train_semi", 0), ("validation", 1)):
                for columns in lines(lists, config, role):
                    wnid, name = columns[column].split("/")
                    member = f"ImageNetS{config}/{role.replace('_', '-')}-segmentation/{wnid}/{name[:-5]}.png"
                    archived.writestr(member, masks[linked[name]])


def official_mask(path: str, number: int, classes: int) -> bytes:
    """A few wobbly discs, one ringed by ignored pixels: about as hard to compress as the real masks."""
    with Image.open(io.BytesIO(Path(path).read_bytes())) as image:
        width, height = image.size
    y, x = np.mgrid[:height, :width]
    ids = np.zeros((height, width), np.uint16)
    for k in range(1 + number % 3):
        cy, cx = height * (1 + (number + k) % 4) / 5, width * (1 + (number * 3 + k) % 4) / 5
        angle = np.arctan2(y - cy, x - cx)
        distance = np.hypot(y - cy, x - cx) - min(width, height) * (0.2 + 0.05 * np.sin(angle * (5 + k)))
        ids[distance < 0] = 1 + (number * 17 + k) % classes
        ids[(distance >= 0) & (distance < 2)] = 1000 if k == 0 else 0
    return encode_official_png(ids)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of real JPEGs to link to")
    parser.add_argument("--lists", type=Path, required=True, help="folder of the official lists (imagenet-s download)")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    make(options.images, options.lists, options.output)
