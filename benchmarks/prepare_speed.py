"""`imagenet-s prepare --config all` over a tree of ImageNet's real size, beside doing the same by hand.

    python benchmarks/prepare_speed.py --tree /data/big --lists DIR_OF_LISTS --output /data/prepared

`--tree` is what `big_tree.py` made. The peers, in the same run: for the annotated splits and test of 919, a bare loop
of `os.symlink` over the same images and `zipfile` writing out the same masks; for train, `cp -as` (a link a file).
Afterwards every path of the lists must be present, and none besides.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from imagenet_s.conversion.facts import CONFIG_NAMES, OFFICIAL, categories
from imagenet_s.conversion.official_tree import prepare_tree

LISTED = ("train_semi", "validation", "test")


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def listed(lists: Path, config: str, split: str) -> list[tuple[str, str]]:
    """(path in ImageNet's train/ or val/, path in the folder of the split) of every line of a list."""
    text = (lists / OFFICIAL.lists[config][split].file).read_text()
    found = []
    for line in text.splitlines():
        first, second = line.split()
        if split == "train_semi":
            name = first.split("/")[1]
            first, second = f"{name[:9]}/{name}", f"{second.split('/')[0]}/{name}"
        found.append((first, second))
    return found


def by_hand(tree: Path, lists: Path, output: Path) -> None:
    """What prepare does for train_semi, validation and test of 919, without any check."""
    for split in LISTED:
        source = tree / "imagenet" / ("train" if split == "train_semi" else "val")
        folder = output / split.replace("_", "-")
        for wnid in {second.split("/")[0] for _, second in listed(lists, "919", split)}:
            (folder / wnid).mkdir(parents=True)
        for first, second in listed(lists, "919", split):
            os.symlink(f"{source}/{first}", f"{folder}/{second}")
    with zipfile.ZipFile(tree / "annotations" / OFFICIAL.archives["919"].file) as archive:
        archive.extractall(output)


def check(tree: Path, lists: Path, output: Path) -> None:
    """Compare with the lists, and train with ImageNet: by none of the code that is measured."""
    source = {wnid: set(os.listdir(tree / "imagenet" / "train" / wnid)) for wnid in os.listdir(tree / "imagenet/train")}
    for config in CONFIG_NAMES:
        root = output / f"ImageNetS{config}"
        for split in LISTED:
            folder = root / split.replace("_", "-")
            there = {f"{one.parent.name}/{one.name}" for one in folder.glob("*/*") if one.exists()}
            wanted = {second for _, second in listed(lists, config, split)}
            masks = {one.removesuffix(".JPEG") + ".png" for one in wanted}
            if there != wanted:
                raise SystemExit(f"{folder}: {len(there - wanted)} too many, {len(wanted - there)} missing")
            if split != "test":
                folder = folder.with_name(f"{folder.name}-segmentation")
                if {f"{one.parent.name}/{one.name}" for one in folder.glob("*/*")} != masks:
                    raise SystemExit(f"{folder} is not what the list says")
            print(f"{config:>4} {split:<12}{len(there):>10,} of {len(wanted):,} listed, none besides")
        wnids: dict[str, set[str]] = {wnid: set(source[wnid]) for wnid in categories(config).wnids}
        for merged, target in categories(config).merged_wnids.items():
            wnids[target] |= source[merged]
        for name, expected in (("train", wnids), *([("train-full", source)] if config == "919" else [])):
            found = {wnid: set(os.listdir(root / name / wnid)) for wnid in os.listdir(root / name)}
            if found != expected:
                raise SystemExit(f"{root / name} is not ImageNet's {len(expected)} classes")
            print(f"{config:>4} {name:<12}{sum(map(len, found.values())):>10,} images in {len(found)} classes, all")


def main() -> None:
    """Measure, compare, check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, required=True, help="what big_tree.py made")
    parser.add_argument("--lists", type=Path, required=True, help="folder of the official lists")
    parser.add_argument("--output", type=Path, required=True, help="a folder to make, removed at the end")
    options = parser.parse_args()
    tree, lists, output = options.tree.resolve(), options.lists.resolve(), options.output.resolve()
    output.mkdir()

    def prepare(config: str, name: str, splits: tuple[str, ...] | None) -> float:
        return timed(
            lambda: prepare_tree(
                config,
                tree / "imagenet",
                output / name,
                splits=splits,
                annotations_dir=tree / "annotations",
                verify=False,
            )
        )

    try:
        listing = timed(lambda: [os.listdir(one.path) for one in os.scandir(tree / "imagenet" / "train")])
        ours = prepare("919", "listed", LISTED)
        bare = timed(lambda: by_hand(tree, lists, output / "by-hand"))
        print(f"annotated splits and test of 919: {ours:.1f} s, bare loop {bare:.1f} s, ratio {ours / bare:.2f}")
        ours = prepare("919", "train", ("train", "train_full"))
        copied = timed(lambda: subprocess.run(["cp", "-as", tree / "imagenet/train", output / "cp-as"], check=True))
        print(f"train and train_full: {ours:.1f} s, cp -as of train {copied:.1f} s, ratio {ours / copied:.2f}")
        print(f"  (listing the folders of train once: {listing:.1f} s)")
        whole = sum(prepare(config, "all", None) for config in CONFIG_NAMES)
        again = sum(prepare(config, "all", None) for config in CONFIG_NAMES)
        print(f"everything of 50, 300 and 919: {whole:.1f} s; again, with nothing to do: {again:.1f} s")
        print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        check(tree, lists, output / "all")
    finally:
        shutil.rmtree(output)


if __name__ == "__main__":
    main()
