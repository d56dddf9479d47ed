"""`SplitMasks`: the masks of one split in one place, by key. What every command reads masks from."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import ImageNetSError, is_utf8
from ..facts.spellings import official_id
from .mask_reader import MaskReader

_CLASS_FOLDER = re.compile(r"n\d{8}", re.IGNORECASE | re.ASCII)


class SplitMasks:
    """The masks of one split.

    It can be pickled: the container is opened again in the process that it is sent to.

    Args:
        reader: the container they are in.
        names: key -> name in the container. A key is `<class folder>/<image>.png`; `<image>.png` where there are no
            class folders.

    Attributes:
        path: what to call the place in a message.
        keys: of all masks; in shards in the order of their rows.
    """

    def __init__(self, reader: MaskReader, names: Mapping[str, str]) -> None:
        self.reader, self._names = reader, names
        self.path: Path = reader.path
        self.keys = list(names)

    def read(self, key: str) -> bytes:
        """The PNG of a mask; raises an ImageNetSError that names it if it can't be read."""
        return self.reader.read(self._names[key])

    def describe(self, key: str) -> str:
        """What to call a mask in an error."""
        return self.reader.describe(self._names[key])

    def identity(self) -> str:
        """A digest that changes when masks are added, removed or changed."""
        return self.reader.identity(self._names.values())

    @functools.cached_property
    def by_id(self) -> dict[str, str]:
        """Image id -> key: a mask may be called like the file of its image, in any case (`official_id`).

        Raises:
            ImageNetSError: two masks of one image.
        """
        keys: dict[str, str] = {}
        for key in self.keys:
            image_id = image_of(key)
            # No official name has bytes that are no UTF-8, and no table can hold such a name.
            if is_utf8(key) and keys.setdefault(image_id, key) != key:
                raise ImageNetSError(
                    f"{self.path} has two masks of {image_id}: {self._names[keys[image_id]]} and {self._names[key]}."
                )
        return keys

    def wnid(self, image_id: str) -> str:
        """The class folder of a mask; "" where it lies in none."""
        return class_folder(self.by_id[image_id])

    def key_of(self, key: str) -> str:
        """The key here of a mask that another place has under `key`; the same where there is none.

        It is that of the same image, in the same class folder where both places have class folders.
        """
        if key in self._names:
            return key
        here = self.by_id.get(image_of(key), key)
        return here if class_folder(key) in ("", class_folder(here)) or not class_folder(here) else key

    def __len__(self) -> int:
        return len(self.keys)


def image_of(key: str) -> str:
    """The image id in the key of a mask.

    Examples:
        >>> image_of("n01440764/ILSVRC2012_val_00000293.JPEG.png")
        'ILSVRC2012_val_00000293'
    """
    return official_id(key.rpartition("/")[2].removesuffix(".png"))


def class_folder(key: str) -> str:
    """The class folder in the key of a mask; "" where it lies in none.

    Examples:
        >>> class_folder("n01440764/ILSVRC2012_val_00000293.png"), class_folder("mine/a.png")
        ('n01440764', '')
    """
    folder = key.rpartition("/")[0].rpartition("/")[2]
    return folder.lower() if _CLASS_FOLDER.fullmatch(folder) else ""
