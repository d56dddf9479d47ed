"""A folder with all official files of a configuration: `imagenet-s download` makes it, `annotations_dir` takes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imagenet_s.conversion.annotations.lists import read_list
from imagenet_s.conversion.annotations.mask_readers import ZipReader
from imagenet_s.conversion.annotations.remote import (
    LIST_ROLES,
    RemoteFile,
    archive_file,
    check_file,
    fetch,
    list_file,
    md5_of,
    warn_of_md5,
)
from imagenet_s.conversion.errors import ImageNetSError, some
from imagenet_s.conversion.facts import ANNOTATED_SPLITS, Archive


@dataclass(frozen=True)
class FetchedFile:
    """An official file that is in the folder now."""

    config: str
    file: str
    url: str
    bytes: int
    state: str
    """`"there"` (it was, and is right), `"fetched"`, or `"replaced"` (what was there was not the official file)."""


def fetch_all(folder: Path, config: str, verify: bool = True) -> Iterator[FetchedFile]:
    """Fetch the lists and the archive of a configuration into a folder, one after the other.

    Files that are there are checked and kept; one that is not the official file is replaced once the right one has
    come. Lists come first: with them the archive is checked for a mask of every listed image.

    Args:
        folder: made if need be.
        config: `"50"`, `"300"` or `"919"`.
        verify: checksums, and a mask for every listed image. Without, what is there is taken as it is.

    Yields:
        Each file as soon as it is right.

    Raises:
        DownloadError: a file could not be fetched; what came of it is kept, and the next call goes on from there.
        ImageNetSError: what came is not the official file, or masks are missing in it.
    """
    for remote in (*(list_file(config, role) for role in LIST_ROLES), archive_file(config)):
        path = folder / remote.name
        state = "fetched"
        if path.exists():
            state = "replaced" if verify and not _is_right(path, remote) else "there"
        if state != "there":
            fetch(remote, folder, verify, replace=state == "replaced")
        if verify and isinstance(remote.facts, Archive):
            _check_masks(path, folder, config)
            warn_of_md5(path, md5_of(path), remote.facts)
        yield FetchedFile(config, remote.name, remote.url, path.stat().st_size, state)


def _is_right(path: Path, remote: RemoteFile) -> bool:
    try:
        check_file(path, remote)
    except ImageNetSError:
        return False
    return True


def _check_masks(archive: Path, folder: Path, config: str) -> None:
    with ZipReader(archive) as reader:
        for split in ANNOTATED_SPLITS:
            there = reader.masks(split)
            listed = read_list(folder / list_file(config, split).name)
            missing = [member.image_id for member in listed if member.image_id not in there]
            if missing:
                raise ImageNetSError(
                    f"{archive} lacks {len(missing):,} of the {len(listed):,} masks of {split}: {some(missing)}."
                )
