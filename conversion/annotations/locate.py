"""Locate the official files of a configuration: in a given folder, or in the cache, filled by downloads."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from ..converted.dataset_index import INDEX
from ..core.cache import cached_file
from ..core.errors import DownloadError, ImageNetSError, MissingAnnotationsError, is_utf8, some
from ..core.hub_cache import snapshot
from ..core.paths import local_path
from ..core.walk import list_folder
from ..facts import ANNOTATED_SPLITS, MASK_FOLDERS, OFFICIAL, SPLIT_FOLDERS, ListFile, tree_name
from ..masks.mask_folder import FolderReader
from ..masks.mask_reader import MaskReader
from ..masks.mask_shards import ConvertedReader
from ..masks.mask_zip import ZipReader
from .official_files import RemoteFile, archive_file, check_list, fetch, list_file

VARIABLE = "IMAGENET_S_ANNOTATIONS_DIR"
_MOST_FOLDERS = 50
_IMAGE = re.compile(r"/(n\d{8})/([^/]+)\.JPEG$")


def resolve_annotations_dir(annotations_dir: str | os.PathLike[str] | None) -> str | None:
    """The folder of the annotations: the argument, else `$IMAGENET_S_ANNOTATIONS_DIR`, else None (download them)."""
    given = os.environ.get(VARIABLE) if annotations_dir is None else os.fsdecode(annotations_dir)
    if not given:
        return None
    if not is_utf8(given):
        raise ImageNetSError(
            f"annotations_dir (or ${VARIABLE}) {given}: its name is not UTF-8, in which `datasets` keeps its settings. "
            "Rename it, or give a copy."
        )
    path = local_path(given, f"annotations_dir (or ${VARIABLE})")
    return os.path.realpath(path)


class GivenFolder:
    """A folder given by the user: only read, never written to.

    Args:
        folder: holds archives and lists under their original names, or extracted `ImageNetS{C}` trees; or is such a
            tree, or a data set that `imagenet-s convert` wrote.
        config: the configuration that is looked for.
        verify: whether lists must be the official ones.

    Raises:
        ImageNetSError: there is no such folder.
    """

    def __init__(self, folder: Path, config: str, verify: bool) -> None:
        if not folder.is_dir():
            kind = "is a file; give the folder that holds it" if folder.exists() else "does not exist"
            raise ImageNetSError(f"annotations_dir (or ${VARIABLE}): {folder} {kind}.")
        self.folder, self.config, self.verify = folder, config, verify

    def list_path(self, split: str) -> Path | None:
        """The list of a split, checked; None where there is none."""
        facts = OFFICIAL.lists[self.config][split]
        for path in self._list_candidates(facts.file):
            if self.verify:
                self._check_list(path, facts)
            return path
        return None

    def reader(self, split: str) -> MaskReader | None:
        """A reader of the masks of a split, or in a converted data set of its rows; None where there is none."""
        here, *below = [place / OFFICIAL.archives[self.config].file for place in self._around()]
        if os.path.isfile(here):
            return ZipReader(here)
        tree, folder = self._tree(), MASK_FOLDERS.get(split)
        if tree is not None and folder is not None and (tree / folder).is_dir():
            return FolderReader(tree, [folder])
        if (converted := self._converted()) is not None:
            return converted if split in converted.splits else None
        return next((ZipReader(archive) for archive in below if os.path.isfile(archive)), None)

    def official_file(self, remote: RemoteFile) -> Path | None:
        """An archive or a list under its original name."""
        return next(iter(self._list_candidates(remote.name)), None)

    def image_members(self, split: str) -> tuple[dict[str, str], str] | None:
        """Image id -> class folder, of the images of a split in an official tree, and their folder."""
        tree = self._tree()
        folder = SPLIT_FOLDERS[split]
        if tree is None or not (tree / folder).is_dir():
            return None
        matches = (_IMAGE.search(name) for name in FolderReader(tree, [folder]).names)
        return {match[2]: match[1] for match in matches if match}, str(tree / folder)

    def missing(self) -> ImageNetSError:
        """The error that names the missing files, and how to get them."""
        for inside in (self.folder, self.folder.parent):
            if inside.name in MASK_FOLDERS.values():
                return MissingAnnotationsError(
                    f"annotations_dir (or ${VARIABLE}) {self.folder} is a part of the masks: name the folder that "
                    f"holds {inside.name}, {inside.parent}."
                )
        lists = [list_file(self.config, split) for split in (*ANNOTATED_SPLITS, "test")]
        files = [remote for remote in lists if not self._list_candidates(remote.name)]
        if any(self.reader(split) is None for split in ANNOTATED_SPLITS):
            files.insert(0, archive_file(self.config))
        _, folders, names = list_folder(self.folder)
        seen = some(sorted(folders + names)) or "nothing"
        return MissingAnnotationsError(
            f"{self.folder} (annotations_dir; it holds {seen}) has not all the annotations of "
            f"ImageNet-S-{self.config}. What is missing is in these files (an archive may also be extracted there, as "
            f"{tree_name(self.config)}/{MASK_FOLDERS['validation']}/...):\n"
            f"{_addresses(files)}\n"
            f"Fetch them with `imagenet-s download --config {self.config} --annotations-dir "
            f"{shlex.quote(str(self.folder))}` or by hand, or give neither "
            f"annotations_dir (--annotations-dir) nor ${VARIABLE} to have them downloaded."
        )

    def _list_candidates(self, name: str) -> list[Path]:
        around = self._around()
        if (tree := self._tree()) is not None:
            around += [tree, tree.parent]
        return [folder / name for folder in around if os.path.isfile(folder / name)]

    def _around(self) -> list[Path]:
        """The folder, and those one level down: unpacking often makes one more."""
        names = list_folder(self.folder).folders
        # A tree of masks or images has no further folders of interest, but thousands of them.
        return [self.folder, *(self.folder / name for name in names if len(names) <= _MOST_FOLDERS)]

    def _check_list(self, path: Path, facts: ListFile) -> None:
        try:
            check_list(path, facts)
        except ImageNetSError as error:
            raise ImageNetSError(
                f"{error} Fetch it again with `imagenet-s download --config {self.config} --annotations-dir "
                f"{shlex.quote(str(self.folder))}`, or pass verify=False (--no-verify) for a list of your own."
            ) from error

    def _converted(self) -> ConvertedReader | None:
        """The data set that `imagenet-s convert` wrote: the folder, or what the Hub's cache or a folder more holds."""
        in_cache = snapshot(os.fspath(self.folder))
        above = [self.folder.parent] if self.folder.name == self.config else []
        for place in (self.folder, *([] if in_cache is None else [Path(in_cache)]), *above, *self._around()[1:]):
            if os.path.isfile(place / INDEX):
                try:
                    return ConvertedReader(place, self.config)
                except ImageNetSError:
                    if place == self.folder:
                        raise  # elsewhere it may be the index of something else
        return None

    def _tree(self) -> Path | None:
        name = tree_name(self.config)
        for folder in self._around():
            if _has_masks(folder / name):
                return folder / name
        # A tree with any other name is accepted, but not one with the name of another configuration.
        others = {tree_name(config) for config in OFFICIAL.archives} - {name}
        if _has_masks(self.folder) and self.folder.resolve().name not in others:
            return self.folder
        return None


class DownloadFolder:
    """The downloads of our cache: what is missing is fetched. Has the methods of `GivenFolder`.

    Args:
        cache_dir: the root of the cache; that of `datasets` by default.
        config: the configuration that is looked for.
        verify: whether checksums must be right.
        download: whether anything may be downloaded.
    """

    def __init__(self, cache_dir: str | os.PathLike[str] | None, config: str, verify: bool, download: bool) -> None:
        self.cache_dir, self.config, self.verify, self.download = cache_dir, config, verify, download

    def list_path(self, split: str) -> Path | None:
        remote = list_file(self.config, split)
        path = self._path(remote)
        if not (self.verify and path.exists()):
            return self._get(remote)
        try:
            check_list(path, OFFICIAL.lists[self.config][split])
        except ImageNetSError:
            return self._get(remote, replace=True)  # In our cache, so a wrong one is fetched again.
        return path

    def reader(self, split: str) -> MaskReader | None:
        return ZipReader(self._get(archive_file(self.config)))

    def official_file(self, remote: RemoteFile) -> Path | None:
        return self._get(remote)

    def image_members(self, split: str) -> tuple[dict[str, str], str] | None:
        return None

    def missing(self) -> ImageNetSError:
        files = [archive_file(self.config), *(list_file(self.config, split) for split in (*ANNOTATED_SPLITS, "test"))]
        missing = [remote for remote in files if not self._path(remote).exists()]
        return MissingAnnotationsError(
            f"The annotations of ImageNet-S-{self.config} are needed, and not all of them are here. Fetch on a "
            f"machine with a connection\n{_addresses(missing)}\ninto one folder (`imagenet-s download --config "
            f"{self.config} --annotations-dir DIR` does it) and give that folder as annotations_dir "
            f"(--annotations-dir) or in ${VARIABLE}."
        )

    def has_archive(self) -> bool:
        """Whether the masks were downloaded."""
        return self._path(archive_file(self.config)).exists()

    def _path(self, remote: RemoteFile) -> Path:
        return cached_file("downloads", remote.name, self.cache_dir)

    def _get(self, remote: RemoteFile, replace: bool = False) -> Path:
        path = self._path(remote)
        if path.exists() and not replace:
            return path
        if not self.download:
            raise self.missing()
        try:
            return fetch(remote, path.parent, self.verify, replace)
        except DownloadError as error:
            raise MissingAnnotationsError(f"{error} {self.missing()}") from error


def _has_masks(folder: Path) -> bool:
    return any(os.path.isdir(folder / name) for name in MASK_FOLDERS.values())


def _addresses(files: Sequence[RemoteFile]) -> str:
    return "\n".join(f"- {file.name} from {file.url}" for file in files)
