"""Masks in an extracted tree: `ImageNetS{C}/{train-semi,validation}-segmentation/<wnid>/*.png`."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from imagenet_s.conversion.annotations.lists import Member, in_order
from imagenet_s.conversion.errors import ImageNetSError

_WNID = re.compile(r"n\d{8}")


class FolderSource:
    """The masks of an extracted tree, with the interface of `ZipSource`.

    Args:
        path: the folder `ImageNetS{C}`, with one or both of the segmentation folders in it.
    """

    form: Literal["official", "ids"] = "official"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: dict[str, dict[str, str]] = {}

    def has(self, split: str) -> bool:
        """Whether the masks of a split are there."""
        return self._root(split).is_dir()

    def folders(self, split: str) -> dict[str, str]:
        """Image -> class folder, for the masks of a split; looked up once."""
        if split not in self._found:
            members = members_of_folder(self._root(split), ".png")
            self._found[split] = {member.image_id: member.wnid for member in members}
        return self._found[split]

    def name_of(self, split: str, image_id: str) -> str:
        """What to call a mask in an error."""
        return str(self._path_of(split, image_id))

    def read(self, split: str, image_id: str) -> bytes:
        """The PNG of a mask.

        Raises:
            ImageNetSError: not readable.
        """
        path = self._path_of(split, image_id)
        try:
            return path.read_bytes()
        except OSError as error:
            raise ImageNetSError(f"{path} cannot be read ({error.strerror}).") from error

    def identity(self, split: str) -> str:
        """Changes when a mask is added, taken away or written anew."""
        root = self._root(split)
        digest = hashlib.sha256(str(root.resolve()).encode())
        for entry in sorted(_files(root, ".png"), key=lambda entry: entry.path):
            about = entry.stat()
            name = entry.path[len(str(root)) :]
            digest.update(f"{name}|{about.st_size}|{about.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def __enter__(self) -> FolderSource:
        return self

    def __exit__(self, *error: object) -> None:
        pass  # Nothing is held open.

    def _root(self, split: str) -> Path:
        return self.path / f"{split.replace('_', '-')}-segmentation"

    def _path_of(self, split: str, image_id: str) -> Path:
        return self._root(split) / self.folders(split)[image_id] / f"{image_id}.png"


def members_of_folder(root: Path, ending: str) -> list[Member]:
    """The images of `<root>/<wnid>/<image><ending>`, in the order of the rows.

    Raises:
        ImageNetSError: an image in two folders.
    """
    found = (
        Member(entry.name[: -len(ending)], os.path.basename(os.path.dirname(entry.path)))
        for entry in _files(root, ending)
    )
    return in_order(found, str(root))


def _files(root: Path, ending: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(root) as folders:
        for folder in folders:
            if _WNID.fullmatch(folder.name) and folder.is_dir():
                with os.scandir(folder.path) as files:
                    yield from (f for f in files if f.name.endswith(ending) and not f.name.startswith("._"))
