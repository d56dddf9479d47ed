"""Looking for the official files: in a folder that somebody gave, or in our cache, which may be filled from the net."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from imagenet_s.conversion.annotations.dataset_source import DatasetSource
from imagenet_s.conversion.annotations.folder_source import FolderSource
from imagenet_s.conversion.annotations.official_files import (
    RemoteFile,
    archive_file,
    check_list,
    fetch,
    list_file,
)
from imagenet_s.conversion.annotations.prepared import MaskSource
from imagenet_s.conversion.annotations.zip_source import ZipSource
from imagenet_s.conversion.errors import DownloadError, ImageNetSError
from imagenet_s.conversion.facts import ANNOTATED_SPLITS, OFFICIAL, ListFile

VARIABLE = "IMAGENET_S_ANNOTATIONS_DIR"


class Place(Protocol):
    """Where the official files of one configuration are looked for."""

    def list_path(self, split: str) -> Path | None:
        """The list of a split, checked; None where there is none and something else may tell the members."""

    def source(self, split: str) -> MaskSource | None:
        """What holds the masks of a split, not opened yet; None where there is nothing."""

    def image_folder(self, split: str) -> Path | None:
        """The images of a split in an official tree."""

    def missing(self) -> ImageNetSError:
        """The error that says which files are not there, and what to do."""


class GivenFolder:
    """A folder that a person pointed at: only read, never written to.

    Args:
        folder: holds archives and lists under their original names, or extracted `ImageNetS{C}` trees; or is such a
            tree.
        said: how it was given, for messages.
        config: the configuration that is looked for.
        verify: whether lists must be the official ones.

    Raises:
        ImageNetSError: there is no such folder.
    """

    def __init__(self, folder: Path, said: str, config: str, verify: bool) -> None:
        if not folder.is_dir():
            kind = "is a file; give the folder that holds it" if folder.exists() else "does not exist"
            raise ImageNetSError(f"{said}: {folder} {kind}.")
        self.folder, self.said, self.config, self.verify = folder, said, config, verify

    def list_path(self, split: str) -> Path | None:
        facts = OFFICIAL.lists[self.config][split]
        for path in self._list_candidates(facts.file):
            if self.verify:
                self._check_list(path, facts)
            return path
        return None

    def source(self, split: str) -> MaskSource | None:
        archive = self.folder / OFFICIAL.archives[self.config].file
        if archive.is_file():
            return ZipSource(archive)
        tree = self._tree()
        if tree is not None and (source := FolderSource(tree)).has(split):
            return source
        if DatasetSource.is_one(self.folder) and (converted := DatasetSource(self.folder, self.config)).has(split):
            return converted
        return None

    def image_folder(self, split: str) -> Path | None:
        tree = self._tree()
        folder = None if tree is None else tree / split.replace("_", "-")
        return folder if folder is not None and folder.is_dir() else None

    def missing(self) -> ImageNetSError:
        lists = [list_file(self.config, split) for split in (*ANNOTATED_SPLITS, "test")]
        files = [remote for remote in lists if not self._list_candidates(remote.name)]
        if any(self.source(split) is None for split in ANNOTATED_SPLITS):
            files.insert(0, archive_file(self.config))
        return ImageNetSError(
            f"{self.folder} ({self.said}) has not all the annotations of ImageNet-S-{self.config}. What is missing is "
            f"in these files (an archive may also lie there extracted, as ImageNetS{self.config}):\n"
            f"{_addresses(files)}\n"
            f"Fetch them with `imagenet-s download --config {self.config} --annotations-dir {self.folder}` or by "
            f"hand, or give neither annotations_dir (--annotations-dir) nor ${VARIABLE} to have them downloaded."
        )

    def _list_candidates(self, name: str) -> list[Path]:
        around = [self.folder]
        if (tree := self._tree()) is not None:
            around += [tree, tree.parent]
        return [folder / name for folder in around if (folder / name).is_file()]

    def _check_list(self, path: Path, facts: ListFile) -> None:
        try:
            check_list(path, facts)
        except ImageNetSError as error:
            raise ImageNetSError(
                f"{error} Fetch it again with `imagenet-s download --config {self.config} --annotations-dir "
                f"{self.folder}`, or pass verify=False (--no-verify) for a list of your own."
            ) from error

    def _tree(self) -> Path | None:
        name = f"ImageNetS{self.config}"
        inside = self.folder / name
        if _is_tree(inside):
            return inside
        # A tree under a name of one's own is taken; one that says it is another configuration is not.
        others = {f"ImageNetS{config}" for config in OFFICIAL.archives} - {name}
        if _is_tree(self.folder) and self.folder.resolve().name not in others:
            return self.folder
        return None


class Cache:
    """Our own folder: what is missing is downloaded into it.

    Args:
        folder: where the files go.
        config: the configuration that is looked for.
        verify: whether checksums must hold.
        download: whether anything may be downloaded.
    """

    def __init__(self, folder: Path, config: str, verify: bool, download: bool) -> None:
        self.folder, self.config, self.verify, self.download = folder, config, verify, download

    def list_path(self, split: str) -> Path | None:
        remote = list_file(self.config, split)
        path = self.folder / remote.name
        if not (self.verify and path.exists()):
            return self._get(remote)
        try:
            check_list(path, OFFICIAL.lists[self.config][split])
        except ImageNetSError:
            return self._get(remote, replace=True)  # Ours, so a wrong one is simply fetched again.
        return path

    def source(self, split: str) -> MaskSource | None:
        return ZipSource(self._get(archive_file(self.config)))

    def image_folder(self, split: str) -> Path | None:
        return None

    def missing(self) -> ImageNetSError:
        files = [archive_file(self.config), *(list_file(self.config, split) for split in (*ANNOTATED_SPLITS, "test"))]
        missing = [remote for remote in files if not (self.folder / remote.name).exists()]
        return ImageNetSError(
            f"The annotations of ImageNet-S-{self.config} are needed, and not all of them are here. Fetch on a "
            f"machine with a connection\n{_addresses(missing)}\ninto one folder (`imagenet-s download --config "
            f"{self.config} --annotations-dir DIR` does it) and give that folder as annotations_dir "
            f"(--annotations-dir) or in ${VARIABLE}."
        )

    def _get(self, remote: RemoteFile, replace: bool = False) -> Path:
        path = self.folder / remote.name
        if path.exists() and not replace:
            return path
        if not self.download:
            raise self.missing()
        try:
            return fetch(remote, self.folder, self.verify, replace)
        except DownloadError as error:
            raise ImageNetSError(f"{error} {self.missing()}") from error


def find(
    config: str, annotations_dir: str | os.PathLike[str] | None, downloads: Path, verify: bool, download: bool
) -> Place:
    """The place where the files of a configuration are: the argument's folder, the variable's, or the cache.

    Raises:
        ImageNetSError: a folder was given and does not exist.
    """
    given, said = annotations_dir or None, "annotations_dir"
    if given is None:
        given, said = os.environ.get(VARIABLE) or None, f"${VARIABLE}"
    if given is None:
        return Cache(downloads, config, verify, download)
    return GivenFolder(Path(given).expanduser(), said, config, verify)


def _is_tree(folder: Path) -> bool:
    return any((folder / f"{split.replace('_', '-')}-segmentation").is_dir() for split in ANNOTATED_SPLITS)


def _addresses(files: Sequence[RemoteFile]) -> str:
    return "\n".join(f"- {file.name} from {file.url}" for file in files)
