"""`MaskReader`: files by their names, and those of them that are the masks of a split."""

from __future__ import annotations

import abc
import re
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

from ..core.cache import stat_digest
from ..core.errors import ImageNetSError
from ..facts import MASK_FOLDERS
from ..facts.spellings import official_id

_MASK = re.compile(rf"(?:^|/)({'|'.join(MASK_FOLDERS.values())})/(n\d{{8}})/([^/]+)\.png$", re.IGNORECASE | re.ASCII)

Reader = TypeVar("Reader", bound="MaskReader")


class MaskReader(abc.ABC):
    """Files in one place, by relative names with `/`. Reading is safe from several threads.

    Nothing is opened before something is asked for; use it in a `with` statement, or `close()` it.

    Args:
        path: the zip or folder.
    """

    form: ClassVar[Literal["official", "ids"]] = "official"
    """What `read` gives of a mask: an official RGB PNG, or a 16-bit grey one of ids."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._masks: dict[str, dict[str, str]] | None = None

    @property
    @abc.abstractmethod
    def names(self) -> list[str]:
        """The names of all files, sorted, without hidden, temporary and macOS metadata files.

        Raises:
            ImageNetSError: the files can't be listed.
        """

    @abc.abstractmethod
    def read(self, name: str) -> bytes:
        """The content of a file; raises an ImageNetSError if it can't be read or is damaged."""

    @abc.abstractmethod
    def stored_in(self, split: str) -> Iterable[str]:
        """The files below `path` that hold the masks of a split; "" for `path` itself."""

    def identity(self, split: str) -> str:
        """A digest that changes when masks of the split are added, removed or changed."""
        return stat_digest(str(self.path.resolve() / file) for file in self.stored_in(split))

    def masks(self, split: str) -> dict[str, str]:
        """Image id -> name, of the masks of a split: files `.../<split>-segmentation/<wnid>/<image_id>.png`.

        Upper and lower case count as the same, as of images; the ids are the official ones.

        Raises:
            ImageNetSError: two masks of one image.
        """
        if self._masks is None:
            found: dict[str, dict[str, str]] = {folder: {} for folder in MASK_FOLDERS.values()}
            for name in self.names:
                match = _MASK.search(name)
                if match is None:
                    continue
                image_id = official_id(match[3])
                if (other := found[match[1].lower()].setdefault(image_id, name)) != name:
                    raise ImageNetSError(f"{self.path} has two masks of {image_id}: {other} and {name}.")
            self._masks = {split: found[folder] for split, folder in MASK_FOLDERS.items()}
        return self._masks.get(split, {})

    def members(self, split: str) -> dict[str, str]:
        """Image id -> class folder, of the images of a split as far as the files tell."""
        return {image_id: name.split("/")[-2].lower() for image_id, name in self.masks(split).items()}

    def imagenet_wnids(self, split: str) -> dict[str, str]:
        """Image id -> ImageNet's own class folder, where the files say it."""
        return {}

    def describe(self, name: str) -> str:
        """What to call a file in an error."""
        return f"{self.path}: {name}"

    def close(self) -> None:  # noqa: B027
        """Close what is open."""

    def __enter__(self: Reader) -> Reader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def is_hidden(name: str) -> bool:
    """Whether a file is hidden, temporary or macOS metadata."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")
