"""The official lists: the images of each split and their class folders."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from ..core.errors import ImageNetSError, reason, some
from ..facts import OFFICIAL, categories
from ..facts.spellings import official_id

LISTED_SPLITS = ("train_semi", "validation", "test")

_PATH = re.compile(r"(n\d{8})/([^/\\]+)\.(?:JPEG|png)")


class Member(NamedTuple):
    """An image of a split: its basename without ending, and its folders in the ImageNet-S tree and in ImageNet."""

    image_id: str
    wnid: str
    imagenet_wnid: str = ""
    """"" where nothing says it."""


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
        own = _PATH.fullmatch(columns[0])
        members.append(Member(official_id(match[2]), match[1], own[1] if own else ""))
    return in_order(members, str(path))


def read_text(path: Path) -> str:
    """The text of a list, which is UTF-8; a mark of that at its beginning (Windows' editors write one) is no text.

    Raises:
        ImageNetSError: it can't be read, or has another encoding; the message says which, or in which line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageNetSError(f"{path} can't be read ({reason(error)}).") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data[:100]:
        raise ImageNetSError(
            f"{path} is a text in UTF-16 or UTF-32, as PowerShell's `>` writes it: expected UTF-8. Save it as that, by "
            "`Out-File -Encoding utf8` for instance, or fetch it again."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ImageNetSError(
            f"{path}, line {line}: the byte 0x{data[error.start]:02x} is not UTF-8; expected a text in UTF-8. Save "
            "it as that, or fetch it again."
        ) from error


def in_order(members: Iterable[Member], where: str) -> list[Member]:
    """Members sorted by class folder and name; raises an ImageNetSError if an image occurs twice."""
    ordered = sorted(members, key=lambda member: (member.wnid, member.image_id))
    if twice := [image_id for image_id, count in Counter(m.image_id for m in ordered).items() if count > 1]:
        raise ImageNetSError(f"{where} has {some(twice)} more than once; an image belongs to one class folder.")
    return ordered


def as_table(members: Sequence[Member]) -> pa.Table:
    """Members as a table of string columns: `image_id`, `wnid`, `imagenet_wnid` ("" where nothing says it)."""
    columns = {name: pa.array([getattr(one, name) for one in members], pa.string()) for name in Member._fields}
    return pa.table(columns)


def check_classes(members: Sequence[Member], config: str, where: str) -> None:
    """Raise an ImageNetSError if a member is in a folder that is no class of the configuration."""
    wrong = sorted({member.wnid for member in members} - set(categories(config).wnids))
    if wrong:
        raise ImageNetSError(
            f"{where} has class folders that ImageNet-S-{config} does not have: {some(wrong)}; "
            "was it made for another configuration?"
        )


def check_count(found: int, config: str, split: str, where: str) -> None:
    """Raise an ImageNetSError if the number of images is not the official one."""
    expected = OFFICIAL.num_images[config][split]
    if found != expected:
        raise ImageNetSError(
            f"{split} of ImageNet-S-{config}: {expected:,} images expected, {found:,} found in {where}; "
            "complete it, or pass verify=False (--no-verify) for a subset of your own."
        )
