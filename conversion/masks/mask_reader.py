"""`MaskReader`: the files of one container by name. A subclass each in `mask_folder`, `mask_zip`, `mask_shards`."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

from ..core.cache import stat_digest

Reader = TypeVar("Reader", bound="MaskReader")


class MaskReader(abc.ABC):
    """Files in one place, by relative names with `/`. Reading is safe from several threads.

    Nothing is opened before something is asked for. A reader can be pickled, and opens its files again in the process
    that it is sent to; use it in a `with` statement, or `close()` it, where it must not stay open.

    Attributes:
        path: the folder, the zip, or what holds the shards.
        form: what `read` gives of a mask: `"official"` for an RGB PNG, `"ids"` for a 16-bit grey one.
    """

    form: ClassVar[Literal["official", "ids"]] = "official"

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    @abc.abstractmethod
    def names(self) -> list[str]:
        """The names of all files, sorted (shards have their own order), but for hidden files and those of macOS.

        Raises:
            ImageNetSError: the files can't be listed, or two have one name.
        """

    @abc.abstractmethod
    def read(self, name: str) -> bytes:
        """The content of a file; raises an ImageNetSError that names it if it can't be read."""

    @abc.abstractmethod
    def stored_in(self, names: Iterable[str]) -> Iterable[str]:
        """The files below `path` in which some files of `names` are; "" for `path` itself."""

    def identity(self, names: Iterable[str]) -> str:
        """A digest that changes when files of `names` are added, removed or changed."""
        return stat_digest(str(self.path.resolve() / file) for file in self.stored_in(names))

    def imagenet_wnids(self) -> dict[str, str]:
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
