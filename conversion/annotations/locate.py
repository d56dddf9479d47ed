"""Locate the official files of a configuration: in a given folder, or in the cache, filled by downloads."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from ..core.cache import cached_file
from ..core.errors import DownloadError, ImageNetSError, MissingAnnotationsError, is_utf8, some
from ..core.paths import local_path, real_path
from ..core.walk import list_folder, walk_files
from ..facts import ANNOTATED_SPLITS, MASK_FOLDERS, OFFICIAL, SPLIT_FOLDERS, ListFile, tree_name
from ..masks.find_masks import around, find_masks, refuse_other_files, tree_of_masks
from ..masks.mask_names import NoMasksError
from ..masks.split_masks import SplitMasks
from .official_files import RemoteFile, archive_file, check_list, fetch, list_file

VARIABLE = "IMAGENET_S_ANNOTATIONS_DIR"
_IMAGE = re.compile(r"(n\d{8})/([^/]+)\.JPEG")


def resolve_annotations_dir(annotations_dir: str | os.PathLike[str] | None) -> str | None:
    """The folder of the annotations: the argument, else `$IMAGENET_S_ANNOTATIONS_DIR`, else None (download them)."""
    given = os.environ.get(VARIABLE) if annotations_dir is None else os.fsdecode(annotations_dir)
    if not given:
        return None
    if not is_utf8(given):
        raise ImageNetSError(
            f"annotations_dir (--annotations-dir, ${VARIABLE}) {given}: its name is not UTF-8, in which `datasets` "
            "keeps its settings. Rename it, or give a copy."
        )
    return real_path(local_path(given, f"annotations_dir (--annotations-dir, ${VARIABLE})"))


class GivenPlace:
    """A folder or file given by the user: only read, never written to.

    Args:
        path: whatever `find_masks` takes, with the lists in it or around it under their original names.
        config: the configuration that is looked for.
        verify: whether lists must be the official ones.

    Raises:
        ImageNetSError: there is nothing.
    """

    def __init__(self, path: Path, config: str, verify: bool) -> None:
        if not path.exists():
            raise ImageNetSError(f"annotations_dir (--annotations-dir, ${VARIABLE}): {path} does not exist.")
        refuse_other_files(path)
        self.path, self.config, self.verify = path, config, verify
        self._folder = path if path.is_dir() else path.parent

    def list_path(self, split: str) -> Path | None:
        """The list of a split, checked; None where there is none."""
        facts = OFFICIAL.lists[self.config][split]
        for path in self._list_candidates(facts.file):
            if self.verify:
                self._check_list(path, facts)
            return path
        return None

    def masks(self, split: str) -> SplitMasks | None:
        """The masks of a split, or in a converted data set its rows; None where there are none."""
        try:
            masks = find_masks(self.path, self.config, split)
        except NoMasksError:
            return None
        # PNGs are of train_semi or validation, also where nothing around them says so.
        return masks if split in MASK_FOLDERS or masks.reader.form == "ids" else None

    def official_file(self, remote: RemoteFile) -> Path | None:
        """An archive or a list under its original name."""
        return next(iter(self._list_candidates(remote.name)), None)

    def image_members(self, split: str) -> tuple[dict[str, str], str] | None:
        """Image id -> class folder, of the images of a split in an official tree, and their folder."""
        tree = self._tree()
        folder = SPLIT_FOLDERS[split]
        if tree is None or not (tree / folder).is_dir():
            return None
        matches = (_IMAGE.fullmatch(name) for name in walk_files(tree / folder))
        return {match[2]: match[1] for match in matches if match}, str(tree / folder)

    def missing(self) -> ImageNetSError:
        """The error that names the missing files, and how to get them."""
        for inside in (self.path, self.path.parent):
            if inside.name in MASK_FOLDERS.values():
                return MissingAnnotationsError(
                    f"annotations_dir (--annotations-dir, ${VARIABLE}) {self.path} is a part of the masks: name the "
                    f"folder that holds {inside.name}, {inside.parent}."
                )
        lists = [list_file(self.config, split) for split in (*ANNOTATED_SPLITS, "test")]
        files = [remote for remote in lists if not self._list_candidates(remote.name)]
        with contextlib.suppress(ImageNetSError):  # damaged masks are masks
            if any(self.masks(split) is None for split in ANNOTATED_SPLITS):
                files.insert(0, archive_file(self.config))
        _, folders, names = list_folder(self._folder)
        seen = some(sorted(folders + names)) or "nothing"
        return MissingAnnotationsError(
            f"{self.path} (annotations_dir, --annotations-dir; it holds {seen}) has not all the annotations of "
            f"ImageNet-S-{self.config}. What is missing is in these files (an archive may also be extracted there, as "
            f"{tree_name(self.config)}/{MASK_FOLDERS['validation']}/...):\n"
            f"{_addresses(files)}\n"
            f"Fetch them with `imagenet-s download --config {self.config} --annotations-dir "
            f"{shlex.quote(str(self._folder))}` or by hand, or give neither "
            f"annotations_dir (--annotations-dir) nor ${VARIABLE} to have them downloaded."
        )

    def _list_candidates(self, name: str) -> list[Path]:
        if self.path.is_dir():
            folders = list(around(self.path))
            if (tree := self._tree()) is not None:
                folders += [tree, tree.parent]
            if self.path.name in MASK_FOLDERS.values():
                folders += self.path.parents[:2]
        else:
            folders = [self.path.parent]
        return [folder / name for folder in folders if (folder / name).is_file()]

    def _check_list(self, path: Path, facts: ListFile) -> None:
        try:
            check_list(path, facts)
        except ImageNetSError as error:
            raise ImageNetSError(
                f"{error} Fetch it again with `imagenet-s download --config {self.config} --annotations-dir "
                f"{shlex.quote(str(self._folder))}`, or pass verify=False (--no-verify) for a list of your own."
            ) from error

    def _tree(self) -> Path | None:
        return tree_of_masks(self.path, self.config) if self.path.is_dir() else None


class DownloadFolder:
    """The downloads of our cache: what is missing is fetched. Has the methods of `GivenPlace`.

    Args:
        cache_dir: the root of the cache; that of `datasets` by default.
        config: the configuration that is looked for.
        verify: whether checksums must be right.
    """

    def __init__(self, cache_dir: str | os.PathLike[str] | None, config: str, verify: bool) -> None:
        self.cache_dir, self.config, self.verify = cache_dir, config, verify

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

    def masks(self, split: str) -> SplitMasks | None:
        return find_masks(self._get(archive_file(self.config)), self.config, split)

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
        try:
            return fetch(remote, path.parent, self.verify, replace)
        except DownloadError as error:
            raise MissingAnnotationsError(f"{error} {self.missing()}") from error


def _addresses(files: Sequence[RemoteFile]) -> str:
    return "\n".join(f"- {file.name} from {file.url}" for file in files)
