"""Folders, listed and walked by one rule, whoever asks: readers of images, masks, maps and submissions.

Links to folders are followed. A folder is visited once, however many links lead to it (`latest -> .` adds nothing), and
under its own name rather than that of a link. Hidden folders and those that file systems put into their volumes are
not entered. A folder that can't be listed is an error that names it: taken for an empty one, its files would be missing
from every figure without a word.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from .errors import ImageNetSError, reason

_OF_FILE_SYSTEMS = frozenset({"lost+found", "system volume information", "$recycle.bin", "@eadir", "#recycle"})


class Folder(NamedTuple):
    """A folder that was listed.

    Attributes:
        name: its path below the root of the walk, with `/`; empty for the root itself.
        folders: names of the folders in it, sorted. `walk` enters those that are left in this list.
        files: names of everything else in it, sorted.
    """

    name: str
    folders: list[str]
    files: list[str]


def list_folder(path: str | os.PathLike[str], name: str = "") -> Folder:
    """What is in one folder, but for folders that are never entered.

    Raises:
        ImageNetSError: it can't be listed.
    """
    folders, files = [], []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if not _is_folder(entry):
                    files.append(entry.name)
                elif not is_passed_over(entry.name):
                    folders.append(entry.name)
    except OSError as error:
        raise ImageNetSError(f"{os.fspath(path)} can't be listed ({reason(error)}).") from error
    return Folder(name, sorted(folders), sorted(files))


def walk(root: str | os.PathLike[str]) -> Iterator[Folder]:
    """A folder and all below it: parents before what is in them, links to folders after everything else.

    Yields:
        Each folder. Remove names from its `folders` to pass them over.

    Raises:
        ImageNetSError: one of them can't be listed.
    """
    top = os.fspath(root)
    visited: set[tuple[int, int]] = set()
    waiting, links = [""], list[str]()
    while waiting or links:
        name = waiting.pop() if waiting else links.pop(0)
        path = os.path.join(top, name) if name else top
        try:
            about = os.stat(path)
        except OSError as error:
            raise ImageNetSError(f"{path} can't be listed ({reason(error)}).") from error
        if (about.st_dev, about.st_ino) in visited:
            continue
        visited.add((about.st_dev, about.st_ino))
        folder = list_folder(path, name)
        yield folder
        inner = [f"{name}/{below}" if name else below for below in folder.folders]
        linked = [path for path in inner if os.path.islink(os.path.join(top, path))]
        links += linked
        waiting += reversed([path for path in inner if path not in linked])


def walk_files(root: str | os.PathLike[str]) -> Iterator[str]:
    """The paths of all files below a folder, relative to it, with `/`.

    Raises:
        ImageNetSError: a folder can't be listed.
    """
    for folder in walk(root):
        yield from (f"{folder.name}/{file}" if folder.name else file for file in folder.files)


def is_passed_over(name: str) -> bool:
    """Whether a folder of this name is never entered: it is hidden, or no folder of a data set."""
    return name.startswith(".") or name.lower() in _OF_FILE_SYSTEMS


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into a folder that may not be searched
        return False
