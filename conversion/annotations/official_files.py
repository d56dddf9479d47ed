"""The official archives and lists: their addresses, how to check them, and how to fetch them into a folder.

The addresses are pinned: archives of one release on github.com, lists of one revision on raw.githubusercontent.com.
`$IMAGENET_S_ENDPOINT` (`https://mirror.example`) replaces scheme and host of both, as HF_ENDPOINT does for the Hub.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.cache import file_digest
from ..core.errors import DownloadError, ImageNetSError, some
from ..facts import ANNOTATED_SPLITS, OFFICIAL, Archive, ListFile
from ..masks.find_masks import find_masks
from ..masks.mask_names import NoMasksError
from ..masks.mask_zip import ZipReader
from .lists import read_list

logger = logging.getLogger("imagenet_s")

LIST_ROLES = ("categories", "train_semi", "validation", "validation_names", "test")
"""The lists of a configuration. This package reads those named after a split, the official tools the others too."""


@dataclass(frozen=True)
class RemoteFile:
    """An official file: its name, its address, and the facts that its content is checked against."""

    name: str
    url: str
    facts: Archive | ListFile

    def check(self, path: Path) -> None:
        """Raise an ImageNetSError if a file is another one or damaged; see `check_archive` and `check_list`."""
        if isinstance(self.facts, Archive):
            check_archive(path, self.facts)
        else:
            check_list(path, self.facts)

    def check_form(self, path: Path) -> None:
        """Raise an ImageNetSError if it can't be such a file at all, also one of somebody's own: a login page, say."""
        with path.open("rb") as file:
            head = file.read(512).lstrip()
        if head.startswith(b"<") or (isinstance(self.facts, Archive) and not head.startswith(b"PK")):
            kind = "an archive" if isinstance(self.facts, Archive) else "a list"
            raise ImageNetSError(f"expected {kind}, and it begins with {head[:40].decode(errors='replace')!r}.")


def list_file(config: str, role: str) -> RemoteFile:
    """A list of a configuration; `role` is one of `LIST_ROLES`."""
    facts = OFFICIAL.lists[config][role]
    return RemoteFile(facts.file, _endpoint("https://raw.githubusercontent.com") + facts.url_path, facts)


def archive_file(config: str) -> RemoteFile:
    """The zip with the masks of a configuration, `train_semi` and `validation` together."""
    facts = OFFICIAL.archives[config]
    return RemoteFile(facts.file, _endpoint("https://github.com") + facts.url_path, facts)


def official_files(config: str) -> tuple[RemoteFile, ...]:
    """The lists and the archive of a configuration, in the order they are fetched."""
    return (*(list_file(config, role) for role in LIST_ROLES), archive_file(config))


def fetch(remote: RemoteFile, folder: Path, verify: bool = True, replace: bool = False) -> Path:
    """Download one official file into a folder, under its own name.

    Raises:
        DownloadError: it could not be fetched, or the environment forbids connections.
        ImageNetSError: the check failed; the file is deleted.
    """
    from .http import download  # late: `requests` takes long to import

    if offline():
        raise DownloadError(f"{remote.name} is not fetched: HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set.")

    def check(path: Path) -> None:
        try:
            if verify:
                remote.check(path)
            else:
                remote.check_form(path)
        except ImageNetSError as error:
            raise ImageNetSError(
                f"What came from {remote.url} is not the official file and was deleted: {error} Is there a login page "
                "or a filter in between, or does $IMAGENET_S_ENDPOINT name something that is no mirror?"
            ) from error

    target = folder / remote.name
    download(remote.url, target, check=check, replace=replace)
    return target


@dataclass(frozen=True)
class FetchedFile:
    """An official file that the folder holds now."""

    config: str
    file: str
    url: str
    bytes: int
    state: str
    """`"there"` (it existed and is right), `"fetched"`, or `"replaced"` (it existed and was not the official file)."""


def fetch_all(folder: Path, config: str, verify: bool = True) -> Iterator[FetchedFile]:
    """Fetch the lists and the archive of a configuration into a folder, which can then be given as `annotations_dir`.

    Existing files are checked and kept; one that fails the check is replaced as soon as the right one is complete.
    Lists are fetched first: with them the archive is checked for a mask of every listed image.

    Args:
        folder: made if it does not exist.
        config: `"50"`, `"300"` or `"919"`.
        verify: whether to compare checksums and to look for every mask; without, existing files are kept unread.

    Yields:
        Each file as soon as it is complete and checked.

    Raises:
        DownloadError: a file could not be fetched; the part that came is kept, and the next call resumes there.
        ImageNetSError: a fetched file is not the official one, or lacks masks.
    """
    for remote in official_files(config):
        path = folder / remote.name
        state = "fetched"
        if path.exists():
            state = "there"
            try:
                if verify:
                    remote.check(path)
            except ImageNetSError:
                state = "replaced"
        if state != "there":
            fetch(remote, folder, verify, replace=state == "replaced")
        if verify and isinstance(remote.facts, Archive):
            _check_masks(path, folder, config)
            warn_of_md5(path, file_digest(path, "md5"), remote.facts)
        yield FetchedFile(config, remote.name, remote.url, path.stat().st_size, state)


def offline() -> bool:
    """Whether the environment forbids connections, by the variables of Hugging Face."""
    names = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
    return any(os.environ.get(name, "").upper() in {"1", "ON", "YES", "TRUE"} for name in names)


def check_list(path: Path, facts: ListFile) -> None:
    """Raise an ImageNetSError if a list is not the official one, by its sha256."""
    digest = file_digest(path)
    if digest != facts.sha256:
        raise ImageNetSError(
            f"{path} is not the official {facts.file}: {path.stat().st_size:,} bytes with sha256 {digest[:12]}..., "
            f"expected {facts.bytes:,} bytes with {facts.sha256[:12]}...."
        )


def check_archive(path: Path, facts: Archive) -> str:
    """Check an archive by its md5 or, where that differs, by the CRC of every member.

    It could not be confirmed that the md5 in the name of an archive is that of its content: an undamaged archive with
    another md5 is accepted, and `warn_of_md5` logs it.

    Returns:
        The md5 of the file.

    Raises:
        ImageNetSError: no zip, truncated, or a member with a wrong CRC.
    """
    digest = file_digest(path, "md5")
    if digest != facts.md5:
        with contextlib.closing(ZipReader(path)) as reader:
            reader.check_members()
    return digest


@functools.cache
def warn_of_md5(path: Path, digest: str, facts: Archive) -> None:
    """Log a warning if the md5 is not the one in the name of the archive; once a process and file."""
    if digest != facts.md5:
        message = "%s has the md5 %s, its name says %s; but every CRC in it is right, so it is used."
        logger.warning(message, path, digest, facts.md5)


def _check_masks(archive: Path, folder: Path, config: str) -> None:
    for split in ANNOTATED_SPLITS:
        image_ids: Mapping[str, str] = {}
        with contextlib.suppress(NoMasksError), (masks := find_masks(archive, config, split)).reader:
            image_ids = masks.by_id
        listed = read_list(folder / list_file(config, split).name)
        missing = [member.image_id for member in listed if member.image_id not in image_ids]
        if missing:
            raise ImageNetSError(
                f"{archive} lacks {len(missing):,} of the {len(listed):,} masks of {split}: {some(missing)}."
            )


def _endpoint(default: str) -> str:
    return os.environ.get("IMAGENET_S_ENDPOINT", "").rstrip("/") or default
