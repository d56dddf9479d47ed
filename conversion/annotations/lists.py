"""The official lists: the images of each split and their class folders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from ..core.errors import ImageNetSError, some
from ..core.text_file import read_text
from ..facts import OFFICIAL, categories
from ..facts.spellings import official_id

LISTED_SPLITS = ("train_semi", "validation", "test")

_PATH = re.compile(r"(n\d{8})/([^/\\]+)\.(?:JPEG|png)")


class Member(NamedTuple):
    """An image of a split."""

    image_id: str
    """Its basename without ending."""
    wnid: str
    """Its folder in the ImageNet-S tree."""
    imagenet_wnid: str = ""
    """Its folder in ImageNet, or an empty string if the list has none."""


def read_list(path: Path) -> list[Member]:
    """The images of a list file, sorted by class folder and name.

    Both kinds have two columns, and it is the second that says where an image is in the ImageNet-S tree: the mapping
    lists have ImageNet's folder in the first, and in the list of `train_semi` twenty images of merged classes are in
    the folder of the class they were merged into.

    Raises:
        ImageNetSError: a line of another form, or an image twice.
    """
    members = []
    # Several of the official lists end without a newline.
    for number, line in enumerate(read_text(path).splitlines(), 1):
        columns = line.split()
        if not columns:
            continue
        match = _PATH.fullmatch(columns[1]) if len(columns) == 2 else None
        if match is None:
            raise ImageNetSError(
                f"{path}, line {number}: got {line[:80]!r}, expected two columns as in "
                "'n01440764/ILSVRC2012_val_00009111.JPEG n01440764/ILSVRC2012_val_00009111.JPEG'."
            )
        in_imagenet = _PATH.fullmatch(columns[0])
        members.append(Member(official_id(match[2]), match[1], in_imagenet[1] if in_imagenet else ""))
    return in_order(members, str(path))


def in_order(members: Iterable[Member], where: str) -> list[Member]:
    """Members sorted by class folder and name; raises an ImageNetSError if an image occurs twice."""
    ordered = sorted(members, key=lambda member: (member.wnid, member.image_id))
    if twice := [image_id for image_id, count in Counter(m.image_id for m in ordered).items() if count > 1]:
        raise ImageNetSError(f"{where} has {some(twice)} more than once; an image belongs to one class folder.")
    return ordered


def as_table(members: Sequence[Member]) -> pa.Table:
    """Members as a table of string columns: `image_id`, `wnid`, `imagenet_wnid`."""
    columns = {name: pa.array([getattr(member, name) for member in members], pa.string()) for name in Member._fields}
    return pa.table(columns)


def check_classes(members: Sequence[Member], config: str, where: str) -> None:
    """Raise an ImageNetSError if a member is in a folder that is no class of the configuration."""
    wrong = sorted({member.wnid for member in members} - set(categories(config).wnids[1:]))
    if wrong:
        raise ImageNetSError(
            f"{where} has class folders that ImageNet-S-{config} does not have: {some(wrong)}; "
            "was it made for another configuration?"
        )


def check_count(num_images: int, config: str, split: str, where: str) -> None:
    """Raise an ImageNetSError if the number of images is not the official one."""
    expected = OFFICIAL.num_images[config][split]
    if num_images != expected:
        raise ImageNetSError(
            f"{split} of ImageNet-S-{config}: {expected:,} images expected, {num_images:,} found in {where}; "
            "complete it, or pass verify=False (--no-verify) for a subset of your own."
        )
