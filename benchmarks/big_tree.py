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
import itertools
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from data import mask_pair, official_png
from PIL import Image
from tqdm import tqdm

from imagenet_s import categories
from imagenet_s.conversion.facts import OFFICIAL

TRAINING_IMAGES, VALIDATION_IMAGES, CLASSES = 1_281_167, 50_000, 1000
ORIENTATION = 0x112


def listed(lists: Path, config: str, role: str) -> list[list[str]]:
    """The columns of an official list; the first is `<ImageNet folder>/<file>`."""
    text = (lists / OFFICIAL.lists[config][role].file).read_text()
    return [line.split() for line in text.splitlines() if line]


def training_files(lists: Path) -> Iterator[str]:
    """`<class>/<file>`: 1000 classes with 1281 or 1282 files each, those of train_semi included."""
    semi = {columns[0].split("/")[1] for columns in listed(lists, "919", "train_semi")}
    validation = {columns[0].split("/")[0] for role in ("validation", "test") for columns in listed(lists, "919", role)}
    wnids = {*categories("919").imagenet_wnids, *validation}
    wnids |= {f"n9{i:07d}" for i in range(CLASSES - len(wnids))}
    for i, wnid in enumerate(sorted(wnids)):
        wanted = TRAINING_IMAGES // CLASSES + (i < TRAINING_IMAGES % CLASSES)
        names = sorted(name for name in semi if name.startswith(wnid))
        made_up = (f"{wnid}_{number}.JPEG" for number in itertools.count(1))
        names += itertools.islice((name for name in made_up if name not in semi), wanted - len(names))
        yield from (f"{wnid}/{name}" for name in sorted(names))


def validation_files(lists: Path) -> list[str]:
    """50,000 `<class>/<file>`; those in no list lie in the folders of the listed ones."""
    names = [columns[0] for role in ("validation", "test") for columns in listed(lists, "919", role)]
    numbers = {int(name[-13:-5]) for name in names}
    folders = sorted({name.split("/")[0] for name in names})
    others = (n for n in range(1, VALIDATION_IMAGES + 1) if n not in numbers)
    return names + [f"{folders[n % len(folders)]}/ILSVRC2012_val_{n:08d}.JPEG" for n in others]


def make(images: Path, lists: Path, output: Path) -> None:
    """Write `output/imagenet` and `output/annotations`, which must not be there."""
    (output / "source").mkdir(parents=True)
    sources = [  # hard links need the same file system
        Path(shutil.copyfile(path, output / "source" / path.name)) for path in sorted(images.glob("*.JPEG"))
    ]
    rotated, plain = [], []
    for path in sources:
        with Image.open(path) as image:
            (rotated if image.getexif().get(ORIENTATION, 1) != 1 else plain).append(path)
    files = [f"train/{name}" for name in training_files(lists)] + [f"val/{name}" for name in validation_files(lists)]
    source_of = {}
    for i, name in enumerate(tqdm(files, unit="link", unit_scale=True)):
        target = output / "imagenet" / name
        source = rotated[i % len(rotated)] if rotated and i % 1000 == 500 else plain[i % len(plain)]
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
        source_of[target.name] = source
    write_annotations(source_of, sources, lists, output / "annotations")


def write_annotations(source_of: dict[str, Path], sources: list[Path], lists: Path, folder: Path) -> None:
    """Archives under their original names: for every listed image a mask of its size."""
    folder.mkdir()
    for config, archive in OFFICIAL.archives.items():
        for official in OFFICIAL.lists[config].values():
            shutil.copyfile(lists / official.file, folder / official.file)
        masks = {}
        for i, path in enumerate(sources):
            with Image.open(path) as image:
                size = image.height, image.width
            masks[path] = official_png(mask_pair(np.random.default_rng(i), size, categories(config).num_classes)[1])
        with zipfile.ZipFile(folder / archive.file, "w") as archived:
            for role, column in (("train_semi", 0), ("validation", 1)):
                for columns in listed(lists, config, role):
                    wnid, name = columns[column].split("/")
                    member = f"ImageNetS{config}/{role.replace('_', '-')}-segmentation/{wnid}/{name[:-5]}.png"
                    archived.writestr(member, masks[source_of[name]])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of real JPEGs to link to")
    parser.add_argument("--lists", type=Path, required=True, help="folder of the official lists (imagenet-s download)")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    make(options.images, options.lists, options.output)
