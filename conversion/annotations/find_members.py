"""The images of a split: those of its official list, or without one those of the folders that hold masks or images."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..core.errors import ImageNetSError, printable, some
from ..facts import categories
from ..masks.split_masks import SplitMasks
from .lists import LISTED_SPLITS, Member, check_classes, check_count, in_order, read_list
from .locate import DownloadFolder, GivenPlace

logger = logging.getLogger("imagenet_s")


def expect_split(split: str, splits: Sequence[str]) -> None:
    """Raise an ImageNetSError for a split that is not among some."""
    if split not in splits:
        raise ImageNetSError(f"split {split!r}: expected one of {', '.join(splits)}.")


def find_members(location: GivenPlace | DownloadFolder, config: str, split: str, verify: bool) -> list[Member]:
    """The members of a split, sorted by `(wnid, image_id)`.

    Args:
        location: where the official files are.
        config: `"50"`, `"300"` or `"919"`.
        split: `"train_semi"`, `"validation"` or `"test"`.
        verify: whether they must be as many as the official ones.

    Raises:
        ImageNetSError: neither list nor folders are found, or (with `verify`) they are not the official ones.
    """
    expect_split(split, LISTED_SPLITS)
    path = location.list_path(split)
    if path is not None:
        members, where = read_list(path), str(path)
    else:
        members, where = _members_of_folders(location, config, split)
    check_classes(members, config, where)
    if verify:
        check_count(len(members), config, split, where)
    return members


def members_with_masks(
    masks: SplitMasks, split: str, members: Sequence[Member], verify: bool, warn: bool = True
) -> Sequence[Member]:
    """The members that have a mask.

    Raises:
        ImageNetSError: none has; with `verify`, some have none.
    """
    missing = [member.image_id for member in members if member.image_id not in masks.by_id]
    if not missing:
        return members
    text = f"{masks.path} lacks {len(missing):,} of the {len(members):,} masks of {split}: {some(missing)}"
    if len(missing) == len(members):
        raise ImageNetSError(
            f"{masks.path} has no masks of the images that {split} lists: expected "
            f"{members[0].wnid}/{missing[0]}.png, for one; it holds {some(masks.keys, 3)}."
        )
    if verify:
        raise ImageNetSError(
            f"{text}; it is not complete: fetch it again, or pass verify=False (--no-verify) for a subset of your own."
        )
    if warn:
        logger.warning("%s; verify=False (--no-verify) leaves them out.", printable(text))
    return [member for member in members if member.image_id in masks.by_id]


def _members_of_folders(location: GivenPlace | DownloadFolder, config: str, split: str) -> tuple[list[Member], str]:
    masks = location.masks(split)
    wnids: dict[str, str] = {}
    imagenet_wnids: dict[str, str] = {}
    where = ""
    if masks is not None:
        with masks.reader:
            wnids, where = {image_id: masks.wnid(image_id) for image_id in masks.by_id}, str(masks.path)
            imagenet_wnids = masks.reader.imagenet_wnids()
    if flat := [image_id for image_id, wnid in wnids.items() if not wnid]:
        if len(flat) == len(wnids):
            raise ImageNetSError(
                f"{where}: {flat[0]} ({len(flat):,} of {len(wnids):,}) is in no class folder, and the list of "
                f"{split}, which says the classes too, is not beside it: expected <wnid>/<image_id>.png."
            )
        wnids = {image_id: wnid for image_id, wnid in wnids.items() if wnid}
    if not wnids:
        if (images := location.image_members(split)) is None:
            raise location.missing()
        wnids, where = images
    # The folder counts; one of a merged class stands for the class it was merged into.
    merged = categories(config).merged_wnids
    members = (Member(i, merged.get(wnid, wnid), imagenet_wnids.get(i, "")) for i, wnid in wnids.items())
    return in_order(members, where), where
